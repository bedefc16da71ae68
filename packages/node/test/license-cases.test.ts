// The field's cases (domain section 2 and 3) on real members, with a leader that dies in the middle of each: it
// hands nothing over. After each death every unit, place, peak and refusal is as before, and the case goes on.
import { chmodSync } from 'node:fs'
import type { Grant, RefusedError, Session } from '@tranca/client'
import {
  formatKeyFile,
  generateKeyPair,
  type KeyBody,
  type LicenseKey,
  type Product,
  signKey,
  verifyBorrowToken,
} from '@tranca/license-key'
import t, { type Test } from 'tap'
import { TestCluster, until } from './cluster-kit.ts'
import { dateIn, licenseKey } from './license-key-kit.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const vendor = generateKeyPair()
/** The installation's own. */
const ours = generateKeyPair()
const files = t.testdir({ 'vendor.pem': vendor.publicKeyPem, 'borrow.pem': ours.privateKeyPem })
chmodSync(`${files}/borrow.pem`, 0o600)
const license = { vendorPublicKey: `${files}/vendor.pem`, borrowKey: `${files}/borrow.pem` }

/** Noon, so that no day ends while the cases run. */
const wallOffsetMs = DAY_MS / 2 - (Date.now() % DAY_MS)
const cluster = await TestCluster.start(t, 3, { license }, { wallOffsetMs, directory: files })
const { admin } = cluster

function day(days: number): string {
  return dateIn(days, Date.now() + cluster.wallOffsetMs)
}

const FISCAL = [4134, 4145, 4135, 4177, 4107, 4160, 4161, 4004, 3999, 4016, 4017, 4000, 4099]
const ON_DEMAND: Product = {
  id: 4177,
  name: 'Light OnDemand',
  nature: 'onDemand',
  quantity: 100,
  metric: 'employees',
}
/** The window of the field's case is 30 s; a tenth of it shows the same. */
const WINDOW_MS = 3_000
const PRODUCTS: readonly Product[] = [
  { id: 4000, name: 'Full', nature: 'concurrent', quantity: 10 },
  {
    id: 4001,
    name: 'TOTVS I',
    nature: 'concurrent',
    quantity: 10,
    consumerKey: [],
    reuse: { windowMs: WINDOW_MS, from: 'acquire' },
  },
  { id: 4007, name: 'Dev Test', nature: 'concurrent', quantity: 2 },
  { id: 4108, name: 'Intera', nature: 'named', quantity: 2 },
  { id: 4091, name: 'TOP_PROCESSOR', nature: 'processing', quantity: 6, consumerKey: ['host'] },
  { id: 4092, name: 'TOP_USER', nature: 'concurrent', quantity: 10 },
  { id: 4134, name: 'Fiscal', nature: 'concurrent', quantity: 10 },
  {
    id: 4199,
    name: 'REST Line',
    nature: 'concurrent',
    quantity: 4,
    consumerKey: [],
    reuse: { windowMs: 60_000, from: 'release' },
  },
]

function keyOf(serial: number, products: readonly Product[], more: Partial<LicenseKey> = {}): LicenseKey {
  const features = [
    { id: 'fiscal', name: 'Fiscal', products: FISCAL },
    { id: 'billing', name: 'Billing', products: [4000] },
    { id: 'finance', name: 'Finance', products: [4000] },
    { id: 'module7', name: 'MODULE=7', products: [4177, 4001] },
  ]
  return licenseKey({ serial, products, features, ...more }, Date.now() + cluster.wallOffsetMs)
}

async function install(body: KeyBody) {
  return await admin.request({ op: 'key.install', file: formatKeyFile(signKey(body, vendor.privateKeyPem)) })
}

