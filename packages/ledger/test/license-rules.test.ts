// Keys and their validity, rules, queues, and what administrators do with units.
import t from 'tap'
import type { LicenseRule } from '../src/index.ts'
import { type Client, FAST, GAPLESS, granted, lockOperation, outcome, refused, SCOPE } from './kit.ts'
import { checkin, checkout, emergencyBody, keyBody, LicenseWorld, rules, take, twice } from './license-kit.ts'

const DAY = 86_400_000
const FULL = { id: 4000, quantity: 2 }

function licensed(products: Parameters<typeof keyBody>[0] = [FULL], features = {}, more = {}): LicenseWorld {
  const world = new LicenseWorld()
  const result = world.install(keyBody(products, features, more))
  if (!result.ok) throw new Error(JSON.stringify(result))
  return world
}

/** Answers of waiting requests, by client and request. */
function answerOf(world: LicenseWorld, client: Client, id: number) {
  return outcome(world.answerOf(client, id))
}

await t.test('without a key everything is refused as not licensed', async (t) => {
  const world = new LicenseWorld()
  const erp = world.open('erp')
  t.equal(world.validity(), 'unlicensed')
  t.equal(outcome(checkout(erp, 'SIGAFAT')), 'notLicensed')
  t.equal(outcome(checkout(erp, 4000)), 'notLicensed')
  t.equal(outcome(checkout(erp, 4000, { waitMs: 1_000 })), 'notLicensed', 'nobody waits for a key')
})

await t.test(
  'a key is refused with the reason: damaged, expired, for another, older, replayed',
  async (t) => {
    const world = new LicenseWorld()
    t.match(refused(world.install('{')), { field: 'body' })
    t.match(refused(world.install(keyBody([{ id: 1, nature: 'free' }]))), {
      field: 'products[1].nature',
      value: 'free',
    })
    t.match(refused(world.install(keyBody([{ id: 1, quantity: 1.5 }]))), { field: 'products[1].quantity' })
    t.equal(outcome(world.install(keyBody([], {}, { validUntil: '2026-11-20' }))), 'keyExpired')
    t.match(granted(world.install(keyBody([FULL], {}, { serial: 5 }))), { added: [4000], validity: 'valid' })
    t.equal(outcome(world.install(keyBody([FULL], {}, { serial: 5 }))), 'keyReplayed')
    t.match(refused(world.install(keyBody([FULL], {}, { serial: 4 }))), { have: 5, got: 4 })
    t.match(refused(world.install(keyBody([FULL], {}, { serial: 6, installationId: 'x' }))), {
      installationId: 'x',
    })
    world.failOver()
    const next = granted(world.install(keyBody([{ id: 4001, quantity: 1 }], {}, { serial: 6 })))
    t.match(next, { added: [4001], removed: [4000], serial: 6 })
    t.match(world.read({ op: 'key.history' }).keys, [{ serial: 5 }, { serial: 6, removed: [4000] }])
    t.equal(world.read({ op: 'key.show' }).serial, 6)
  },
)

await t.test('validity goes valid, contingency, expired, and back with a new key', async (t) => {
  twice((failOver) => {
    const world = licensed([FULL], {}, { validUntil: '2026-12-20' })
    t.equal(world.validity(), 'valid')
    const erp = world.open('erp')
    const held = take(erp, 4000, { owner: 'a' })
    world.pass(14 * DAY)
    failOver(world)
    t.equal(world.validity(), 'valid')
    world.pass(DAY)
    t.equal(world.validity(), 'contingency')
    t.equal(outcome(checkout(erp, 4000, { owner: 'b' })), 'ok')
    failOver(world)
    world.pass(15 * DAY)
    t.equal(world.validity(), 'expired')
    t.match(refused(checkout(erp, 4000, { owner: 'c' })), { cause: 'expired' })
    failOver(world)
    t.equal(checkin(erp, held, 'a'), 'released', 'who works goes on')
    t.equal(outcome(world.install(keyBody([FULL], {}, { serial: 2, validUntil: '2027-04-20' }))), 'ok')
    t.equal(world.validity(), 'valid')
    t.equal(outcome(checkout(erp, 4000, { owner: 'c' })), 'ok')
    const changes = world.events.filter(({ kind }) => kind === 'license.validity').map(({ value }) => value)
    t.same(changes, ['valid', 'contingency', 'expired', 'valid'])
  })
})

