import t from 'tap'
import { AbortedError, connect, RefusedError, type Session, type SessionOptions } from '../src/index.ts'
import { type Fate, fakeCluster } from './fake-cluster.ts'

type Kit = ReturnType<typeof fakeCluster>

const FULL = 4_000

async function open(kit: Kit, more: Partial<SessionOptions> = {}): Promise<Session> {
  return await kit.world.until(connect({ ...kit.reach, namespace: 'test', ttlMs: 10_000, ...more }))
}

function executed(kit: Kit, op: string): number {
  let count = 0
  for (const [text, times] of kit.cluster.ledger.executed) if (text.includes(`"${op}"`)) count += times
  return count
}

async function failure(promise: Promise<unknown>): Promise<Error & { code?: string; detail?: unknown }> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('it did not fail')
}

await t.test('a license is taken, renewed and given back once', async (t) => {
  const kit = fakeCluster()
  const user = (await open(kit)).owner('u1')
  const grant = await kit.world.until(user.license(FULL, { user: 'ana', group: '01', idleMs: 60_000 }))
  t.match(grant, { owner: 'u1', product: FULL, status: 'inUse', units: 1, grant: 1, unit: 1 })
  t.notOk(grant.signal.aborted)
  await kit.world.until(grant.renew())
  t.same(await kit.world.until(Promise.all([grant.release(), grant.release()])), ['released', 'released'])
  t.equal(executed(kit, 'license.checkin'), 1)
  t.equal(kit.cluster.ledger.grants.size, 0)
  const text = [...kit.cluster.ledger.executed.keys()].find((one) => one.includes('license.checkout'))!
  t.match(JSON.parse(text), { feature: '', user: 'ana', group: '01', company: '', mode: 'use', waitMs: 0 })
})

await t.test('without a wait a refusal comes at once, and explains itself', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  await kit.world.until(session.owner('u1').license(FULL, { units: 2 }))
  const error = await failure(kit.world.until(session.owner('u2').license(FULL)))
  t.match(error, RefusedError)
  t.match(error, { code: 'exhausted', detail: { tried: [{ product: FULL }], holders: [{ owner: 'u1' }] } })
})

await t.test('a break at any point takes and gives back one unit (O4)', async (t) => {
  const fates: Fate[] = ['lose', 'loseAnswer', { refuse: 'notLeader' }, { refuse: 'uncertain' }]
  for (const op of ['license.checkout', 'license.renew', 'license.checkin', 'license.pool', 'bundle']) {
    for (const fate of fates) {
      const kit = fakeCluster()
      let count = 0
      kit.cluster.fate = (request) => (request.operation.op === op && ++count === 1 ? fate : 'pass')
      const user = (await open(kit)).owner('u')
      const work = async () => {
        const grant = await user.license(FULL)
        await grant.renew()
        await grant.release()
        const pool = await user.licensePool(FULL)
        await pool.release()
        const bundle = await user.bundle([{ op: 'license.checkout', product: FULL }])
        await bundle.release()
      }
      await kit.world.until(work())
      const name = `${op} ${typeof fate === 'object' ? fate.refuse : fate}`
      t.equal(kit.cluster.ledger.grants.size, 0, name)
      t.equal(executed(kit, 'license.checkin'), 3, name)
    }
  }
})

await t.test('a wait for a unit is aborted without a trace (O7)', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  const grant = await kit.world.until(session.owner('u1').license(FULL, { units: 2 }))
  const abort = new AbortController()
  const waiting = failure(session.owner('u2').license(FULL, { waitMs: -1, signal: abort.signal }))
  await kit.world.untilTrue(() => kit.cluster.ledger.waitingCount === 1)
  abort.abort()
  t.match(await kit.world.until(waiting), AbortedError)
  await kit.world.untilTrue(() => kit.cluster.ledger.waitingCount === 0)
  const next = session.owner('u3').license(FULL, { waitMs: 60_000 })
  await kit.world.untilTrue(() => kit.cluster.ledger.waitingCount === 1)
  await kit.world.until(grant.release())
  t.equal((await kit.world.until(next)).owner, 'u3')
  t.equal(session.outstandingCount, 0)
})

