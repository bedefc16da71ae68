import type { DecodedRequest } from '@tranca/protocol'
import t from 'tap'
import {
  AbortedError,
  ClosedError,
  connect,
  DeadlineError,
  InvalidRequestError,
  openSession,
  QueueFullError,
  RefusedError,
  type Session,
  SessionLostError,
  type SessionOptions,
} from '../src/index.ts'
import { type Fate, fakeCluster } from './fake-cluster.ts'

type Kit = ReturnType<typeof fakeCluster>

async function open(kit: Kit, more: Partial<SessionOptions> = {}): Promise<Session> {
  return await kit.world.until(connect({ ...kit.reach, namespace: 'test', ttlMs: 10_000, ...more }))
}

/** Lets one request meet its fate, the `at`-th of this operation; all others pass. */
function once(kit: Kit, op: string, fate: Fate, at = 1): void {
  let count = 0
  kit.cluster.fate = (request: DecodedRequest) =>
    request.operation.op === op && ++count === at ? fate : 'pass'
}

function executed(kit: Kit, part: string): number {
  let count = 0
  for (const [text, times] of kit.cluster.ledger.executed) if (text.includes(part)) count += times
  return count
}

/** The promise's error; an assertion if there is none. */
async function failure(promise: Promise<unknown>): Promise<Error & { code?: string; detail?: unknown }> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('it did not fail')
}

await t.test('parallel first calls open one session (O9)', async (t) => {
  const kit = fakeCluster()
  const session = openSession({ ...kit.reach, namespace: 'test' })
  const numbers = await kit.world.until(
    Promise.all(Array.from({ length: 50 }, (_, i) => session.owner(`u${i}`).sequence('s').next())),
  )
  t.equal(kit.cluster.ledger.opened.length, 1)
  t.equal(new Set(numbers.map((number) => number.value)).size, 50)
  t.equal(numbers[0]!.text, 'P000001')
  t.equal(session.id, 1)
})

await t.test('a break at any point: each request is executed once and answered (O4)', async (t) => {
  const fates: Fate[] = [
    'lose',
    'loseAnswer',
    { refuse: 'notLeader' },
    { refuse: 'noLeader' },
    { refuse: 'uncertain' },
    { refuse: 'draining' },
  ]
  const ops = [
    'hello',
    'session.open',
    'sequence.next',
    'sequence.reserve',
    'lock.acquire',
    'lock.release',
    'sequence.confirm',
  ]
  for (const op of ops) {
    for (const fate of fates) {
      if (op === 'hello' && typeof fate === 'object') continue
      const name = `${op} ${typeof fate === 'object' ? fate.refuse : fate}`
      const kit = fakeCluster()
      once(kit, op, fate)
      const session = await open(kit)
      const user = session.owner('u1')
      const work = async () => {
        const first = await user.sequence('first').next()
        const lock = await user.lock('a')
        const reservation = await user.sequence('second').reserve()
        await reservation.confirm()
        await lock.release()
        return [first.value, reservation.value]
      }
      t.same(await kit.world.until(work()), ['000001', '000001'], name)
      t.equal(kit.cluster.ledger.opened.length, 1, `${name}: one session`)
      for (const times of kit.cluster.ledger.executed.values()) t.equal(times, 1, name)
      t.equal(kit.cluster.ledger.locks.size, 0, `${name}: nothing is left`)
    }
  }
})

await t.test('a break during resume, before and after it was executed', async (t) => {
  for (const fate of ['lose', 'loseAnswer'] as const) {
    const kit = fakeCluster()
    const session = await open(kit)
    const user = session.owner('u1')
    await kit.world.until(user.lock('a'))
    let resumes = 0
    kit.cluster.fate = ({ operation }) =>
      operation.op === 'session.resume' && ++resumes <= 3 ? fate : 'pass'
    const waiting = user.sequence('s').next()
    kit.cluster.leader!.cutAll()
    t.equal((await kit.world.until(waiting)).value, '000001')
    t.equal(executed(kit, 'sequence.next'), 1)
    t.ok(session.generation >= 2)
    t.equal(kit.cluster.ledger.locks.size, 1, 'the lock was kept')
  }
})