await t.test('missing online validation leads to contingency, a success ends it', async (t) => {
  const world = licensed([FULL], {}, { onlineValidation: { toleranceDays: 3 } })
  world.pass(3 * DAY)
  t.match(world.read({ op: 'license.validity' }), { state: 'contingency', reason: 'notValidated' })
  world.failOver()
  world.begin()
  t.equal(outcome(world.ledger.applyInternal({ op: 'license.validated', wallMs: world.wallMs })), 'ok')
  t.equal(world.validity(), 'valid')
  world.begin()
  world.ledger.applyInternal({ op: 'license.restrict', reason: 'hash' })
  t.equal(outcome(checkout(world.open('erp'), 4000)), 'restricted')
  world.begin()
  world.ledger.applyInternal({ op: 'license.restrict', reason: '' })
  t.equal(outcome(checkout(world.open('erp'), 4000)), 'ok')
})

await t.test(
  'O11: a wall clock that jumps does not move the calendar until a second look agrees',
  async (t) => {
    twice((failOver) => {
      const world = licensed([FULL], {}, { validUntil: '2026-12-31' })
      const real = world.wallMs
      t.match(granted(world.calendar(real - 3_600_000)), { accepted: true, calendarMs: real }, 'never back')
      t.match(granted(world.calendar(real + 3_600_000)), { accepted: true, calendarMs: real + 3_600_000 })
      t.match(granted(world.calendar(real + 60 * DAY)), { accepted: false })
      failOver(world)
      t.equal(world.validity(), 'valid')
      world.pass(600_000)
      t.match(granted(world.calendar(real + 60 * DAY + 600_000)), { accepted: false }, 'too soon')
      world.pass(3_000_000)
      t.match(granted(world.calendar(real + 60 * DAY + 9_000_000)), { accepted: false }, 'does not agree')
      world.pass(3_600_000)
      failOver(world)
      t.match(granted(world.calendar(real + 60 * DAY + 12_600_000)), { accepted: true })
      t.equal(world.validity(), 'expired')
    })
  },
)

await t.test('an emergency key on its day, the day after, and a sixth within three months', async (t) => {
  twice((failOver) => {
    const world = licensed([FULL], {}, { validUntil: '2026-11-21' })
    const erp = world.open('erp')
    world.pass(DAY)
    t.equal(world.validity(), 'expired')
    t.equal(outcome(world.install(emergencyBody(100, '2026-11-21'))), 'keyExpired', 'of yesterday')
    t.equal(outcome(world.install(emergencyBody(100, '2026-11-23'))), 'keyExpired', 'of tomorrow')
    t.match(granted(world.install(emergencyBody(101, '2026-11-22'))), {
      kind: 'emergency',
      validity: 'emergency',
    })
    failOver(world)
    t.equal(outcome(checkout(erp, 4000)), 'ok')
    t.equal(outcome(world.install(emergencyBody(101, '2026-11-22'))), 'keyReplayed')
    world.pass(12 * 3_600_000)
    t.equal(world.validity(), 'expired', 'midnight in the time zone of the key')
    t.equal(outcome(checkout(erp, 4000, { owner: 'b' })), 'expired')
    world.pass(12 * 3_600_000)
    for (const [at, day] of ['2026-11-23', '2026-11-24', '2026-11-25', '2026-11-26'].entries()) {
      t.equal(outcome(world.install(emergencyBody(102 + at, day))), 'ok', day)
      world.pass(DAY)
    }
    failOver(world)
    const detail = refused(world.install(emergencyBody(110, '2026-11-27')))
    t.match(detail, { max: 5, days: ['2026-11-22', '2026-11-23', '2026-11-24', '2026-11-25', '2026-11-26'] })
    world.pass(87 * DAY)
    t.equal(outcome(world.install(emergencyBody(111, '2027-02-22'))), 'ok', 'three months after the first')
  })
})

await t.test('a distribution gives homologation what production has, and development the rest', async (t) => {
  const world = licensed([
    { id: 4000, quantity: 5, distribution: { production: 3, development: 2 } },
    { id: 4001, quantity: 5 },
    { id: 3100, nature: 'enabling' },
  ])
  const totals = (['production', 'homologation', 'development'] as const).map(
    (each) => world.view(4000, each).total,
  )
  t.same(totals, [3, 3, 2])
  const development = world.open('dev', { installation: 'development' })
  t.equal(outcome(checkout(development, 4001)), 'notDistributed')
  t.match(take(development, 3100), { units: 0, status: 'inUse' })
  t.equal(outcome(checkout(development, 3125)), 'notInContract')
  t.equal(outcome(checkout(development, 'SIGAXXX')), 'unknownFeature')
  take(development, 4000)
  t.equal(world.view(4000, 'production').used, 0)
})