/** All that must not change with the leader. Resting units pass away by themselves, and use grows with time. */
async function state() {
  const [list, grants, borrowed, denials, usage, validity, rules] = await Promise.all([
    admin.request({ op: 'license.list' }, { deadlineMs: 30_000 }),
    admin.request({ op: 'license.grants', limit: 1_000 }),
    admin.request({ op: 'license.borrowed', limit: 1_000 }),
    admin.request({ op: 'license.denials', limit: 1_000 }),
    admin.request({
      op: 'license.usage',
      fromMs: 0,
      toMs: Date.now() + 30 * DAY_MS,
      by: 'user',
      limit: 1_000,
    }),
    admin.request({ op: 'license.validity' }),
    admin.request({ op: 'license.rulesGet' }),
  ])
  const { state, reason, serial, emergencies } = validity
  return {
    products: list.products.map(({ resting: _, ...product }) => product),
    peaks: list.peaks,
    grants: grants.grants,
    borrows: borrowed.borrows,
    denials: denials.denials,
    usage: usage.rows.map(({ unitMs: _, ...row }) => row),
    validity: { state, reason, serial, emergencies },
    rules,
  }
}

let deaths = 0

/** The leader dies; nothing that anybody can read has changed; the dead one comes back. */
async function leaderDies(t: Test): Promise<void> {
  await cluster.whenEqual()
  const leader = await cluster.leader()
  const before = await state()
  await cluster.crashNode(leader)
  const after = await state()
  t.same(after, before, `death ${++deaths} of a leader, n${leader}: all is as before`)
  await cluster.startNode(leader)
}

/** Meanwhile requests go on: what they change is not compared. */
async function leaderDiesAtWork(): Promise<void> {
  await cluster.whenEqual()
  const leader = await cluster.leader()
  deaths += 1
  await cluster.crashNode(leader)
  await admin.request({ op: 'license.list' }, { deadlineMs: 30_000 })
  await cluster.startNode(leader)
}

async function refusal(promise: Promise<unknown>): Promise<RefusedError> {
  try {
    await promise
  } catch (error) {
    return error as RefusedError
  }
  throw new Error('it was not refused')
}

async function viewOf(product: number) {
  const { products } = await admin.request({ op: 'license.list', installation: 'production' })
  return products.find((each) => each.product === product)!
}

async function releaseAll(grants: readonly Grant[]): Promise<void> {
  await Promise.all(grants.map((grant) => grant.release()))
}

/** A process of the ERP. */
async function program(client: string): Promise<Session> {
  return await cluster.session({ client, ttlMs: 120_000 })
}

await install(keyOf(1, PRODUCTS))

await t.test('DBAccess: slaves on machines of 2 and 4 cores take 6 units', async (t) => {
  const slave = (await program('slave-1')).owner('slave-1')
  const first = await slave.license(4091, { host: 'm2', units: 2 })
  await leaderDies(t)
  const second = await (await program('slave-2')).owner('slave-2').license(4091, { host: 'm4', units: 4 })
  t.match([first, second], [{ units: 2 }, { units: 4, status: 'inUse' }])
  t.match(await viewOf(4091), { used: 6, available: 0 })
  t.match(await refusal(slave.license(4091, { host: 'm1', units: 1 })), { code: 'exhausted' })
  await releaseAll([first, second])
})

await t.test('DBAccess: two slaves on one machine of 2 cores take 2 units', async (t) => {
  const first = await (await program('slave-1')).owner('slave-1').license(4091, { host: 'm2', units: 2 })
  await leaderDies(t)
  const second = await (await program('slave-2')).owner('slave-2').license(4091, { host: 'm2', units: 2 })
  t.match(second, { status: 'waived', unit: first.unit })
  t.match(await viewOf(4091), { used: 2, inUse: 1, waived: 1 })
  t.equal(await first.release(), 'shared')
  t.match(await viewOf(4091), { used: 2 })
  t.equal(await second.release(), 'released')
})