await t.test('the leader dies with requests in flight: all are done once, by the next one', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  const events: string[] = []
  session.on('uncertain', () => events.push('uncertain'))
  session.on('resumed', () => events.push('resumed'))
  session.on('leader', (leader) => events.push(`leader ${leader.node}`))
  const work = Array.from({ length: 20 }, (_, i) => session.owner('u').sequence(`s${i}`).next())
  await kit.world.pass(0.35)
  const killedMs = kit.world.now()
  kit.cluster.kill(5)
  const numbers = await kit.world.until(Promise.all(work))
  t.ok(kit.world.now() - killedMs < 12, `answered ${kit.world.now() - killedMs} ms after the kill`)
  t.ok(numbers.every((number) => number.value === '000001'))
  t.same(events, ['uncertain', 'leader 2', 'resumed'])
  t.equal(kit.cluster.ledger.opened.length, 1)
})

await t.test('requests made while nobody leads wait, and are done in order', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  kit.cluster.kill(200)
  await kit.world.pass(10)
  t.equal(session.status, 'uncertain')
  const sequence = session.owner('u').sequence('s')
  const numbers = await kit.world.until(Promise.all([sequence.next(), sequence.next(), sequence.next()]))
  t.same(
    numbers.map((number) => number.value),
    ['000001', '000002', '000003'],
  )
  t.equal(session.status, 'live')
})

await t.test('a frozen leader keeps no calls', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  await kit.world.until(session.owner('u').sequence('s').next())
  const frozen = kit.cluster.freeze(100)
  const startMs = kit.world.now()
  const number = await kit.world.until(session.owner('u').sequence('s').next())
  t.equal(number.value, '000002')
  t.ok(kit.world.now() - startMs < 330, `answered after ${kit.world.now() - startMs} ms`)
  frozen.thaw()
  await kit.world.pass(1_000)
  t.equal((await kit.world.until(session.owner('u').sequence('s').next())).value, '000003')
  t.equal(session.status, 'live')
})

await t.test('a leader that is only slow is not left', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  const leader = kit.cluster.leader!
  const number = session.owner('u').sequence('s').next()
  leader.isFrozen = true
  await kit.world.pass(450)
  leader.thaw()
  t.equal((await kit.world.until(number)).value, '000001')
  await kit.world.pass(5_000)
  t.equal(session.generation, 1, 'still the first connection')
  t.equal(leader.connections.size, 1)
  t.equal(kit.cluster.nodes[1]!.connections.size, 0, 'the scouts have gone')
})

await t.test('one address is enough: the others are learnt', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit, { addresses: kit.cluster.nodes[1]!.address })
  await kit.world.until(session.owner('u').lock('a'))
  t.equal(session.leader?.node, 1, 'the follower named the leader')
  const seed = kit.cluster.nodes[1]!
  seed.isUp = false
  seed.cutAll()
  kit.cluster.kill(5)
  await kit.world.until(session.owner('u').lock('b'))
  t.equal(session.leader?.node, 3)
})

await t.test('all members are replaced while one leader serves: it is not missed when it goes', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  // Two that nobody knew when the session was opened; their addresses come with the news.
  for (const [at, address] of [
    [1, 'n4:5555'],
    [2, 'n5:5555'],
  ] as const) {
    const node = kit.cluster.nodes[at]!
    node.cutAll()
    node.address = address
    kit.network.listen(address, node)
    kit.network.listen(`n${node.id}:5555`, { accept: () => false })
  }
  kit.cluster.tellMembers()
  await kit.world.pass(60_000)
  kit.cluster.kill(5)
  await kit.world.until(session.owner('u').lock('a'))
  t.equal(session.leader?.address, 'n4:5555')
  await kit.world.until(session.close())
})

await t.test('of more addresses than are kept, those that were named last are dialed', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit, { addresses: 'n1:5555', limits: { addressesMax: 5 } })
  const node = kit.cluster.nodes[1]!
  for (let year = 1; year <= 20; year++) {
    kit.cluster.nodes[1]!.address = `y${year}:5555`
    kit.cluster.tellMembers()
    await kit.world.pass(10)
  }
  kit.network.listen(node.address, node)
  kit.network.listen('n2:5555', { accept: () => false })
  kit.cluster.kill(5)
  await kit.world.until(session.owner('u').lock('a'))
  t.equal(session.leader?.address, 'y20:5555')
  const names = new Set(kit.network.dialed.map(({ address }) => address))
  t.ok(names.has('n1:5555'), 'the one that was given is never forgotten')
  t.notOk(names.has('y3:5555'), 'what was named long ago is')
  await kit.world.until(session.close())
})