await t.test('named users are assigned while units are free, and stay until unassigned', async (t) => {
  twice((failOver) => {
    const world = licensed([{ id: 4016, nature: 'named', quantity: 2 }])
    const erp = world.open('erp')
    const ana = take(erp, 4016, { owner: 'ana', group: '01' })
    t.match(take(erp, 4016, { owner: 'x', user: 'ana', group: '02' }), { status: 'waived', unit: ana.unit })
    t.match(granted(erp.do({ op: 'license.assign', product: 4016, user: 'bia' })), { assigned: 2, total: 2 })
    failOver(world)
    t.equal(outcome(checkout(erp, 4016, { owner: 'caio' })), 'exhausted')
    t.equal(checkin(erp, ana, 'ana'), 'shared')
    erp.do({ op: 'owner.release', owner: 'x' })
    failOver(world)
    t.equal(outcome(checkout(erp, 4016, { owner: 'caio' })), 'exhausted', 'ana keeps her unit')
    t.equal(take(erp, 4016, { owner: 'bia' }).status, 'inUse')
    t.match(granted(erp.do({ op: 'license.unassign', product: 4016, user: 'ana' })), { assigned: 1 })
    t.equal(outcome(checkout(erp, 4016, { owner: 'caio' })), 'ok')
    erp.do({ op: 'license.unassign', product: 4016, user: 'bia' })
    failOver(world)
    t.equal(world.used(4016), 2, 'bia works until she leaves')
    erp.do({ op: 'owner.release', owner: 'bia' })
    t.equal(world.used(4016), 1)
  })
})

await t.test('a user who is assigned again while her unit lingers keeps it', async (t) => {
  twice((failOver) => {
    const world = licensed([{ id: 4016, nature: 'named', quantity: 1 }])
    const erp = world.open('erp')
    take(erp, 4016, { owner: 'ana', lingerMs: 5_000 })
    erp.do({ op: 'license.unassign', product: 4016, user: 'ana' })
    erp.do({ op: 'owner.release', owner: 'ana' })
    failOver(world)
    t.match(granted(erp.do({ op: 'license.assign', product: 4016, user: 'ana' })), { assigned: 1 })
    failOver(world)
    world.pass(10_000)
    t.equal(world.used(4016), 1)
    t.equal(outcome(checkout(erp, 4016, { owner: 'bia' })), 'exhausted')
    t.equal(take(erp, 4016, { owner: 'ana' }).status, 'inUse')
  })
})

await t.test('a user who is assigned again while at work stays assigned', async (t) => {
  twice((failOver) => {
    const world = licensed([{ id: 4016, nature: 'named', quantity: 1 }])
    const erp = world.open('erp')
    take(erp, 4016, { owner: 'ana' })
    erp.do({ op: 'license.unassign', product: 4016, user: 'ana' })
    failOver(world)
    t.match(granted(erp.do({ op: 'license.assign', product: 4016, user: 'ana' })), { assigned: 1 })
    failOver(world)
    erp.do({ op: 'owner.release', owner: 'ana' })
    t.equal(world.used(4016), 1)
  })
})

await t.test('several units in one check-out count for their consumer', async (t) => {
  const world = licensed([{ id: 4000, quantity: 5 }])
  const erp = world.open('erp')
  const three = take(erp, 4000, { owner: 'a', units: 3 })
  t.equal(three.units, 3)
  t.match(take(erp, 4000, { owner: 'a', units: 2 }), { status: 'waived', units: 3 })
  t.equal(outcome(checkout(erp, 4000, { owner: 'b', units: 3 })), 'exhausted')
  t.match(take(erp, 4000, { owner: 'a', units: 5 }), { status: 'inUse', units: 5 })
  t.equal(world.used(4000), 5)
  world.failOver()
  t.equal(checkin(erp, three, 'a'), 'shared')
  erp.do({ op: 'owner.release', owner: 'a' })
  t.equal(world.used(4000), 0)
})

await t.test('a grant is given back by its owner only, and ends with owner and session', async (t) => {
  const world = licensed()
  const erp = world.open('erp')
  const other = world.open('other')
  const one = take(erp, 4000, { owner: 'a' })
  t.equal(checkin(other, one, 'a'), 'notHolder')
  t.equal(checkin(erp, one, 'b'), 'notHolder')
  const { id } = erp
  t.equal(checkin(erp, one, 'a'), 'released')
  t.match(erp.send(id + 1, { op: 'license.checkin', owner: 'a', grant: one.grant }), { ok: true }, 'a retry')
  t.equal(checkin(erp, one, 'a'), 'unknownGrant')
  take(erp, 4000, { owner: 'a' })
  take(other, 4000, { owner: 'b' })
  t.match(granted(erp.do({ op: 'owner.release', owner: 'a' })), { released: 1 })
  t.equal(world.used(4000), 1)
  world.expire(other)
  t.equal(world.used(4000), 0)
})