await t.test('a grant, a lease or a bundle that crosses the abort is given back (O7)', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  const user = session.owner('u')
  const takes = {
    license: (signal: AbortSignal) => user.license(FULL, { signal, waitMs: 1_000 }),
    pool: (signal: AbortSignal) => user.licensePool(FULL, 1, { signal }),
    bundle: (signal: AbortSignal) =>
      user.bundle(
        [
          { op: 'license.checkout', product: FULL },
          { op: 'lock.acquire', locks: [{ name: 'a' }] },
          { op: 'sequence.reserve', name: 's', scope: { company: '', branch: '' } },
        ],
        { signal },
      ),
  }
  for (const [name, take] of Object.entries(takes)) {
    for (const afterMs of [0, 0.1, 0.2, 0.3, 0.5, 0.8]) {
      for (const breakAt of [undefined, 0, 0.3]) {
        const abort = new AbortController()
        let held: { release(): Promise<unknown> } | undefined
        const taken = take(abort.signal).then(
          (one) => {
            held = one
          },
          () => undefined,
        )
        await kit.world.pass(afterMs)
        abort.abort()
        if (breakAt !== undefined) {
          await kit.world.pass(breakAt)
          kit.cluster.leader!.cutAll()
        }
        await kit.world.until(taken)
        if (held === undefined) {
          await kit.world.pass(50)
          const { grants, locks, reserved, waitingCount } = kit.cluster.ledger
          const left = [grants.size, locks.size, reserved.size, waitingCount, session.outstandingCount]
          t.same(left, [0, 0, 0, 0, 0], `${name} aborted after ${afterMs} ms, broken ${breakAt}`)
        } else await kit.world.until(held.release())
        kit.cluster.ledger.reserved.clear()
      }
    }
  }
})

await t.test('a lease is handed out below, and each holder has one unit', async (t) => {
  const kit = fakeCluster()
  kit.cluster.ledger.products.set(4_092, 3)
  const session = await open(kit)
  const pool = await kit.world.until(session.owner('dbaccess').licensePool(4_092, 0, { host: 'db-1' }))
  t.equal(pool.units, 3)
  t.same(await kit.world.until(pool.take('slave-1/1')), { taken: 1, units: 3 })
  t.same(await kit.world.until(pool.take('slave-1/1')), { taken: 1, units: 3 })
  await kit.world.until(pool.take('slave-1/2'))
  await kit.world.until(pool.take('slave-2/1'))
  t.match(await failure(kit.world.until(pool.take('slave-2/2'))), { code: 'exhausted' })
  t.same(await kit.world.until(pool.give('slave-1/2')), { taken: 2, units: 3 })
  await kit.world.until(pool.release())
  await kit.world.until(pool.release())
  t.equal(kit.cluster.ledger.grants.size, 0)
})

await t.test('a bundle gives what each part alone would give', async (t) => {
  const kit = fakeCluster()
  const user = (await open(kit)).owner('u')
  const bundle = await kit.world.until(
    user.bundle([
      { op: 'license.checkout', product: FULL, user: 'ana' },
      { op: 'lock.acquire', locks: [{ name: 'SF2' }, { name: 'SA1', mode: 'shared' }] },
      { op: 'sequence.reserve', name: 'nf', scope: { company: '01', branch: '0101' } },
      { op: 'sequence.next', name: 'ticket', scope: { company: '', branch: '' } },
    ]),
  )
  const [license, lock, number, ticket] = bundle.held
  t.equal(license.product, FULL)
  t.same(lock.names, ['SF2', 'SA1'])
  t.equal(number.text, 'P000001')
  t.equal(ticket.first, '000001')
  t.equal(bundle.token, lock.token)
  await kit.world.until(bundle.release())
  t.equal(kit.cluster.ledger.grants.size, 0)
  t.equal(kit.cluster.ledger.locks.size, 0)
  t.equal(kit.cluster.ledger.reserved.size, 1, 'the number is still to be confirmed')
  await kit.world.until(number.confirm())
  t.equal(kit.cluster.ledger.reserved.size, 0)
})

await t.test('a bundle that is refused says which part, and holds nothing', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  await kit.world.until(session.owner('u1').license(FULL, { units: 2 }))
  const refused = session.owner('u2').bundle([
    { op: 'license.checkout', product: FULL },
    { op: 'lock.acquire', locks: [{ name: 'a' }] },
  ])
  t.match(await failure(kit.world.until(refused)), { code: 'exhausted', detail: { part: 0 } })
  t.equal(kit.cluster.ledger.locks.size, 0)
  const odd = session.owner('u2').bundle([{ op: 'license.renew' } as never])
  t.match(await failure(odd), { code: 'invalid' }, 'what is no part is refused before it is sent')
})