await t.test('a virtual address that moves is enough', async (t) => {
  const kit = fakeCluster()
  kit.network.listen('vip', { accept: (wire) => kit.cluster.leader?.accept(wire) ?? false })
  const session = await open(kit, { addresses: 'vip' })
  kit.cluster.freeze(100)
  await kit.world.until(session.owner('u').lock('a'))
  t.equal(session.leader?.node, 2)
})

await t.test('an address that swallows everything does not hold up the others', async (t) => {
  const kit = fakeCluster()
  kit.network.blackholes.add('n9')
  const startMs = kit.world.now()
  const session = await open(kit, { addresses: ['n9', 'n8', ...kit.cluster.addresses] })
  t.ok(kit.world.now() - startMs < 10)
  t.equal(session.status, 'live')
})

await t.test('a request that was overtaken and never done gets a new number', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  const user = session.owner('u')
  // The first is refused while the second, behind it on the same connection, is executed.
  once(kit, 'sequence.next', { refuse: 'notLeader' })
  const both = Promise.all([user.sequence('s1').next(), user.sequence('s2').next()])
  const numbers = await kit.world.until(both)
  t.same(
    numbers.map((number) => number.value),
    ['000001', '000001'],
  )
  t.equal(executed(kit, 's1'), 1)
  t.equal(executed(kit, 's2'), 1)
})

await t.test('a reconnect resumes the session within its time to live (O5)', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  const lock = await kit.world.until(session.owner('u').lock('a'))
  for (let i = 0; i < 5; i++) {
    kit.cluster.leader!.cutAll()
    await kit.world.pass(1_000)
  }
  t.equal(session.id, 1)
  t.equal(session.generation, 6)
  t.equal(kit.cluster.ledger.opened.length, 1)
  t.equal(kit.cluster.ledger.locks.get('a')?.token, lock.token)
  await kit.world.until(lock.release())
})

await t.test('an idle session stays alive by asking for itself', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit, { ttlMs: 2_000 })
  await kit.world.pass(60_000)
  t.equal(session.status, 'live')
  const asked = kit.cluster.seen.filter(({ op }) => op === 'session.get').length
  t.ok(asked > 80 && asked < 130, `asked ${asked} times`)
  t.equal(kit.cluster.pings, 0)
  t.equal(kit.cluster.ledger.sessions.size, 1)
})

await t.test('the client warns, and gives up before the cluster frees what it held (O6)', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit, { ttlMs: 10_000 })
  const events: [string, number][] = []
  const beganMs = kit.world.now()
  const note = (name: string) => events.push([name, kit.world.now() - beganMs])
  session.on('uncertain', () => note('uncertain'))
  session.on('atRisk', () => note('atRisk'))
  session.on('lost', () => note('lost'))
  const lock = await kit.world.until(session.owner('u').lock('a'))
  const waiting = failure(session.owner('u2').lock('a'))
  await kit.world.pass(10)
  t.notOk(lock.signal.aborted)
  // Nobody can be reached, but the leader lives on and will expire the session by itself.
  for (const node of kit.cluster.nodes) {
    node.isUp = false
    node.cutAll()
  }
  let freedMs = 0
  await kit.world.untilTrue(() => {
    if (!kit.cluster.ledger.locks.has('a') && freedMs === 0) freedMs = kit.world.now() - beganMs
    return freedMs > 0
  })
  t.same(
    events.map(([name]) => name),
    ['uncertain', 'atRisk', 'lost'],
  )
  const lostMs = events[2]![1]
  t.ok(lostMs < freedMs - 500, `lost at ${lostMs} ms, freed at ${freedMs} ms`)
  t.ok(lostMs - events[1]![1] > 2_500, 'the warning came in time')
  t.ok(lock.signal.aborted)
  t.equal((await waiting).code, 'sessionLost')
  t.match(await failure(lock.release()), SessionLostError)
  t.match(await failure(session.owner('u').lock('b')), {
    code: 'sessionLost',
    detail: { reason: 'deadline' },
  })
  t.equal(session.remainingMs, 0)
})