await t.test('who waits is served by priority, then by arrival, over any product of the list', async (t) => {
  twice((failOver) => {
    const world = licensed(
      [
        { id: 4134, quantity: 1 },
        { id: 4000, quantity: 1 },
      ],
      { fiscal: [4134, 4000] },
    )
    const erp = world.open('erp')
    const first = take(erp, 'fiscal', { owner: 'a' })
    const second = take(erp, 'fiscal', { owner: 'b' })
    const waiter = world.open('waiter')
    const wait = (owner: string, priority: number, what: string | number = 'fiscal'): number => {
      t.equal(outcome(checkout(waiter, what, { owner, priority, waitMs: 60_000 })), 'waits')
      return waiter.id
    }
    const low = wait('low', 0)
    const late = wait('late', 0)
    const high = wait('high', 5)
    const generic = wait('generic', 0, 4000)
    t.match(refused(checkout(erp, 'fiscal', { owner: 'z' })), { place: 4, queued: 3 })
    failOver(world)
    checkin(erp, second, 'b')
    t.equal(answerOf(world, waiter, high), 'ok')
    t.equal(answerOf(world, waiter, low), 'waits')
    failOver(world)
    checkin(erp, first, 'a')
    t.match(world.answerOf(waiter, low), { ok: true, value: { product: 4134 } })
    t.equal(answerOf(world, waiter, late), 'waits')
    world.pass(60_000)
    t.match(refused(world.answerOf(waiter, late)), { cause: 'exhausted', place: 1 })
    t.equal(answerOf(world, waiter, generic), 'timeout')
    t.equal(world.view(4000).queued, 0)
  })
})

await t.test('nobody overtakes one who waits for many units, but a shared unit needs no turn', async (t) => {
  const world = licensed([{ id: 4000, quantity: 3 }])
  const erp = world.open('erp')
  const one = take(erp, 4000, { owner: 'a' })
  const big = world.open('big')
  t.equal(outcome(checkout(big, 4000, { owner: 'big', units: 3, waitMs: -1 })), 'waits')
  t.equal(outcome(checkout(erp, 4000, { owner: 'c' })), 'exhausted', 'two are free, but big comes first')
  t.equal(outcome(checkout(erp, 4000, { owner: 'c', priority: 9 })), 'ok')
  t.equal(take(erp, 4000, { owner: 'a' }).status, 'waived')
  world.failOver()
  erp.do({ op: 'owner.release', owner: 'c' })
  t.equal(answerOf(world, big, 1), 'waits')
  checkin(erp, one, 'a')
  erp.do({ op: 'owner.release', owner: 'a' })
  t.equal(answerOf(world, big, 1), 'ok')
})

await t.test(
  'a waiting request that is canceled, or whose session ends, leaves nothing behind',
  async (t) => {
    const world = licensed([{ id: 4000, quantity: 1 }])
    const erp = world.open('erp')
    const held = take(erp, 4000, { owner: 'a' })
    const dead = world.open('dead')
    const alive = world.open('alive')
    checkout(dead, 4000, { owner: 'd', waitMs: -1 })
    checkout(alive, 4000, { owner: 'x', waitMs: -1 })
    checkout(alive, 4000, { owner: 'y', waitMs: -1 })
    world.expire(dead)
    alive.do({ op: 'request.cancel', request: 1 })
    t.equal(world.view(4000).queued, 1)
    checkin(erp, held, 'a')
    t.equal(answerOf(world, alive, 2), 'ok')
  },
)

