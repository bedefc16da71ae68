// The field's cases (domain section 2): each as it is, and with a failover in the middle.
import t from 'tap'
import { Ledger } from '../src/index.ts'
import { granted, outcome, refused } from './kit.ts'
import { checkin, checkout, keyBody, LicenseWorld, take, twice } from './license-kit.ts'

const CORES = { id: 4091, nature: 'processing', quantity: 6, consumerKey: ['host'] }

await t.test('DBAccess: machines of 2 and 4 cores take 6 units', async (t) => {
  twice((failOver) => {
    const world = new LicenseWorld()
    world.install(keyBody([CORES]))
    const master = world.open('dbaccess-master')
    t.equal(outcome(checkout(master, 4091, { owner: 'm', mode: 'query', host: 'm0' })), 'ok')
    t.equal(world.used(4091), 0)
    take(world.open('slave-1'), 4091, { owner: 's', host: 'm1', units: 2 })
    failOver(world)
    take(world.open('slave-2'), 4091, { owner: 's', host: 'm2', units: 4 })
    t.equal(world.used(4091), 6)
    t.equal(outcome(checkout(world.open('slave-3'), 4091, { owner: 's', host: 'm3', units: 1 })), 'exhausted')
  })
})

await t.test('DBAccess: two slaves on one machine of 2 cores take 2 units', async (t) => {
  twice((failOver) => {
    const world = new LicenseWorld()
    world.install(keyBody([CORES]))
    const first = world.open('slave-1')
    const second = world.open('slave-2')
    const one = take(first, 4091, { owner: 's', host: 'm1', units: 2 })
    t.equal(one.status, 'inUse')
    failOver(world)
    const two = take(second, 4091, { owner: 's', host: 'm1', units: 2 })
    t.match(two, { status: 'waived', units: 2, unit: one.unit })
    t.equal(world.used(4091), 2)
    t.equal(checkin(first, one, 's'), 'shared')
    failOver(world)
    t.equal(world.used(4091), 2)
    t.equal(checkin(second, two, 's'), 'released')
    t.equal(world.used(4091), 0)
  })
})

await t.test(
  'DBAccess: two slaves beside the master on 4 cores and two on 2 cores take 6 units',
  async (t) => {
    twice((failOver) => {
      const world = new LicenseWorld()
      world.install(keyBody([CORES, { id: 4092, quantity: 10, consumerKey: ['host'] }]))
      const master = world.open('master')
      const lease = granted(master.do({ op: 'license.pool', owner: 'm', product: 4092, max: 0, host: 'm1' }))
      t.equal(lease.units, 10)
      for (const [client, host, units] of [
        ['s1', 'm1', 4],
        ['s2', 'm1', 4],
        ['s3', 'm2', 2],
        ['s4', 'm2', 2],
      ] as const) {
        take(world.open(client), 4091, { owner: 's', host, units })
        failOver(world)
      }
      t.equal(world.used(4091), 6)
      const grant = lease.grant as number
      for (let at = 1; at <= 10; at += 1) {
        const taken = master.do({ op: 'license.poolTake', owner: 'm', grant, holder: `c${at}` })
        t.match(granted(taken), { taken: at, units: 10 })
      }
      t.match(granted(master.do({ op: 'license.poolTake', owner: 'm', grant, holder: 'c1' })), { taken: 10 })
      t.equal(outcome(master.do({ op: 'license.poolTake', owner: 'm', grant, holder: 'c11' })), 'exhausted')
      failOver(world)
      t.match(granted(master.do({ op: 'license.poolGive', owner: 'm', grant, holder: 'c1' })), { taken: 9 })
      t.equal(outcome(master.do({ op: 'license.poolTake', owner: 'm', grant, holder: 'c11' })), 'ok')
      t.equal(checkin(master, grant, 'm'), 'released')
      t.equal(world.used(4092), 0)
    })
  },
)