await t.test(
  'DBAccess: two slaves beside the master on 4 cores and two on 2 cores take 6 units',
  async (t) => {
    const master = (await program('master')).owner('master')
    const asked = await master.license(4091, { host: 'm4', mode: 'query' })
    const pool = await master.licensePool(4092, 0, { host: 'm4' })
    t.equal(pool.units, 10, 'the master takes all that are free')
    const grants = [asked]
    for (const [name, host, units] of [
      ['s1', 'm4', 4],
      ['s2', 'm4', 4],
      ['s3', 'm2', 2],
    ] as const) {
      grants.push(await (await program(name)).owner(name).license(4091, { host, units }))
      await pool.take(`${name}/1`)
    }
    await leaderDies(t)
    grants.push(await (await program('s4')).owner('s4').license(4091, { host: 'm2', units: 2 }))
    t.match(await viewOf(4091), { used: 6, query: 1, inUse: 2, waived: 2 })
    t.same(
      await pool.take('s1/1'),
      { taken: 3, units: 10 },
      'a holder of before the death takes nothing more',
    )
    t.same(await pool.take('s4/1'), { taken: 4, units: 10 })
    await pool.release()
    await releaseAll(grants)
  },
)

await t.test('TOTVS I: R1 takes L1, R2 takes L1 again, R3.1 and R3.2 take L2 and L3', async (t) => {
  const session = await program('rest')
  const request = (name: string) => session.owner(name).license(4001, { host: 'portal' })
  const r1 = await request('R1')
  t.equal(r1.unit, 1)
  t.equal(await r1.release(), 'resting')
  await leaderDies(t)
  const r2 = await request('R2')
  t.equal(r2.unit, 1, 'L1 rests through the death of a leader')
  t.equal(await r2.release(), 'resting')
  await until('L1 is over age', async () => (await viewOf(4001)).resting === 0)
  const r31 = await request('R3.1')
  await leaderDies(t)
  const r32 = await request('R3.2')
  t.same([r31.unit, r32.unit], [2, 3])
  await releaseAll([r31, r32])
})

await t.test('a user in two functions of one group takes one unit, in two groups two', async (t) => {
  const session = await program('erp')
  const log = (owner: string, feature: string, group: string) =>
    session.owner(owner).license(feature, { user: 'ana', group })
  const billing = await log('t1', 'billing', '01')
  await leaderDies(t)
  const finance = await log('t2', 'finance', '01')
  t.match(finance, { status: 'waived', unit: billing.unit })
  t.match(await viewOf(4000), { used: 1 })
  const elsewhere = await log('t3', 'finance', '02')
  t.equal(elsewhere.status, 'inUse')
  t.match(await viewOf(4000), { used: 2, inUse: 2, waived: 1 })
  t.equal(await billing.release(), 'shared', 'the second function still uses it')
  await releaseAll([finance, elsewhere])
})

await t.test('the fiscal list with 10 units of each of two products refuses the 21st user', async (t) => {
  const session = await program('erp')
  const log = (at: number) => session.owner(`u${at}`).license('fiscal', { user: `u${at}`, group: '01' })
  const grants: Grant[] = []
  for (let at = 1; at <= 20; at += 1) {
    if (at === 8) await leaderDies(t)
    grants.push(await log(at))
  }
  const products = grants.map(({ product }) => product)
  t.same(products, [...Array(10).fill(4134), ...Array(10).fill(4000)], 'specific before generic')
  const { code, detail } = await refusal(log(21))
  t.equal(code, 'exhausted')
  t.equal((detail.tried as unknown[]).length, FISCAL.length)
  t.match(
    (detail.tried as { product: number }[]).filter(({ product }) => product === 4134 || product === 4000),
    [
      { product: 4134, used: 10, total: 10 },
      { product: 4000, used: 10, total: 10 },
    ],
  )
  await leaderDies(t)
  t.equal((await refusal(log(21))).code, 'exhausted')
  await grants[12]!.release()
  const last = await log(21)
  t.equal(last.product, 4000)
  await releaseAll([...grants.filter((_, at) => at !== 12), last])
})