await t.test('O22: a MAX below what is in use grants nothing more until it fits', async (t) => {
  twice((failOver) => {
    const world = licensed([{ id: 4000, quantity: 10 }])
    const erp = world.open('erp')
    const grants = ['a', 'b', 'c', 'd'].map((owner) => take(erp, 4000, { owner, group: 'ws' }))
    const max: LicenseRule = { kind: 'max', product: 0, subject: { type: 'group', value: 'ws' }, amount: 2 }
    t.match(granted(rules(erp, 1, [max])), { version: 1, ended: 0 })
    t.match(refused(checkout(erp, 4000, { owner: 'e', group: 'ws' })), { cause: 'overMax', rule: max })
    t.equal(outcome(checkout(erp, 4000, { owner: 'p', group: 'people' })), 'ok')
    failOver(world)
    t.equal(outcome(checkout(erp, 4000, { owner: 'e', group: 'ws', waitMs: -1 })), 'waits')
    const waiting = erp.id
    t.equal(outcome(checkout(erp, 4000, { owner: 'q', group: 'people' })), 'ok', 'held back by itself alone')
    for (const [at, owner] of ['a', 'b'].entries()) checkin(erp, grants[at]!, owner)
    t.equal(answerOf(world, erp, waiting), 'waits')
    failOver(world)
    checkin(erp, grants[2]!, 'c')
    t.equal(answerOf(world, erp, waiting), 'ok')
    t.equal(outcome(rules(erp, 1, [])), 'versionDiffers')
    t.equal(outcome(rules(erp, 2, [{ ...max, amount: -1 }])), 'invalid')
    t.match(world.read({ op: 'license.rulesGet' }), { version: 1, rules: [max] })
  })
})

await t.test('O22: EXCLUDE ends what is held, INCLUDE lets in nobody else', async (t) => {
  twice((failOver) => {
    const world = licensed([{ id: 4000, quantity: 10 }])
    const erp = world.open('erp')
    take(erp, 4000, { owner: 'a', host: '10.1.2.3' })
    take(erp, 4000, { owner: 'b', host: '10.2.2.3' })
    const exclude: LicenseRule = {
      kind: 'exclude',
      product: 4000,
      subject: { type: 'network', value: '10.1.0.0/16' },
    }
    t.match(granted(rules(erp, 1, [exclude])), { ended: 1 })
    t.match(world.events.at(-1), { kind: 'license.revoked', owner: 'a', reason: 'excluded', value: '1' })
    failOver(world)
    t.match(refused(checkout(erp, 4000, { owner: 'a', host: '10.1.9.9' })), {
      cause: 'excluded',
      rule: exclude,
    })
    t.equal(outcome(checkout(erp, 4000, { owner: 'a', host: '10.3.9.9' })), 'ok')
    const include: LicenseRule = { kind: 'include', product: 4000, subject: { type: 'company', value: '01' } }
    t.match(granted(rules(erp, 2, [include])), { ended: 2 })
    t.equal(outcome(checkout(erp, 4000, { owner: 'a', company: '02' })), 'excluded')
    t.equal(outcome(checkout(erp, 4000, { owner: 'a', company: '01' })), 'ok')
  })
})

await t.test('idle grants are given back unless renewed, and a rule makes the time shorter', async (t) => {
  twice((failOver) => {
    const world = licensed([{ id: 4000, quantity: 1 }])
    const erp = world.open('erp')
    const { grant } = take(erp, 4000, { owner: 'a', idleMs: 60_000 })
    world.pass(50_000)
    t.equal(outcome(erp.do({ op: 'license.renew', owner: 'a', grant })), 'ok')
    failOver(world)
    world.pass(50_000)
    t.match(refused(checkout(erp, 4000, { owner: 'b' })), { cause: 'exhausted', earliestFreeMs: 10_000 })
    const idle: LicenseRule = { kind: 'idle', product: 4000, subject: { type: 'all', value: '' }, ms: 5_000 }
    rules(erp, 1, [idle])
    t.match(refused(checkout(erp, 4000, { owner: 'b' })), { earliestFreeMs: 5_000 })
    failOver(world)
    world.pass(5_000)
    t.match(world.events.at(-1), { kind: 'license.revoked', reason: 'idle' })
    t.equal(outcome(checkout(erp, 4000, { owner: 'b' })), 'ok')
  })
})

await t.test('a lingering unit stays with its consumer', async (t) => {
  twice((failOver) => {
    const world = licensed([{ id: 4000, quantity: 1 }])
    const erp = world.open('erp')
    const one = take(erp, 4000, { owner: 'a', lingerMs: 30_000 })
    t.equal(checkin(erp, one, 'a'), 'lingering')
    failOver(world)
    t.match(refused(checkout(erp, 4000, { owner: 'b' })), { cause: 'exhausted', earliestFreeMs: 30_000 })
    const again = take(erp, 4000, { owner: 'a', lingerMs: 10_000 })
    t.match(again, { status: 'inUse', unit: one.unit })
    world.expire(erp)
    failOver(world)
    t.equal(world.view(4000).lingering, 1, 'also when the session ended')
    world.pass(10_000)
    t.equal(world.used(4000), 0)
  })
})