await t.test('the master takes no more than LicenseLimit', async (t) => {
  const world = new LicenseWorld()
  world.install(keyBody([{ id: 4092, quantity: 10 }]))
  const master = world.open('master')
  t.match(granted(master.do({ op: 'license.pool', owner: 'm', product: 4092, max: 4, host: 'h' })), {
    units: 4,
  })
  t.match(granted(master.do({ op: 'license.pool', owner: 'm', product: 4092, max: 0, host: 'h' })), {
    units: 6,
  })
  t.equal(
    outcome(master.do({ op: 'license.pool', owner: 'm', product: 4092, max: 0, host: 'h' })),
    'exhausted',
  )
  world.expire(master)
  t.equal(world.used(4092), 0)
})

const TOTVS_I = { id: 4001, quantity: 10, consumerKey: [], reuse: { windowMs: 30_000, from: 'acquire' } }

await t.test('TOTVS I: R1 takes L1, R2 takes L1 again, R3.1 and R3.2 take L2 and L3', async (t) => {
  twice((failOver) => {
    const world = new LicenseWorld()
    world.install(keyBody([TOTVS_I]))
    const rest = world.open('rest')
    const r1 = take(rest, 4001, { owner: 'r1' })
    t.equal(r1.unit, 1)
    world.pass(5_000)
    failOver(world)
    t.equal(checkin(rest, r1, 'r1'), 'resting')
    failOver(world)
    world.pass(5_000)
    const r2 = take(rest, 4001, { owner: 'r2' })
    t.equal(r2.unit, 1)
    t.equal(r2.status, 'inUse')
    world.pass(5_000)
    t.equal(checkin(rest, r2, 'r2'), 'resting')
    failOver(world)
    t.equal(world.view(4001).resting, 1)
    world.pass(15_000)
    t.equal(world.view(4001).resting, 0, 'L1 is over age')
    const r31 = take(rest, 4001, { owner: 'r3.1' })
    failOver(world)
    const r32 = take(rest, 4001, { owner: 'r3.2' })
    t.same([r31.unit, r32.unit], [2, 3])
  })
})

await t.test('the REST line reuses for 60 s from the release', async (t) => {
  const world = new LicenseWorld()
  world.install(keyBody([{ ...TOTVS_I, reuse: { windowMs: 60_000, from: 'release' } }]))
  const rest = world.open('rest')
  const first = take(rest, 4001, { owner: 'a' })
  world.pass(100_000)
  t.equal(checkin(rest, first, 'a'), 'resting')
  world.pass(59_999)
  const second = take(rest, 4001, { owner: 'b' })
  t.equal(second.unit, 1)
  t.equal(checkin(rest, second, 'b'), 'resting')
  world.pass(60_000)
  t.equal(take(rest, 4001, { owner: 'c' }).unit, 2)
})

await t.test('a resting unit is given up at once if another request would be refused', async (t) => {
  twice((failOver) => {
    const world = new LicenseWorld()
    const reuse = { windowMs: 30_000, from: 'release' }
    world.install(keyBody([{ id: 4001, quantity: 1, consumerKey: ['user'], reuse }]))
    const rest = world.open('rest')
    const ana = take(rest, 4001, { owner: 'ana' })
    t.equal(checkin(rest, ana, 'ana'), 'resting')
    failOver(world)
    const bia = take(rest, 4001, { owner: 'bia' })
    t.match(bia, { status: 'inUse', unit: 2 })
    t.equal(world.view(4001).resting, 0)
    t.equal(outcome(checkout(rest, 4001, { owner: 'ana' })), 'exhausted')
  })
})

