import { chmodSync } from 'node:fs'
import type { InternalCommand } from '@tranca/ledger'
import {
  type EmergencyKey,
  formatKeyFile,
  generateKeyPair,
  type KeyBody,
  type LicenseKey,
  type Product,
  signKey,
  verifyBorrowToken,
} from '@tranca/license-key'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { LicenseCalendar } from '../src/duties/license-calendar.ts'
import { openNode } from '../src/index.ts'
import { checkKeyFile } from '../src/licenses/key-desk.ts'
import { TestCluster, until } from './cluster-kit.ts'
import { dateIn, licenseKey } from './license-key-kit.ts'
import { VirtualClock } from './virtual-clock.ts'

const DAY_MS = 86_400_000
const vendor = generateKeyPair()
/** The installation's own. */
const ours = generateKeyPair()
const keys = t.testdir({ 'vendor.pem': vendor.publicKeyPem, 'borrow.pem': ours.privateKeyPem })
const vendorPublicKey = `${keys}/vendor.pem`
const borrowKey = `${keys}/borrow.pem`
chmodSync(borrowKey, 0o600)
const today = dateIn(0)

const FULL: Product = {
  id: 4_000,
  name: 'Full',
  nature: 'concurrent',
  quantity: 2,
  consumerKey: ['user', 'group'],
}
const FISCAL: Product = {
  id: 4_134,
  name: 'Fiscal',
  nature: 'concurrent',
  quantity: 1,
  consumerKey: ['user', 'group'],
}
const SLAVES: Product = { id: 4_092, name: 'TOP_USER', nature: 'concurrent', quantity: 3 }

function licenseOf(serial: number, products: readonly Product[], more: Partial<LicenseKey> = {}): LicenseKey {
  const features = [{ id: 'fiscal', name: 'Fiscal', products: [4_134, 4_000] }]
  return licenseKey({ serial, products, features, ...more })
}

function fileOf(body: KeyBody, privateKeyPem = vendor.privateKeyPem): string {
  return formatKeyFile(signKey(body, privateKeyPem))
}

const first = fileOf(licenseOf(1, [FULL, FISCAL, SLAVES]))

async function licensed(t: Test, size: number, more: object = {}): Promise<TestCluster> {
  return await TestCluster.start(t, size, { license: { vendorPublicKey }, ...more })
}

async function failure(promise: Promise<unknown>): Promise<{ code?: string; detail?: unknown }> {
  try {
    await promise
  } catch (error) {
    return error as { code?: string }
  }
  throw new Error('it did not fail')
}

t.test('the leader tells the ledger what day it is, at its start and hourly (O11)', async (t) => {
  const clock = new VirtualClock()
  const told: InternalCommand[] = []
  const replica = {
    isServing: false,
    leadership: { term: 1, role: 'leader' as const, leader: 1 },
    proposeInternal: (command: InternalCommand) => void told.push(command),
  }
  const calendar = new LicenseCalendar({ replica, clock })
  calendar.tick()
  t.equal(told.length, 0, 'not as long as it does not serve')
  replica.isServing = true
  calendar.tick()
  calendar.tick()
  t.same(told, [{ op: 'license.calendar', wallMs: 1_795_000_001_000 }])
  clock.wallOffsetMs += 30 * DAY_MS
  clock.advance(3_599_999)
  calendar.tick()
  t.equal(told.length, 1, 'a jump of the wall clock hurries nothing')
  clock.advance(1)
  calendar.tick()
  t.equal(told.length, 2)
  replica.leadership = { ...replica.leadership, term: 2 }
  calendar.tick()
  t.equal(told.length, 3, 'a new term tells again')
})