/** A cluster that fell silent for so long that the client gave up its session, which holds a lock. */
async function givenUp(): Promise<Kit> {
  const kit = fakeCluster()
  const session = await open(kit, { ttlMs: 10_000, marginMs: 4_000 })
  await kit.world.until(session.owner('u').lock('a'))
  kit.cluster.freeze(100_000)
  await kit.world.pass(9_000)
  t.equal(session.status, 'ended')
  return kit
}

await t.test(
  'a session that the client gave up is never used again, and closed if that can be',
  async (t) => {
    const kit = await givenUp()
    const node = kit.cluster.nodes[1]!
    kit.cluster.lead(node)
    await kit.world.pass(1_000)
    t.equal(executed(kit, 'lock.acquire'), 1)
    t.equal(kit.cluster.ledger.sessions.size, 0, 'it was closed at the new leader')
    t.equal(kit.cluster.ledger.locks.size, 0)
  },
)

await t.test('a farewell goes on over a change of leader, or a break at any point', async (t) => {
  const fates: Fate[] = ['lose', 'loseAnswer']
  for (const refuse of ['notLeader', 'noLeader', 'uncertain', 'draining', 'busy'] as const)
    fates.push({ refuse })
  for (const op of ['session.resume', 'session.close']) {
    for (const fate of fates) {
      const kit = await givenUp()
      once(kit, op, fate)
      kit.cluster.lead(kit.cluster.nodes[1])
      await kit.world.pass(3_000)
      const name = `${op}: ${typeof fate === 'object' ? fate.refuse : fate}`
      t.same([kit.cluster.ledger.sessions.size, kit.cluster.ledger.locks.size], [0, 0], name)
    }
  }
})

await t.test('no farewell goes on for longer than the session can live', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit, { ttlMs: 2_000 })
  for (const node of kit.cluster.nodes) {
    node.isUp = false
    node.cutAll()
  }
  await kit.world.pass(10_000)
  t.equal(session.status, 'ended')
  const dials = kit.network.dialed.length
  await kit.world.pass(10_000)
  t.equal(kit.network.dialed.length, dials)
})

await t.test('a session that the cluster no longer knows is lost at once', async (t) => {
  for (const how of ['at resume', 'by event'] as const) {
    const kit = fakeCluster()
    const session = await open(kit)
    const lost = new Promise<Error>((resolve) => session.once('lost', resolve))
    const waiting = failure(
      session
        .owner('u')
        .lock('a')
        .then(() => session.owner('v').lock('a')),
    )
    await kit.world.pass(5)
    if (how === 'at resume') {
      kit.cluster.ledger.expire(session.id)
      kit.cluster.leader!.cutAll()
    } else {
      const leader = kit.cluster.leader!
      for (const one of leader.connections) {
        leader.push(one, { event: 'sessionLost', session: session.id, reason: 'expired' })
      }
    }
    t.match(await kit.world.until(lost), { code: 'sessionLost', detail: { reason: 'expired' } }, how)
    t.match((await kit.world.until(waiting)).code, /sessionLost|canceled/, how)
    t.equal(session.status, 'ended')
  }
})

await t.test('a word that the session was resumed elsewhere brings it back here', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  const leader = kit.cluster.leader!
  for (const one of leader.connections) {
    leader.push(one, { event: 'sessionLost', session: session.id, reason: 'resumed' })
  }
  await kit.world.pass(50)
  t.equal(session.status, 'live')
  t.equal(session.generation, 2)
})

await t.test('a connection that was replaced is left; the session takes itself back', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  kit.cluster.ledger.sessions.get(session.id)!.generation++
  const number = await kit.world.until(session.owner('u').sequence('s').next())
  t.equal(number.value, '000001')
  t.equal(session.generation, 3)
  // A second user of the same session that never stops ends in an error, not in a fight for ever.
  kit.cluster.fate = ({ operation }) =>
    operation.op === 'sequence.next' ? { refuse: 'staleGeneration' } : 'pass'
  t.match(await failure(kit.world.until(session.owner('u').sequence('s').next())), {
    code: 'sessionLost',
    detail: { reason: 'takenOver' },
  })
})