await t.test('a license around work is released however the work ends', async (t) => {
  const kit = fakeCluster()
  const user = (await open(kit)).owner('u')
  t.equal(await kit.world.until(user.withLicense(FULL, (grant) => grant.product)), FULL)
  const failed = user.withLicense(FULL, () => {
    throw new RangeError('no')
  })
  t.match(await failure(kit.world.until(failed)), RangeError)
  t.equal(kit.cluster.ledger.grants.size, 0)
  await kit.world.until(user.license(FULL))
  t.equal(await kit.world.until(user.release()), 1, 'and all of it with the owner')
})

await t.test('a license that is given back without waiting arrives once, over any break (O4)', async (t) => {
  const fates: Fate[] = ['pass', 'lose', 'loseAnswer', { refuse: 'notLeader' }, { refuse: 'uncertain' }]
  for (const fate of fates) {
    const kit = fakeCluster()
    let count = 0
    kit.cluster.fate = ({ operation }) =>
      operation.op === 'license.checkin' && ++count === 1 ? fate : 'pass'
    const session = await open(kit)
    session.on('unreturned', () => t.fail('it was given back'))
    const grant = await kit.world.until(session.owner('u').license(FULL))
    grant.releaseSoon()
    grant.releaseSoon()
    t.equal(kit.cluster.ledger.grants.size, 1, 'the caller goes on before it has arrived')
    t.equal(await kit.world.until(grant.release()), 'released', 'and may still wait for it')
    const name = typeof fate === 'object' ? fate.refuse : fate
    t.equal(kit.cluster.ledger.grants.size, 0, name)
    t.equal(executed(kit, 'license.checkin'), 1, name)
    t.equal(session.outstandingCount, 0)
  }
})

await t.test('the leader dies with licenses on their way back: the next one has them all', async (t) => {
  const kit = fakeCluster()
  kit.cluster.ledger.products.set(FULL, 50)
  const user = (await open(kit)).owner('u')
  const grants = await kit.world.until(Promise.all(Array.from({ length: 50 }, () => user.license(FULL))))
  for (const grant of grants) grant.releaseSoon()
  await kit.world.pass(0.3)
  kit.cluster.kill()
  await kit.world.untilTrue(() => kit.cluster.ledger.grants.size === 0)
  t.equal(executed(kit, 'license.checkin'), 50)
})

await t.test('so many licenses go back at a time, beside the bound of requests', async (t) => {
  const kit = fakeCluster()
  kit.cluster.ledger.products.set(FULL, 10)
  const session = await open(kit, { limits: { outstandingMax: 10, givingBackMax: 3 } })
  await kit.world.pass(10)
  const user = session.owner('u')
  const grants = await kit.world.until(Promise.all(Array.from({ length: 10 }, () => user.license(FULL))))
  for (const grant of grants) grant.releaseSoon()
  t.equal(session.outstandingCount, 3)
  const others = Array.from({ length: 7 }, () => user.sequence('s').next())
  t.equal(session.outstandingCount, 10, 'the table is full')
  await kit.world.until(Promise.all(others))
  await kit.world.untilTrue(() => kit.cluster.ledger.grants.size === 0)
  t.equal(executed(kit, 'license.checkin'), 10)
  grants[0]!.releaseSoon()
  await kit.world.pass(10)
  t.equal(session.outstandingCount, 0)

  const again = await kit.world.until(Promise.all(Array.from({ length: 10 }, () => user.license(FULL))))
  for (const grant of again) grant.releaseSoon()
  t.equal(session.outstandingCount, 3, 'no more the next time')
  await kit.world.untilTrue(() => kit.cluster.ledger.grants.size === 0)
})

await t.test('a license that cannot be given back holds up no other', async (t) => {
  const kit = fakeCluster()
  kit.cluster.ledger.products.set(FULL, 10)
  const session = await open(kit, { limits: { givingBackMax: 2 } })
  const told: number[] = []
  session.on('unreturned', (_error, { grant }) => told.push(grant))
  const user = session.owner('u')
  const grants = await kit.world.until(Promise.all(Array.from({ length: 10 }, () => user.license(FULL))))
  const ended = grants.slice(0, 4).map(({ grant }) => grant)
  for (const grant of ended) kit.cluster.ledger.grants.delete(grant)
  for (const grant of grants) grant.releaseSoon()
  await kit.world.pass(100)
  t.same(told, ended)
  t.equal(kit.cluster.ledger.grants.size, 0)
  t.equal(session.outstandingCount, 0)
})