t.test('a key file is checked before the ledger sees it', async (t) => {
  const us = { publicKeyPem: vendor.publicKeyPem, keyId: vendor.keyId, installationId: undefined }
  const good = checkKeyFile(first, us)
  t.match(good, { ok: true, command: { op: 'key.install', body: /^\{"customer":.*"serial":1,/ } })
  t.match(checkKeyFile(first, undefined), { ok: false, cause: 'noVendorKey' })
  t.match(checkKeyFile(first.replace('"quantity": 2', '"quantity": 9'), us), {
    cause: 'keyDamaged',
    detail: { field: 'signature' },
  })
  t.match(checkKeyFile('nonsense', us), { cause: 'keyDamaged' })
  const other = generateKeyPair()
  t.match(checkKeyFile(fileOf(licenseOf(1, [FULL]), other.privateKeyPem), us), {
    cause: 'keyOtherVendor',
    detail: { field: 'keyId', expected: new RegExp(vendor.keyId) },
  })
  t.match(checkKeyFile(first, { ...us, installationId: 'example-2' }), {
    cause: 'keyForOther',
    detail: { installationId: 'example-1', expected: 'example-2' },
  })
})

t.test('a key is installed by the leader: previewed, refused with the reason, remembered', async (t) => {
  const cluster = await licensed(t, 1)
  const { admin } = cluster
  const install = (file: string, dryRun = false) => admin.request({ op: 'key.install', file, dryRun })
  t.match(await admin.request({ op: 'key.show' }), { body: '', validity: { state: 'unlicensed' } })
  const session = await cluster.session()
  t.match(await failure(session.owner('u').license('fiscal', { user: 'ana' })), { code: 'notLicensed' })
  t.match(await install(first, true), {
    installed: false,
    serial: 1,
    added: [4_000, 4_092, 4_134],
    validity: 'valid',
  })
  t.match(await admin.request({ op: 'key.show' }), { body: '' }, 'a dry run changes nothing')
  t.match(await install(first), {
    installed: true,
    serial: 1,
    added: [4_000, 4_092, 4_134],
    validity: 'valid',
  })
  for (const dryRun of [true, false]) {
    const refused = async (body: KeyBody) => await failure(install(fileOf(body), dryRun))
    t.match(await failure(install(first, dryRun)), { code: 'keyReplayed' })
    const elsewhere = { installationId: 'example-2' }
    t.match(await refused(licenseOf(2, [FULL], elsewhere)), { code: 'keyForOther' })
    const old = { validFrom: dateIn(-60), validUntil: dateIn(-2) }
    t.match(await refused(licenseOf(2, [FULL], old)), { code: 'keyExpired' })
  }
  await session.owner('u1').license(4_000, { user: 'ana' })
  await session.owner('u2').license(4_000, { user: 'bia' })
  const smaller = fileOf(licenseOf(3, [{ ...FULL, quantity: 1 }, FISCAL], { validUntil: dateIn(10) }))
  const changes = {
    serial: 3,
    added: [],
    removed: [4_092],
    changed: [4_000],
    reducedBelowUse: [{ product: 4_000, installation: 'production', used: 2, total: 1 }],
    validity: 'contingency',
  }
  t.match(await install(smaller, true), { installed: false, ...changes })
  t.match(await install(smaller), { installed: true, ...changes }, 'the preview said the same')
  t.match(await failure(install(fileOf(licenseOf(2, [FULL])))), {
    code: 'keyOlder',
    detail: { have: 3, got: 2 },
  })
  t.match(await admin.request({ op: 'key.history' }), {
    keys: [{ serial: 1 }, { serial: 3, removed: [4_092] }],
  })
  const { grants } = await admin.request({ op: 'license.grants', limit: 10 })
  t.equal(grants.length, 2, 'what was granted stays')
  await cluster.stopNode(1)
  await cluster.startNode(1)
  t.match(
    await admin.request({ op: 'key.show' }, { deadlineMs: 20_000 }),
    { serial: 3 },
    'and a restart keeps it',
  )
})

t.test('an emergency key opens an ended license for its day, five times in three months', async (t) => {
  const cluster = await licensed(t, 1)
  const { admin } = cluster
  const emergency = (serial: number, day: string): EmergencyKey => ({
    format: 1,
    kind: 'emergency',
    serial,
    installationId: 'example-1',
    day,
    utcOffsetMinutes: 0,
    number: 1,
  })
  const install = (body: KeyBody, dryRun = false) =>
    admin.request({ op: 'key.install', file: fileOf(body), dryRun })
  await install(licenseOf(1, [FULL], { validFrom: dateIn(1) }))
  t.match(await admin.request({ op: 'license.validity' }), { state: 'restricted', reason: 'notYet' })
  t.match(await failure(install(emergency(2, dateIn(-1)))), { code: 'keyExpired' })
  t.match(await install(emergency(3, today), true), { kind: 'emergency', validity: 'emergency' })
  t.match(await install(emergency(3, today)), { kind: 'emergency', validity: 'emergency' })
  t.match(await failure(install(emergency(3, today), true)), { code: 'keyReplayed' })
  for (const serial of [4, 5, 6, 7]) await install(emergency(serial, today))
  for (const dryRun of [true, false]) {
    t.match(await failure(install(emergency(8, today), dryRun)), { code: 'emergencyExceeded' })
  }
  const user = (await cluster.session()).owner('u')
  t.equal((await user.license(4_000, { user: 'ana' })).status, 'inUse')
})

t.test('a failover in the middle: every unit, share, lease and place is as before', async (t) => {
  const cluster = await licensed(t, 3)
  const { admin } = cluster
  await admin.request({ op: 'key.install', file: first })
  const session = await cluster.session()
  const ana = await session.owner('u1').license('fiscal', { user: 'ana', group: '01' })
  t.match(ana, { product: 4_134, status: 'inUse' }, 'the specific product goes first')
  const again = await session.owner('u2').license('fiscal', { user: 'ana', group: '01' })
  t.match(again, { product: 4_134, status: 'waived', unit: ana.unit }, 'the same user shares the unit')
  const other = await session.owner('u3').license('fiscal', { user: 'ana', group: '02' })
  t.match(other, { product: 4_000, status: 'inUse' }, 'in another group it is a second unit')
  const bia = await session.owner('u4').license('fiscal', { user: 'bia', group: '01' })
  const pool = await session.owner('dbaccess').licensePool(4_092, 0, { host: 'db-1' })
  t.equal(pool.units, 3)
  await pool.take('slave-1')
  const waiting = session.owner('u5').license('fiscal', { user: 'carla', group: '01', waitMs: 60_000 })
  await until('the wait', async () => {
    const { products } = await admin.request({ op: 'license.list', installation: 'production' })
    return products.some(({ queued }) => queued === 1)
  })
  const before = await admin.request({ op: 'license.grants', limit: 100 })
  const leader = await cluster.leader()
  await cluster.stopNode(leader)
  const after = await admin.request({ op: 'license.grants', limit: 100 }, { deadlineMs: 30_000 })
  t.same(after, before)
  t.same(await pool.take('slave-1'), { taken: 1, units: 3 }, 'its holder has it still')
  await bia.release()
  t.match(await waiting, { product: 4_000, status: 'inUse', owner: 'u5' }, 'who waited gets the unit')
  const explained = await admin.request({
    op: 'license.explain',
    feature: 'fiscal',
    user: 'dora',
    group: '01',
  })
  t.match(explained, {
    would: 'refuse',
    cause: 'exhausted',
    tried: [
      { product: 4_134, used: 1, total: 1 },
      { product: 4_000, used: 2, total: 2 },
    ],
  })
  const refused = await failure(session.owner('u6').license('fiscal', { user: 'dora', group: '01' }))
  t.match(refused, {
    code: 'exhausted',
    detail: {
      cause: 'exhausted',
      feature: 'fiscal',
      tried: explained.tried,
      holders: explained.holders,
      queued: 0,
    },
  })
  const users = explained.holders.map(({ user }) => user)
  t.ok(
    ['ana', 'carla'].every((user) => users.includes(user)),
    'and names who holds them',
  )
  await cluster.startNode(leader)
  await cluster.whenEqual()
})

t.test('a bundle takes license, lock and number under one token, or nothing', async (t) => {
  const cluster = await licensed(t, 1)
  await cluster.admin.request({ op: 'key.install', file: first })
  const session = await cluster.session()
  const parts = (user: string) =>
    [
      { op: 'license.checkout', product: 4_134, user, group: '01' },
      { op: 'lock.acquire', locks: [{ name: 'SF2' }] },
      {
        op: 'sequence.reserve',
        name: 'nf',
        scope: { company: '01', branch: '0101' },
        spec: { kind: 'gapless', digits: 'decimal', width: 9, start: '000000001' },
      },
    ] as const
  const bundle = await session.owner('u1').bundle(parts('ana'))
  const [grant, lock, number] = bundle.held
  t.match(grant, { product: 4_134, status: 'inUse' })
  t.equal(lock.token, bundle.token)
  t.equal(number.value, '000000001')
  t.match(await failure(session.owner('u2').bundle(parts('bia'))), {
    code: 'exhausted',
    detail: { part: 0, holders: [{ user: 'ana' }] },
  })
  await grant.release()
  const held = await failure(session.owner('u2').bundle(parts('bia')))
  t.match(held, { code: 'held', detail: { part: 1, name: 'SF2' } })
  const { grants } = await cluster.admin.request({ op: 'license.grants', limit: 10 })
  t.same(grants, [], 'the license of the refused bundle was not taken')
  await number.confirm()
  await lock.release()
  const next = await session.owner('u2').bundle(parts('bia'))
  t.equal(next.held[2].value, '000000002')
  t.ok(next.token > bundle.token)
})

t.test(
  'a borrowed unit has a signed token, is returned early, and rules limit how many there are',
  async (t) => {
    const cluster = await licensed(t, 1, { license: { vendorPublicKey, borrowKey } })
    const { admin } = cluster
    await admin.request({ op: 'key.install', file: first })
    const session = await cluster.session()
    const owner = session.owner('u1')
    const until = Date.now() + 2 * DAY_MS
    const ana = await owner.borrow(4_000, { user: 'ana', until: new Date(until) })
    t.match(verifyBorrowToken(ana.token, ours.publicKeyPem, Date.now()), {
      ok: true,
      token: {
        body: {
          kind: 'borrow',
          installationId: 'example-1',
          product: 4_000,
          user: 'ana',
          units: 1,
          borrow: ana.borrow,
          until: new Date(until).toISOString(),
        },
      },
    })
    t.match(verifyBorrowToken(ana.token, ours.publicKeyPem, until), { ok: false, cause: 'expired' })
    const bia = await owner.borrow(4_000, { user: 'bia', until })
    t.match(await failure(owner.borrow(4_000, { user: 'caio', until })), { code: 'exhausted' })
    await session.close()
    await cluster.stopNode(1)
    await cluster.startNode(1)
    const again = await admin.request(
      { op: 'license.borrowToken', borrow: ana.borrow },
      { deadlineMs: 20_000 },
    )
    t.equal(again.token, ana.token, 'the same token, whoever leads')
    t.match(await admin.request({ op: 'license.borrowed', limit: 10 }), {
      borrows: [
        { borrow: ana.borrow, user: 'ana', untilMs: until },
        { borrow: bia.borrow, user: 'bia' },
      ],
    })
    const next = await cluster.session()
    const later = next.owner('u2')
    t.match(
      await failure(later.license(4_000, { user: 'caio' })),
      { code: 'exhausted' },
      'it outlives its session',
    )
    await next.request({ op: 'license.returnBorrowed', borrow: bia.borrow })
    t.match(await later.license(4_000, { user: 'caio' }), { status: 'inUse' }, 'what is returned is free')
    const gone = failure(admin.request({ op: 'license.borrowToken', borrow: bia.borrow }))
    t.match(await gone, { code: 'unknownBorrow' })
    const rule = {
      kind: 'borrowMax',
      product: 4_092,
      subject: { type: 'all', value: '' },
      amount: 1,
    } as const
    await next.request({ op: 'license.rules', version: 1, rules: [rule] })
    const one = await later.borrow(4_092, { user: 'dora', until })
    t.match(await failure(later.borrow(4_092, { user: 'eva', until })), {
      code: 'borrowExceeded',
      detail: { product: 4_092, borrowed: 1, max: 1, rule },
    })
    await one.return()
    t.match(await failure(one.return()), { code: 'unknownBorrow' })
    await later.borrow(4_092, { user: 'eva', until })
    t.match(await failure(next.request({ op: 'member.remove', id: 1 } as never)), { code: 'invalid' })
  },
)

t.test('without a key of the installation nothing is borrowed', async (t) => {
  const cluster = await licensed(t, 1)
  await cluster.admin.request({ op: 'key.install', file: first })
  const owner = (await cluster.session()).owner('u1')
  const refused = failure(owner.borrow(4_000, { user: 'ana', until: Date.now() + DAY_MS }))
  t.match(await refused, { code: 'noBorrowKey' })
  t.match(await cluster.admin.request({ op: 'license.borrowed', limit: 10 }), { borrows: [] }, 'it went back')
})

t.test('the log says what became of the key, and nothing that is in it', async (t) => {
  const cluster = await licensed(t, 1)
  await cluster.stopNode(1)
  const lines: string[] = []
  const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) })
  cluster.nodes.set(1, await openNode(cluster.configOf(1), { logger }))
  await cluster.admin.request({ op: 'key.install', file: first }, { deadlineMs: 20_000 })
  const forged = first.replace('"quantity": 2', '"quantity": 9')
  t.match(await failure(cluster.admin.request({ op: 'key.install', file: forged })), { code: 'keyDamaged' })
  const log = lines.join('')
  t.match(log, /"serial":"1","msg":"license key installed"/)
  t.match(log, /"state":"valid","reason":"","msg":"license validity"/)
  for (const secret of [JSON.parse(first).signature, 'quantity', 'example-1', 'PUBLIC KEY']) {
    t.notOk(log.includes(secret), secret)
  }
})

t.test('licenses are metrics: units in use, validity, denials by cause', async (t) => {
  const cluster = await licensed(t, 1, { listen: { admin: '127.0.0.1:0' } })
  const page = async () =>
    await (await fetch(`http://${cluster.nodes.get(1)!.addresses.admin}/metrics`)).text()
  t.match(await page(), /tranca_license_validity\{state="unlicensed"\} 1/)
  await cluster.admin.request({ op: 'key.install', file: first })
  const session = await cluster.session()
  await session.owner('u1').license(4_134, { user: 'ana' })
  await failure(session.owner('u2').license(4_134, { user: 'bia' }))
  const text = await page()
  t.match(text, /tranca_license_units_in_use\{product="4134",name="Fiscal",installation="production"\} 1/)
  t.match(text, /tranca_license_units\{product="4000",name="Full",installation="production"\} 2/)
  t.match(text, /tranca_license_validity\{state="valid"\} 1/)
  t.match(text, /tranca_license_denials_total\{cause="exhausted"\} 1/)
})