await t.test('the time to live counts from when a request was sent, not from its answer (O6)', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit, { limits: { dialTimeoutMs: 5_000 } })
  kit.network.delayMs = 1_000
  await kit.world.until(session.owner('u').sequence('s').next())
  t.ok(session.remainingMs <= 10_000 - 1_000 - 2_000, `${session.remainingMs} ms are left`)
  t.ok(session.remainingMs > 6_900)
})

await t.test('a leader that others name but that says nothing itself is asked again', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  kit.cluster.leaderIsShy = true
  kit.cluster.kill(50)
  const startMs = kit.world.now()
  await kit.world.until(session.owner('u').lock('a'))
  t.ok(kit.world.now() - startMs < 90, `${kit.world.now() - startMs} ms`)
})

await t.test('nodes that claim to lead and refuse to are not asked in a tight loop', async (t) => {
  const kit = fakeCluster()
  const other = (id: number) => ({
    leader: { node: id === 1 ? 2 : 1, address: id === 1 ? 'n2:5555' : 'n1:5555' },
  })
  kit.cluster.fate = ({ operation }, node) => {
    if (operation.op === 'hello') kit.cluster.leader = node
    return operation.op === 'session.open' ? { refuse: 'notLeader', detail: other(node.id) } : 'pass'
  }
  const session = openSession({ ...kit.reach, namespace: 'test' })
  const opened = failure(session.opened({ deadlineMs: 10_000 }))
  t.match(await kit.world.until(opened), DeadlineError)
  t.ok(kit.network.dialed.length < 3 * 250, `${kit.network.dialed.length} dials in 10 s`)
  await session.close()
})

await t.test('a node of another cluster is left alone', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  kit.cluster.nodes[1]!.clusterId = 'another'
  kit.cluster.kill(5)
  await kit.world.pass(2_000)
  t.equal(session.status, 'uncertain')
  kit.cluster.lead(kit.cluster.nodes[2])
  await kit.world.until(session.owner('u').lock('a'))
  t.equal(session.leader?.node, 3)
})

await t.test('a long stop of the process is noticed before anything else is done', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit, { ttlMs: 5_000 })
  await kit.world.until(session.owner('u').lock('a'))
  kit.world.stall(5_000)
  t.equal(session.remainingMs, 0)
  t.match(await failure(session.owner('u').lock('b')), { code: 'sessionLost' })
})

await t.test('an aborted wait leaves nothing in the queue (O7)', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  const held = await kit.world.until(session.owner('u1').lock('a'))
  const abort = new AbortController()
  const waiting = failure(session.owner('u2').lock('a', { signal: abort.signal }))
  await kit.world.untilTrue(() => kit.cluster.ledger.waitingCount === 1)
  const reason = new Error('the user pressed escape')
  abort.abort(reason)
  const error = await kit.world.until(waiting)
  t.match(error, AbortedError)
  t.equal(error.cause, reason)
  await kit.world.untilTrue(() => kit.cluster.ledger.waitingCount === 0)
  await kit.world.until(held.release())
  await kit.world.pass(10)
  t.equal(kit.cluster.ledger.locks.size, 0)
  t.equal(session.outstandingCount, 0)
})

await t.test('a grant that crosses the abort is given back (O7)', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  for (const afterMs of [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1]) {
    for (const breakAt of [undefined, 0, 0.3, 0.6]) {
      const abort = new AbortController()
      const waiting = session
        .owner('u')
        .lock(['a', 'b'], { signal: abort.signal })
        .then(
          (lock) => lock.release(),
          () => undefined,
        )
      await kit.world.pass(afterMs)
      abort.abort()
      if (breakAt !== undefined) {
        await kit.world.pass(breakAt)
        kit.cluster.leader!.cutAll()
      }
      await kit.world.until(waiting)
      await kit.world.pass(50)
      t.equal(kit.cluster.ledger.locks.size, 0, `aborted after ${afterMs} ms, broken ${breakAt}`)
      t.equal(kit.cluster.ledger.waitingCount, 0)
      t.equal(session.outstandingCount, 0)
    }
  }
})