await t.test(
  'a license that somebody else ended is told when it is given back without waiting',
  async (t) => {
    const kit = fakeCluster()
    const session = await open(kit)
    const told: unknown[] = []
    session.on('unreturned', (error, license) => told.push([error.code, license]))
    const grant = await kit.world.until(session.owner('u').license(FULL))
    kit.cluster.ledger.grants.delete(grant.grant)
    grant.releaseSoon()
    await kit.world.untilTrue(() => told.length > 0)
    t.same(told, [['unknownGrant', { owner: 'u', grant: grant.grant }]])
  },
)

await t.test('the end of the session gives back what was still on its way', async (t) => {
  const kit = fakeCluster()
  kit.cluster.ledger.products.set(FULL, 5)
  const session = await open(kit, { limits: { givingBackMax: 1 } })
  session.on('unreturned', () => t.fail('the end of the session gives back'))
  const user = session.owner('u')
  const grants = await kit.world.until(Promise.all(Array.from({ length: 5 }, () => user.license(FULL))))
  for (const grant of grants) grant.releaseSoon()
  await kit.world.until(session.close())
  t.equal(kit.cluster.ledger.grants.size, 0)
  await kit.world.pass(100)
})

await t.test('work beside the check-out begins at once, and its answer waits for the license', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  await kit.world.pass(10)
  const startMs = kit.world.now()
  let begunMs = -1
  const quick = session.owner('r1').besideLicense(FULL, () => {
    begunMs = kit.world.now()
    return kit.cluster.ledger.grants.size
  })
  t.equal(begunMs, startMs)
  t.equal(await kit.world.until(quick), 0, 'nothing was granted when it ended')
  t.ok(kit.world.now() > startMs, 'its result came with the license')
  t.equal(kit.cluster.ledger.grants.size, 1, 'which goes back behind it')
  await kit.world.untilTrue(() => kit.cluster.ledger.grants.size === 0)

  const withGrant = session.owner('r2').besideLicense(FULL, async (licensed) => (await licensed).product)
  t.equal(await kit.world.until(withGrant), FULL)
  await kit.world.untilTrue(() => kit.cluster.ledger.grants.size === 0)
  t.equal(executed(kit, 'license.checkout'), 2)
  t.equal(executed(kit, 'license.checkin'), 2)
})

await t.test('a refused license refuses the work beside it, whether it asks or not', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  await kit.world.until(session.owner('u1').license(FULL, { units: 2 }))
  let committed = 0
  const asks = session.owner('r1').besideLicense(FULL, async (licensed) => {
    await licensed
    committed++
  })
  t.match(await failure(kit.world.until(asks)), { code: 'exhausted' })
  const asksNot = session.owner('r2').besideLicense(FULL, () => 'an answer')
  t.match(await failure(kit.world.until(asksNot)), { code: 'exhausted' })
  const elsewhere = session.owner('r3').besideLicense(FULL, async () => {
    await new Promise<void>((resolve) => kit.world.setTimer(resolve, 50))
    return 'an answer'
  })
  t.match(await failure(kit.world.until(elsewhere)), { code: 'exhausted' })
  t.equal(committed, 0)
  t.equal(kit.cluster.ledger.grants.size, 1)
})

await t.test('work that fails beside the check-out takes the license back, at whatever moment', async (t) => {
  for (const afterMs of [0, 0.1, 0.3, 0.8, 5]) {
    for (const breakAt of [undefined, 0, 0.3]) {
      const kit = fakeCluster()
      const session = await open(kit)
      session.on('unreturned', () => t.fail('it was given back'))
      await kit.world.pass(10)
      const failed = failure(
        session.owner('r').besideLicense(FULL, async () => {
          await new Promise<void>((resolve) => kit.world.setTimer(resolve, afterMs))
          throw new RangeError('no')
        }),
      )
      await kit.world.pass(afterMs)
      if (breakAt !== undefined) {
        await kit.world.pass(breakAt)
        kit.cluster.leader!.cutAll()
      }
      t.match(await kit.world.until(failed), RangeError)
      await kit.world.pass(100)
      const left = [kit.cluster.ledger.grants.size, session.outstandingCount]
      t.same(left, [0, 0], `failed after ${afterMs} ms, broken ${breakAt}`)
    }
  }
})

await t.test('work that fails leaves the queue for the license beside it', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  const grant = await kit.world.until(session.owner('u1').license(FULL, { units: 2 }))
  const failed = session.owner('u2').besideLicense(
    FULL,
    async () => {
      await kit.world.untilTrue(() => kit.cluster.ledger.waitingCount === 1)
      throw new RangeError('no')
    },
    { waitMs: -1, signal: new AbortController().signal },
  )
  t.match(await failure(failed), RangeError)
  await kit.world.untilTrue(() => kit.cluster.ledger.waitingCount === 0)
  await kit.world.until(grant.release())
  await kit.world.pass(100)
  t.equal(kit.cluster.ledger.grants.size, 0)
})