await t.test('a web service does not eat the seats reserved for people', async (t) => {
  const session = await program('erp')
  const { version } = await admin.request({ op: 'license.rulesGet' })
  const reserve = {
    kind: 'reserve',
    product: 4000,
    subject: { type: 'group', value: 'people' },
    amount: 6,
  } as const
  await session.request({ op: 'license.rules', version: version + 1, rules: [reserve], usageDays: 45 })
  const log = (owner: string, group: string) => session.owner(owner).license(4000, { user: owner, group })
  const grants: Grant[] = []
  for (let at = 1; at <= 4; at += 1) grants.push(await log(`ws${at}`, 'ws'))
  await leaderDies(t)
  t.match(await refusal(log('ws5', 'ws')), {
    code: 'reservedForOthers',
    detail: { rule: reserve, tried: [{ used: 4, reserved: 6, total: 10 }] },
  })
  for (let at = 1; at <= 6; at += 1) grants.push(await log(`p${at}`, 'people'))
  t.match(await refusal(log('p7', 'people')), { code: 'exhausted' })
  t.match(
    await admin.request({ op: 'license.rulesGet' }),
    { usageDays: 45 },
    'and so is how long usage is kept',
  )
  await releaseAll(grants)
  await session.request({ op: 'license.rules', version: version + 2, rules: [] })
})

await t.test(
  'stateless requests at rate: each gets its answer, never more units than there are',
  async (t) => {
    const session = await program('rest')
    let answered = 0
    let exhausted = 0
    let isOver = false
    const worker = async (name: string): Promise<void> => {
      for (let at = 0; !isOver; at += 1) {
        try {
          const unit = await session.owner(`${name}/${at}`).license(4199, { host: 'portal' })
          answered += 1
          await unit.release()
        } catch (error) {
          if ((error as RefusedError).code !== 'exhausted') throw error
          exhausted += 1
        }
      }
    }
    // One more than there are units: somebody is always refused.
    const workers = ['a', 'b', 'c', 'd', 'e'].map(worker)
    await until('the requests run', () => answered > 200)
    const before = answered
    await leaderDiesAtWork()
    await until('the requests run on', () => answered > before + 200)
    isOver = true
    await Promise.all(workers)
    t.ok(exhausted > 0, `${answered} answered, ${exhausted} refused`)
    t.match(await viewOf(4199), { used: 0, inUse: 0, peak: 4 }, 'all came back, and four were the most')
  },
)

await t.test('a borrowed unit and its token outlive leaders, and come back early', async (t) => {
  const session = await program('laptop')
  const now = () => Date.now() + cluster.wallOffsetMs
  const endMs = now() + 3 * DAY_MS
  const unit = await session.owner('laptop').borrow(4007, { user: 'otto', until: endMs })
  await session.close()
  await leaderDies(t)
  t.match(verifyBorrowToken(unit.token, ours.publicKeyPem, now()), { ok: true })
  const { token } = await admin.request({ op: 'license.borrowToken', borrow: unit.borrow })
  t.equal(token, unit.token, 'the next leader signs the very same')
  t.match(await viewOf(4007), { used: 1, borrowed: 1 }, 'and it counts')
  const back = await program('erp')
  await back.request({ op: 'license.returnBorrowed', borrow: unit.borrow })
  await leaderDies(t)
  t.match(await viewOf(4007), { used: 0, borrowed: 0 })
  t.match(await refusal(admin.request({ op: 'license.borrowToken', borrow: unit.borrow })), {
    code: 'unknownBorrow',
  })
})

await t.test('O10: queues, peaks and named users are identical after a failover', async (t) => {
  const session = await program('erp')
  const named = await session.owner('n1').license(4108, { user: 'nina' })
  await named.release()
  const log = (user: string, more: object = {}) => session.owner(user).license(4007, { user, ...more })
  const first = await log('a')
  const second = await log('b')
  const got: string[] = []
  const waiting = [
    ['c', 0],
    ['d', 5],
    ['e', 0],
  ] as const
  const waits: Promise<Grant>[] = []
  for (const [user, priority] of waiting) {
    const wait = log(user, { waitMs: 60_000, priority })
    wait.then(
      () => got.push(user),
      () => {},
    )
    waits.push(wait)
    const place = waits.length
    await until(`${user} waits`, async () => (await viewOf(4007)).queued === place)
  }
  await leaderDies(t)
  t.match(await viewOf(4007), { used: 2, queued: 3, peak: 2, peakConnections: 2 })
  t.match(await viewOf(4108), { assigned: 1, used: 1, inUse: 0 })
  await first.release()
  const d = await waits[1]!
  await leaderDies(t)
  await second.release()
  const c = await waits[0]!
  await d.release()
  const e = await waits[2]!
  t.same(got, ['d', 'c', 'e'], 'by priority, then as they came')
  await releaseAll([c, e])
})