await t.test('an overdraft is the contract’s, and a rule can only make it smaller', async (t) => {
  const world = licensed([{ id: 4000, quantity: 1, overdraft: 2 }])
  const erp = world.open('erp')
  rules(erp, 1, [{ kind: 'overdraft', product: 4000, subject: { type: 'all', value: '' }, amount: 1 }])
  take(erp, 4000, { owner: 'a' })
  take(erp, 4000, { owner: 'b' })
  t.match(refused(checkout(erp, 4000, { owner: 'c' })), { tried: [{ total: 1, used: 2, overdraft: 1 }] })
  rules(erp, 2, [])
  t.equal(outcome(checkout(erp, 4000, { owner: 'c' })), 'ok')
  t.equal(outcome(checkout(erp, 4000, { owner: 'd' })), 'exhausted')
})

await t.test('a limit per host holds whatever is free elsewhere', async (t) => {
  const world = licensed([{ id: 4000, quantity: 9, limitPerHost: 1 }])
  const erp = world.open('erp')
  take(erp, 4000, { owner: 'a', host: 'h1' })
  t.equal(outcome(checkout(erp, 4000, { owner: 'b', host: 'h1' })), 'overMax')
  world.failOver()
  t.equal(outcome(checkout(erp, 4000, { owner: 'b', host: 'h2' })), 'ok')
})

await t.test('force release keeps the same consumer out until the cool-down is over', async (t) => {
  twice((failOver) => {
    const world = licensed([{ id: 4000, quantity: 1 }])
    const erp = world.open('erp')
    const { grant } = take(erp, 4000, { owner: 'a', group: '01', lingerMs: 5_000 })
    take(erp, 4000, { owner: 'x', user: 'a', group: '01' })
    const forced = erp.do({ op: 'license.forceRelease', grant, coolDownMs: 60_000, reason: 'gone home' })
    t.match(granted(forced), { ended: 2 })
    failOver(world)
    t.match(refused(checkout(erp, 4000, { owner: 'a', group: '01' })), {
      cause: 'coolDown',
      earliestFreeMs: 60_000,
    })
    const other = take(erp, 4000, { owner: 'b' })
    checkin(erp, other, 'b')
    failOver(world)
    world.pass(60_000)
    t.equal(outcome(checkout(erp, 4000, { owner: 'a', group: '01' })), 'ok')
  })
})

await t.test('a borrowed unit outlives the session until it is returned or over', async (t) => {
  twice((failOver) => {
    const world = licensed()
    const erp = world.open('erp')
    const subject = { type: 'all', value: '' } as const
    rules(erp, 1, [{ kind: 'borrowMax', product: 4000, subject, amount: 2 }])
    const borrow = (user: string, ms: number) =>
      erp.do({ op: 'license.borrow', owner: '', product: 4000, user, untilWallMs: world.wallMs + ms })
    const one = granted(borrow('ana', DAY))
    granted(borrow('bia', 2 * DAY))
    t.match(refused(borrow('caio', DAY)), { borrowed: 2, max: 2 })
    const list = world.read({ op: 'license.borrowed', limit: 10 })
    t.match(list.borrows, [
      { borrow: one.borrow as string, product: 4000, user: 'ana', units: 1 },
      { product: 4000, user: 'bia' },
    ])
    const [{ sinceMs, untilMs }] = list.borrows as [{ sinceMs: number; untilMs: number }]
    t.equal(untilMs - sinceMs, DAY)
    world.expire(erp)
    failOver(world)
    t.same(world.read({ op: 'license.borrowed', limit: 10 }), list, 'tokens are made of the same')
    const page = world.read({ op: 'license.borrowed', limit: 1 })
    t.equal((page.borrows as object[]).length, 1)
    t.match(world.read({ op: 'license.borrowed', after: page.next as string, limit: 1 }).borrows, [
      { user: 'bia' },
    ])
    t.match(world.read({ op: 'license.borrowed', user: 'bia', limit: 9 }).borrows, [{ user: 'bia' }])
    const next = world.open('next')
    t.match(refused(checkout(next, 4000, { owner: 'caio' })), { cause: 'exhausted', earliestFreeMs: DAY })
    t.match(granted(next.do({ op: 'license.returnBorrowed', borrow: one.borrow as string })), { user: 'ana' })
    t.equal(outcome(next.do({ op: 'license.returnBorrowed', borrow: one.borrow as string })), 'unknownBorrow')
    t.equal(world.used(4000), 1)
    failOver(world)
    world.pass(2 * DAY)
    t.equal(world.used(4000), 0)
  })
})