await t.test('an answer is not given if the session was lost while the work went on', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  const lost = session.owner('r').besideLicense(FULL, async (licensed) => {
    const grant = await licensed
    kit.cluster.ledger.expire(session.id)
    kit.cluster.leader!.cutAll()
    await new Promise<void>((resolve) => grant.signal.addEventListener('abort', () => resolve()))
    return 'an answer'
  })
  t.match(await failure(kit.world.until(lost)), { code: 'sessionLost' })
})

await t.test(
  'a unit is borrowed with its token, outlives session and owner, and is returned once',
  async (t) => {
    const kit = fakeCluster()
    const { ledger } = kit.cluster
    const until = new Date('2026-12-24T20:00:00Z')
    const session = await open(kit)
    const unit = await kit.world.until(session.owner('u1').borrow(FULL, { user: 'ana', until }))
    t.match(unit, { borrow: 'B1', product: FULL, user: 'ana', token: 'token of B1' })
    const asked = [...ledger.executed.keys()].find((one) => one.includes('license.borrow'))!
    t.match(JSON.parse(asked), { owner: 'u1', product: FULL, user: 'ana', untilWallMs: until.getTime() })
    await kit.world.until(session.owner('u1').release())
    t.equal(ledger.borrows.size, 1)
    await kit.world.until(unit.return())
    t.equal(ledger.borrows.size, 0)
    t.match(await failure(kit.world.until(unit.return())), {
      code: 'unknownBorrow',
      detail: { borrow: 'B1' },
    })
    await kit.world.until(session.owner('u2').license(FULL, { units: 2 }))
    const full = failure(kit.world.until(session.owner('u1').borrow(FULL, { user: 'ana', until: 1 })))
    t.match(await full, { code: 'exhausted' })
  },
)

await t.test('a unit whose token cannot be had goes back', async (t) => {
  const kit = fakeCluster()
  kit.cluster.fate = ({ operation }) =>
    operation.op === 'license.borrowToken' ? { refuse: 'noBorrowKey' } : 'pass'
  const session = await open(kit)
  const refused = session.owner('u1').borrow(FULL, { user: 'ana', until: Date.now() })
  t.match(await failure(kit.world.until(refused)), { code: 'noBorrowKey' })
  t.equal(executed(kit, 'license.borrow'), 1)
  t.equal(kit.cluster.ledger.borrows.size, 0)
  t.equal(session.outstandingCount, 0)
})

await t.test('a break at any point borrows and returns one unit (O4)', async (t) => {
  const fates: Fate[] = ['lose', 'loseAnswer', { refuse: 'notLeader' }, { refuse: 'uncertain' }]
  for (const op of ['license.borrow', 'license.borrowToken', 'license.returnBorrowed']) {
    for (const fate of fates) {
      const kit = fakeCluster()
      let count = 0
      kit.cluster.fate = (request) => (request.operation.op === op && ++count === 1 ? fate : 'pass')
      const user = (await open(kit)).owner('u')
      const work = async (): Promise<string> => {
        const unit = await user.borrow(FULL, { user: 'ana', until: Date.now() })
        await unit.return()
        return unit.token
      }
      const name = `${op} ${typeof fate === 'object' ? fate.refuse : fate}`
      t.equal(await kit.world.until(work()), 'token of B1', name)
      t.equal(executed(kit, 'license.borrow'), 1, name)
      t.equal(executed(kit, 'license.returnBorrowed'), 1, name)
      t.equal(kit.cluster.ledger.borrows.size, 0, name)
    }
  }
})

await t.test('a borrowing that is aborted while it is on its way leaves no unit behind (O7)', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  const abort = new AbortController()
  kit.cluster.fate = ({ operation }) => (operation.op === 'license.borrowToken' ? 'swallow' : 'pass')
  const options = { user: 'ana', until: Date.now(), signal: abort.signal }
  const waiting = failure(session.owner('u1').borrow(FULL, options))
  await kit.world.untilTrue(() => kit.cluster.ledger.borrows.size === 1)
  abort.abort()
  t.match(await kit.world.until(waiting), AbortedError)
  await kit.world.untilTrue(() => kit.cluster.ledger.borrows.size === 0)
})