await t.test('a user in two functions of one group takes one unit, in two groups two', async (t) => {
  twice((failOver) => {
    const world = new LicenseWorld()
    world.install(keyBody([{ id: 4000, quantity: 2 }], { SIGAFAT: [4000], SIGAFIN: [4000] }))
    const erp = world.open('erp')
    const one = take(erp, 'SIGAFAT', { owner: 't1', user: 'ana', group: '01' })
    const two = take(world.open('erp-2'), 'SIGAFIN', { owner: 't9', user: 'ana', group: '01' })
    t.match([one, two], [{ status: 'inUse' }, { status: 'waived', unit: one.unit }])
    t.equal(world.used(4000), 1)
    failOver(world)
    const three = take(erp, 'SIGAFIN', { owner: 't2', user: 'ana', group: '02' })
    t.equal(three.status, 'inUse')
    t.equal(world.used(4000), 2)
    const refusal = refused(checkout(erp, 'SIGAFIN', { owner: 't3', user: 'bia', group: '01' }))
    t.match(refusal, {
      cause: 'exhausted',
      tried: [{ product: 4000, total: 2, used: 2 }],
      holders: [
        { user: 'ana', group: '01', client: 'erp' },
        { user: 'ana', group: '02' },
      ],
    })
    t.equal(checkin(erp, one, 't1'), 'shared', 'the second function still uses it')
    failOver(world)
    t.equal(world.used(4000), 2)
    t.match(world.view(4000), { inUse: 1, waived: 1, peak: 2, peakConnections: 3 })
  })
})

await t.test('Light OnDemand has any number of users until the metric is reached', async (t) => {
  twice((failOver) => {
    const world = new LicenseWorld()
    world.install(keyBody([{ id: 4177, nature: 'onDemand', quantity: 100, metric: 'employees' }]))
    const erp = world.open('erp')
    for (let at = 0; at < 500; at += 1) t.equal(take(erp, 4177, { owner: `u${at}` }).units, 0)
    failOver(world)
    t.match(granted(erp.do({ op: 'license.metric', product: 4177, value: 100 })), {
      limit: 100,
      exceeded: false,
    })
    const over = refused(erp.do({ op: 'license.metric', product: 4177, value: 101 }))
    t.match(over, { limit: 100, wanted: 101, value: 100, metric: 'employees' })
    failOver(world)
    t.equal(outcome(checkout(erp, 4177, { owner: 'one more' })), 'ok')
    world.install(keyBody([{ id: 4177, nature: 'onDemand', quantity: 90 }], {}, { serial: 2 }))
    failOver(world)
    t.equal(outcome(checkout(erp, 4177, { owner: 'another' })), 'metricExceeded')
    t.match(granted(erp.do({ op: 'license.metric', product: 4177, value: 95 })), { exceeded: true })
    t.equal(outcome(checkout(erp, 4177, { owner: 'another' })), 'metricExceeded')
    t.match(granted(erp.do({ op: 'license.metric', product: 4177, value: 90 })), { exceeded: false })
    t.equal(outcome(checkout(erp, 4177, { owner: 'another' })), 'ok')
  })
})

await t.test('MODULE=7 uses OnDemand if the customer has it, else falls back to 4001', async (t) => {
  twice((failOver) => {
    const features = { 'MODULE=7': [4177, 4001] }
    const onDemand = { id: 4177, nature: 'onDemand', quantity: 10 }
    const without = new LicenseWorld()
    without.install(keyBody([TOTVS_I], features))
    failOver(without)
    t.equal(take(without.open('rest'), 'MODULE=7').product, 4001)
    const having = new LicenseWorld()
    having.install(keyBody([TOTVS_I, onDemand], features))
    failOver(having)
    t.equal(take(having.open('rest'), 'MODULE=7').product, 4177)
  })
})

const FISCAL = [4134, 4145, 4135, 4177, 4107, 4160, 4161, 4004, 3999, 4016, 4017, 4000, 4099]