await t.test('a smaller key leaves units with their holders and grants no more until it fits', async (t) => {
  twice((failOver) => {
    const world = licensed([{ id: 4000, quantity: 3 }])
    const erp = world.open('erp')
    const grants = ['a', 'b', 'c'].map((owner) => take(erp, 4000, { owner }))
    const smaller = granted(world.install(keyBody([{ id: 4000, quantity: 1 }], {}, { serial: 2 })))
    t.match(smaller.reducedBelowUse, [{ product: 4000, installation: 'production', used: 3, total: 1 }])
    failOver(world)
    t.equal(outcome(checkout(erp, 4000, { owner: 'd' })), 'exhausted')
    for (const [at, owner] of ['a', 'b', 'c'].entries()) checkin(erp, grants[at]!, owner)
    failOver(world)
    take(erp, 4000, { owner: 'd' })
    t.equal(outcome(checkout(erp, 4000, { owner: 'e', waitMs: -1 })), 'waits')
    const waiting = erp.id
    t.equal(outcome(world.install(keyBody([{ id: 4000, quantity: 2 }], {}, { serial: 3 }))), 'ok')
    t.equal(answerOf(world, erp, waiting), 'ok', 'a larger key serves who waits')
  })
})

await t.test('a bundle gives a license, locks and a number under one token, or nothing', async (t) => {
  twice((failOver) => {
    const world = licensed([{ id: 4000, quantity: 1 }])
    const erp = world.open('erp')
    const license = {
      op: 'license.checkout',
      feature: '',
      product: 4000,
      user: 'ana',
      group: '',
      company: '',
      host: '',
      units: 1,
      mode: 'use',
    } as const
    const { locks } = lockOperation('', ['SC5', 'SC6']) as Extract<
      ReturnType<typeof lockOperation>,
      { op: 'lock.acquire' }
    >
    const number = { op: 'sequence.reserve', name: 'nf', scope: SCOPE, spec: GAPLESS } as const
    const parts = [license, { op: 'lock.acquire', locks } as const, number]
    const first = granted(erp.do({ op: 'bundle', owner: 'a', parts, waitMs: 0 }))
    const results = first.results as Record<string, unknown>[]
    t.match(results, [{ product: 4000, token: first.token }, { token: first.token }, { value: '000001' }])
    failOver(world)
    const order = { op: 'sequence.next', name: 'pedido', scope: SCOPE, count: 1, spec: FAST } as const
    const rows = JSON.stringify(world.rows().filter(([key]) => 'tdlqcr'.includes(key[0]!)))
    const other = { ...license, user: 'bia' }
    const free = { op: 'lock.acquire', locks: [{ name: 'SA1', mode: 'exclusive' }] } as const
    const again = erp.do({ op: 'bundle', owner: 'b', parts: [order, free, other], waitMs: 0 })
    t.match(refused(again), { cause: 'exhausted', part: 2 })
    const held = erp.do({
      op: 'bundle',
      owner: 'b',
      parts: [order, { op: 'lock.acquire', locks }],
      waitMs: 0,
    })
    t.equal(outcome(held), 'held')
    t.match(refused(held), { part: 1, name: 'SC5' })
    t.equal(
      JSON.stringify(world.rows().filter(([key]) => 'tdlqcr'.includes(key[0]!))),
      rows,
      'nothing changed',
    )
    t.equal(outcome(erp.do({ op: 'bundle', owner: 'b', parts: [free, free], waitMs: 0 })), 'invalid')
    granted(erp.do({ op: 'owner.release', owner: 'a' }))
    const two = [license, other]
    t.match(
      refused(erp.do({ op: 'bundle', owner: 'b', parts: two, waitMs: 0 })),
      { part: 1 },
      'both want the last',
    )
    t.equal(world.used(4000), 0)
  })
})

await t.test('explain tells what a check-out would be answered, with every step', async (t) => {
  const world = licensed(
    [
      { id: 4134, quantity: 1 },
      { id: 4000, quantity: 1 },
    ],
    { fiscal: [4134, 4145, 4000] },
  )
  const erp = world.open('erp')
  const ask = (user: string) =>
    world.read({
      op: 'license.explain',
      feature: 'fiscal',
      product: 0,
      user,
      group: '',
      company: '',
      host: '',
    })
  t.match(ask('ana'), { would: 'grant', product: 4134, status: 'inUse', cause: '' })
  take(erp, 'fiscal', { owner: 'ana' })
  t.match(ask('ana'), { would: 'grant', product: 4134, status: 'waived' })
  t.match(ask('bia'), { would: 'grant', product: 4000 })
  take(erp, 'fiscal', { owner: 'bia' })
  const refusal = ask('caio')
  t.match(refusal, { would: 'refuse', cause: 'exhausted', place: 1 })
  const outcomes = (refusal.tried as { outcome: string }[]).map(({ outcome: each }) => each)
  t.same(outcomes, ['exhausted', 'notInContract', 'exhausted'])
  t.same(world.read({ op: 'license.denials', limit: 10 }).denials, [], 'a question is no denial')
})