await t.test('MODULE=7 uses OnDemand if the customer has it, else falls back to 4001', async (t) => {
  const session = await program('rest')
  const before = await session.owner('r1').license('module7', { user: 'svc' })
  t.equal(before.product, 4001)
  await leaderDies(t)
  t.match(await install(keyOf(2, [...PRODUCTS, ON_DEMAND])), { added: [4177] })
  await leaderDies(t)
  const after = await session.owner('r2').license('module7', { user: 'svc' })
  t.equal(after.product, 4177)
  await releaseAll([before, after])
})

await t.test('Light OnDemand has any number of users until the metric is reached', async (t) => {
  const session = await program('erp')
  const grants = await Promise.all(
    Array.from({ length: 300 }, (_, at) => session.owner(`u${at}`).license(4177, { user: `u${at}` })),
  )
  const report = (value: number) => session.request({ op: 'license.metric', product: 4177, value })
  t.match(await report(100), { value: 100, limit: 100 })
  await leaderDies(t)
  t.match(await refusal(report(101)), { code: 'metricExceeded', detail: { value: 100, wanted: 101 } })
  t.match(await viewOf(4177), { used: 100, inUse: 300 })
  grants.push(await session.owner('one more').license(4177, { user: 'one more' }))
  await install(keyOf(3, [...PRODUCTS, { ...ON_DEMAND, quantity: 90 }]))
  await leaderDies(t)
  t.match(await refusal(session.owner('x').license(4177, { user: 'x' })), { code: 'metricExceeded' })
  await report(90)
  grants.push(await session.owner('x').license(4177, { user: 'x' }))
  await releaseAll(grants)
})

await t.test('an emergency key: on its day, the day after, and a sixth in three months', async (t) => {
  const emergency = (serial: number) =>
    install({
      format: 1,
      kind: 'emergency',
      serial,
      installationId: 'example-1',
      day: day(0),
      utcOffsetMinutes: 0,
      number: 1,
    })
  const session = await program('erp')
  const log = (user: string) => session.owner(user).license(4000, { user, group: '01' })
  await install(keyOf(4, PRODUCTS, { validUntil: day(0) }))
  const early = await log('early')
  const aDayPasses = async (): Promise<void> => {
    cluster.wallOffsetMs += DAY_MS
    // The next leader tells the ledger what day it is.
    await cluster.whenEqual()
    const leader = await cluster.leader()
    await cluster.crashNode(leader)
    await until('the calendar', async () => {
      const { calendarMs } = await admin.request({ op: 'license.validity' }, { deadlineMs: 30_000 })
      return calendarMs > Date.now() + cluster.wallOffsetMs - HOUR_MS
    })
    await cluster.startNode(leader)
  }
  await aDayPasses()
  t.match(await admin.request({ op: 'license.validity' }), { state: 'expired' })
  t.match(await refusal(log('ana')), { code: 'expired' })
  t.match(await emergency(5), { validity: 'emergency' })
  await leaderDies(t)
  const ana = await log('ana')
  t.equal(ana.status, 'inUse', 'on its day')
  await aDayPasses()
  t.match(await refusal(log('bia')), { code: 'expired' }, 'the day after')
  t.match(await viewOf(4000), { used: 2 }, 'who has a unit keeps it')
  for (const serial of [6, 7, 8]) await emergency(serial)
  await leaderDies(t)
  t.match(await emergency(9), { validity: 'emergency' }, 'the fifth')
  await leaderDies(t)
  const sixth = await refusal(emergency(10))
  t.match(sixth, { code: 'emergencyExceeded', detail: { max: 5, months: 3 } })
  await releaseAll([early, ana])
})