await t.test('the fiscal list with 10 units of each of two products refuses the 21st user', async (t) => {
  twice((failOver) => {
    const world = new LicenseWorld()
    world.install(
      keyBody(
        [
          { id: 4000, quantity: 10 },
          { id: 4134, quantity: 10 },
        ],
        { fiscal: FISCAL },
      ),
    )
    const erp = world.open('erp')
    const products: number[] = []
    for (let at = 1; at <= 20; at += 1) {
      products.push(take(erp, 'fiscal', { owner: `u${at}`, group: '01' }).product)
      if (at % 7 === 0) failOver(world)
    }
    t.same(products, [...Array(10).fill(4134), ...Array(10).fill(4000)], 'specific before generic')
    const detail = refused(checkout(erp, 'fiscal', { owner: 'u21', group: '01' }))
    t.equal(detail.cause, 'exhausted')
    t.equal((detail.tried as unknown[]).length, FISCAL.length)
    t.match((detail.tried as unknown[])[0], { product: 4134, total: 10, used: 10, outcome: 'exhausted' })
    t.match((detail.tried as unknown[])[1], { product: 4145, outcome: 'notInContract' })
    t.equal((detail.holders as unknown[]).length, 20)
    t.match(
      take(erp, 'fiscal', { owner: 'u12', group: '01' }),
      { product: 4000, status: 'waived' },
      'shared first',
    )
    failOver(world)
    world.install(
      keyBody(
        [
          { id: 4000, quantity: 10 },
          { id: 4134, quantity: 11 },
        ],
        { fiscal: FISCAL },
        { serial: 2 },
      ),
    )
    t.equal(take(erp, 'fiscal', { owner: 'u21', group: '01' }).product, 4134)
  })
})

await t.test('a web service does not eat the seats reserved for people', async (t) => {
  twice((failOver) => {
    const world = new LicenseWorld()
    world.install(keyBody([{ id: 4000, quantity: 5 }]))
    const admin = world.open('admin')
    const reserve = {
      kind: 'reserve',
      product: 4000,
      subject: { type: 'group', value: 'people' },
      amount: 3,
    } as const
    t.equal(outcome(admin.do({ op: 'license.rules', version: 1, rules: [reserve] })), 'ok')
    const service = world.open('service')
    take(service, 4000, { owner: 'w1', group: 'ws' })
    failOver(world)
    take(service, 4000, { owner: 'w2', group: 'ws' })
    const detail = refused(checkout(service, 4000, { owner: 'w3', group: 'ws' }))
    t.match(detail, {
      cause: 'reservedForOthers',
      rule: reserve,
      tried: [{ used: 2, reserved: 3, total: 5 }],
    })
    failOver(world)
    for (const owner of ['p1', 'p2', 'p3']) take(service, 4000, { owner, group: 'people' })
    t.equal(outcome(checkout(service, 4000, { owner: 'p4', group: 'people' })), 'exhausted')
    t.equal(world.view(4000).reserved, 0)
  })
})

await t.test('stateless requests take one unit each and find none when none is free', async (t) => {
  twice((failOver) => {
    const world = new LicenseWorld()
    world.install(keyBody([{ id: 4199, quantity: 3, consumerKey: [] }]))
    const rest = world.open('rest')
    for (let round = 0; round < 20; round += 1) {
      const all = ['a', 'b', 'c'].map((owner) => take(rest, 4199, { owner, user: 'svc' }))
      t.equal(outcome(checkout(rest, 4199, { owner: 'd', user: 'svc' })), 'exhausted')
      if (round % 5 === 0) failOver(world)
      for (const [at, owner] of ['a', 'b', 'c'].entries()) t.equal(checkin(rest, all[at]!, owner), 'released')
    }
    t.equal(world.used(4199), 0)
    t.equal(world.view(4199).peak, 3)
  })
})

await t.test('a stored row that lists more units than the key makes none of them', async (t) => {
  const world = new LicenseWorld()
  world.install(keyBody([{ id: 4000, quantity: 1 }]))
  const rows = [...world.ledger.rows()].map(({ key, value }) => {
    if (!key.startsWith('p/4000')) return { key, value }
    return { key, value: JSON.parse(JSON.stringify(value).replaceAll('"production":1', '"production":50')) }
  })
  t.notSame(rows, [...world.ledger.rows()], 'the row was changed')
  const restored = Ledger.restore(rows, { sink: world })
  const { products } = granted(restored.query({ op: 'license.list', installation: 'production' }))
  t.match(products, [{ product: 4000, total: 1 }])
})