await t.test('usage, peaks and denials are kept by product, user, company and hour', async (t) => {
  twice((failOver) => {
    const world = licensed([{ id: 4000, quantity: 2 }])
    const erp = world.open('erp')
    const from = world.wallMs
    const ana = take(erp, 4000, { owner: 'ana', company: '01' })
    const bia = take(erp, 4000, { owner: 'bia', company: '02' })
    checkout(erp, 4000, { owner: 'caio', company: '02' })
    failOver(world)
    world.pass(90 * 60_000)
    checkin(erp, ana, 'ana')
    failOver(world)
    const usage = (by: 'product' | 'user' | 'company' | 'hour') =>
      world.read({ op: 'license.usage', fromMs: from - 3_600_000, toMs: from + DAY, by, limit: 10 }).rows
    t.match(usage('product'), [
      {
        key: '4000',
        name: 'P4000',
        unitMs: 180 * 60_000,
        checkouts: 2,
        peak: 2,
        denied: 1,
        denials: { exhausted: 1 },
      },
    ])
    t.match(usage('user'), [
      { key: 'ana', unitMs: 90 * 60_000, checkouts: 1 },
      { key: 'bia', unitMs: 90 * 60_000 },
      { key: 'caio', unitMs: 0, denied: 1 },
    ])
    t.match(usage('company'), [{ key: '01' }, { key: '02', checkouts: 1, denied: 1 }])
    t.match(usage('hour'), [
      { key: '2026-11-21T15:00:00.000Z', unitMs: 120 * 60_000, peak: 2 },
      { key: '2026-11-21T16:00:00.000Z', unitMs: 60 * 60_000, peak: 2 },
    ])
    checkin(erp, bia, 'bia')
    t.match(world.read({ op: 'license.denials', limit: 10 }).denials, [
      { user: 'caio', cause: 'exhausted', product: 4000 },
    ])
    t.match(world.read({ op: 'license.list' }).peaks, { units: 2, connections: 2, sessions: 1 })
    world.pass(40 * DAY)
    take(erp, 4000, { owner: 'ana' })
    t.same((usage('user') as unknown[]).length, 0, 'forgotten after the configured days')
  })
})

await t.test('lists are paged', async (t) => {
  const world = licensed([{ id: 4000, quantity: 9 }])
  const erp = world.open('erp')
  for (const owner of ['a', 'b', 'c']) take(erp, 4000, { owner })
  const first = world.read({ op: 'license.grants', limit: 2 })
  t.match(first.grants, [{ user: 'a', status: 'inUse', unit: 1 }, { user: 'b' }])
  const rest = world.read({ op: 'license.grants', limit: 2, after: first.next as number })
  t.match(rest.grants, [{ user: 'c' }])
  t.equal(rest.next, undefined)
  t.match(world.read({ op: 'license.grants', limit: 2, user: 'b' }).grants, [{ user: 'b' }])
})

await t.test('explain asks as an owner of a session, for products that count by one', async (t) => {
  const world = licensed([{ id: 4000, quantity: 1, consumerKey: ['owner'] }])
  const erp = world.open('erp', { installation: 'production' })
  take(erp, 4000, { owner: 'ana@1', user: 'ana' })
  const question = {
    op: 'license.explain',
    feature: '',
    product: 4000,
    user: 'ana',
    group: '',
    company: '',
  } as const
  const ask = (more: object) => world.read({ ...question, host: '', ...more })
  t.match(ask({}), { would: 'refuse', cause: 'exhausted' }, 'as somebody new')
  t.match(ask({ session: erp.session, owner: 'ana@1' }), { would: 'grant', status: 'waived' })
  t.match(ask({ session: erp.session, owner: 'ana@2' }), { would: 'refuse', cause: 'exhausted' })
  const unknown = world.query({ ...question, host: '', session: 99 })
  t.match(unknown, { ok: false, cause: 'sessionUnknown', detail: { session: 99 } })
  const test = world.open('test', { installation: 'development' })
  t.match(
    ask({ session: test.session }),
    { cause: 'notDistributed' },
    'its installation type is that of the session',
  )
})