await t.test('an aborted reservation of a number goes back', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  const abort = new AbortController()
  const waiting = failure(session.owner('u').sequence('s').reserve({ signal: abort.signal }))
  await kit.world.pass(0.1)
  abort.abort()
  t.match(await waiting, AbortedError)
  await kit.world.pass(10)
  t.equal(kit.cluster.ledger.reserved.size, 0)
  const again = await kit.world.until(session.owner('u').sequence('s').reserve())
  t.ok(again.reissued)
  t.equal(again.value, '000001')
})

await t.test('what was never sent leaves no trace when it is aborted', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  kit.cluster.kill(100)
  await kit.world.pass(5)
  const abort = new AbortController()
  const waiting = failure(session.owner('u').lock('a', { signal: abort.signal }))
  const late = failure(session.owner('u').lock('b', { deadlineMs: 20 }))
  abort.abort()
  t.match(await waiting, AbortedError)
  const error = await kit.world.until(late)
  t.match(error, DeadlineError)
  t.match(error.message, /n1:5555: connection refused/, 'the error says what the addresses said')
  await kit.world.pass(500)
  t.equal(executed(kit, 'lock.acquire'), 0)
  t.match(await failure(session.owner('u').lock('c', { signal: abort.signal })), AbortedError)
})

await t.test('a second release waits for the first and releases nothing more (O8)', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  const lock = await kit.world.until(session.owner('u').lock('a'))
  once(kit, 'lock.release', 'loseAnswer')
  await kit.world.until(Promise.all([lock.release(), lock.release()]))
  await kit.world.until(lock.release())
  t.equal(executed(kit, 'lock.release'), 1)
  const abort = new AbortController()
  abort.abort()
  t.match(await failure(lock.release({ signal: abort.signal })), AbortedError, 'only the waiting is aborted')
  const other = await kit.world.until(session.owner('u').lock('a'))
  await kit.world.until(lock.release())
  t.equal(kit.cluster.ledger.locks.get('a')?.token, other.token, 'the later lock stands')
})

await t.test('refusals carry their cause and who holds the name', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  await kit.world.until(session.owner('u1').lock('a'))
  const error = await failure(kit.world.until(session.owner('u2').lock('a', { waitMs: 0 })))
  t.match(error, RefusedError)
  t.match(error, { code: 'held', detail: { name: 'a', holders: [{ owner: 'u1' }] } })
  t.equal(await kit.world.until(session.owner('u2').tryLock('a')), undefined)
  t.ok(await kit.world.until(session.owner('u2').tryLock('b')))
  t.equal(await kit.world.until(session.owner('u1').reserveCode('c1')), true)
  t.equal(await kit.world.until(session.owner('u2').reserveCode('c1')), false)
  t.equal(await kit.world.until(session.owner('u2').releaseCode('c1')), false)
  t.equal(await kit.world.until(session.owner('u1').release()), 1)
})

await t.test('a lock around work is released however the work ends', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  const user = session.owner('u')
  t.equal(await kit.world.until(user.withLock('a', async (lock) => lock.token)), 1)
  const failed = user.withLock('a', () => {
    throw new RangeError('no')
  })
  t.match(await failure(kit.world.until(failed)), RangeError)
  t.equal(kit.cluster.ledger.locks.size, 0)
})

await t.test('the table of what waits is bounded, with a clear error', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit, { limits: { outstandingMax: 3 } })
  await kit.world.pass(10)
  kit.cluster.kill(50)
  await kit.world.pass(5)
  const user = session.owner('u')
  const three = [1, 2, 3].map(() => user.sequence('s').next())
  t.match(await failure(user.sequence('s').next()), QueueFullError)
  await kit.world.until(Promise.all(three))
  t.equal(kit.cluster.ledger.counters.get('s'), 3)
})

await t.test('a request that does not fit the protocol is refused at once, connected or not', async (t) => {
  const kit = fakeCluster()
  const session = openSession({ ...kit.reach, namespace: 'test' })
  t.match(await failure(session.owner('').lock('a')), { code: 'invalid', detail: { field: 'owner' } })
  await kit.world.until(session.opened())
  t.match(await failure(session.owner('u').lock('x'.repeat(600))), InvalidRequestError)
  t.match(await failure(session.request({ op: 'session.close' })), InvalidRequestError)
  t.match(await failure(session.request({ op: 'member.remove', id: 1 })), InvalidRequestError)
  t.ok(await kit.world.until(session.owner('u').lock('a')), 'the connection lives on')
})

await t.test('all requests of a turn leave in one write, and carry the acknowledgments', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  await kit.world.pass(5)
  const before = kit.network.writes
  const user = session.owner('u')
  const rounds = 10
  const work = async (i: number) => {
    for (let round = 0; round < rounds; round++) await user.sequence(`s${i}`).next()
  }
  kit.network.delayMs = 1
  await kit.world.until(Promise.all(Array.from({ length: 30 }, (_, i) => work(i))))
  t.ok(kit.network.writes - before <= rounds * 31, `${kit.network.writes - before} writes`)
  const table = kit.cluster.ledger.sessions.get(session.id)!.answers
  t.ok(table.size <= 30, `${table.size} answers are kept at the cluster`)
})

await t.test('closing releases all, ends everything, and is safe to repeat', async (t) => {
  for (const fate of ['pass', 'lose', 'loseAnswer'] as const) {
    const kit = fakeCluster()
    const session = await open(kit)
    const user = session.owner('u')
    await kit.world.until(user.lock('a'))
    const waiting = failure(session.owner('v').lock('a'))
    const release = user.sequence('s').next()
    await kit.world.pass(5)
    once(kit, 'session.close', fate)
    let lost = false
    session.on('lost', () => {
      lost = true
    })
    await kit.world.until(Promise.all([session.close(), session.close()]))
    t.equal(kit.cluster.ledger.sessions.size, 0, fate)
    t.equal((await kit.world.until(release)).value, '000001')
    t.match((await waiting).code, /closed|canceled/)
    t.match(await failure(user.lock('b')), ClosedError)
    t.notOk(lost)
    t.ok(session.signal.aborted)
    await kit.world.pass(100)
    t.ok(
      kit.cluster.nodes.every((node) => node.connections.size === 0),
      'no connection is left',
    )
  }
})

await t.test('closing without a cluster ends in bounded time', async (t) => {
  const kit = fakeCluster()
  const session = await open(kit)
  kit.cluster.kill(1_000_000)
  const startMs = kit.world.now()
  await kit.world.until(session.close())
  t.ok(kit.world.now() - startMs <= 5_001)
  t.equal(session.status, 'ended')
})

await t.test('a connect that finds no leader says what each address said', async (t) => {
  const kit = fakeCluster()
  kit.cluster.nodes[0]!.isUp = false
  kit.cluster.leader = undefined
  const error = await failure(
    kit.world.until(connect({ ...kit.reach, namespace: 'test', deadlineMs: 3_000 })),
  )
  t.match(error, DeadlineError)
  t.match(error.message, /n1:5555: connection refused; n2:5555: follows nobody/)
  const abort = new AbortController()
  const aborted = failure(connect({ ...kit.reach, namespace: 'test', signal: abort.signal }))
  abort.abort()
  t.match(await aborted, AbortedError)
  t.throws(() => openSession({ ...kit.reach, namespace: 'test', ttlMs: 5 }), /ttlMs: 5 given/)
  t.throws(() => openSession({ addresses: 'host:99999', namespace: 'test' }), /expected a port/)
  t.throws(
    () => openSession({ ...kit.reach, namespace: 'test', limits: { outstandingMax: 0 } }),
    /outstandingMax: 0/,
  )
  t.throws(() => openSession({ addresses: [], namespace: 'test' }), /addresses: 0 given/)
})

await t.test('a refusal to open is told to the caller', async (t) => {
  const kit = fakeCluster()
  once(kit, 'session.open', { refuse: 'sessionsExceeded' })
  t.match(await failure(open(kit)), { code: 'sessionsExceeded' })
})

await t.test('while nobody answers, addresses are dialed in a bounded rhythm', async (t) => {
  const kit = fakeCluster()
  await open(kit, { ttlMs: 60_000 })
  for (const node of kit.cluster.nodes) {
    node.isUp = false
    node.cutAll()
  }
  const before = kit.network.dialed.length
  await kit.world.pass(10_000)
  const dials = kit.network.dialed.length - before
  t.ok(dials > 3 * 90 && dials < 3 * 220, `${dials} dials of three addresses in 10 s`)
})
