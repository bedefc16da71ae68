import { Ledger } from '@tranca/ledger'
import { formatKeyFile, generateKeyPair, signKey } from '@tranca/license-key'
import { openNodeStorage } from '@tranca/storage'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { LicenseIntegrity } from '../src/duties/license-integrity.ts'
import { checkKeyFile } from '../src/licenses/key-desk.ts'
import { TestCluster, until } from './cluster-kit.ts'
import { licenseKey } from './license-key-kit.ts'
import { VirtualClock } from './virtual-clock.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const vendor = generateKeyPair()
const other = generateKeyPair()
const keys = t.testdir({ 'vendor.pem': vendor.publicKeyPem, 'other.pem': other.publicKeyPem })
const license = { vendorPublicKey: `${keys}/vendor.pem` }
const body = licenseKey({ serial: 1 })
const file = formatKeyFile(signKey(body, vendor.privateKeyPem))

/** As if somebody had edited the checkpoint's row and its hash, so that a start sees nothing. */
async function editKey(directory: string, change: (row: Record<string, unknown>) => object): Promise<void> {
  const storage = await openNodeStorage({ directory, clusterId: 'test', nodeId: '1' })
  const row = storage.rows.find(({ key }) => key.startsWith('i/'))!
  const value = change(row.value as Record<string, unknown>)
  await storage.checkpoint([{ key: row.key, value }], storage.meta)
  await storage.close()
}

/** A cluster of one whose key is in its checkpoint. */
async function installed(t: Test): Promise<TestCluster> {
  const cluster = await TestCluster.start(t, 1, {
    license,
    checkpoint: { entries: 1 },
    listen: { admin: '127.0.0.1:0' },
  })
  await cluster.admin.request({ op: 'key.install', file })
  const session = await cluster.session()
  await session.owner('u').withLock('SA1', async () => {})
  await session.close()
  await cluster.stopNode(1)
  return cluster
}

async function whenState(cluster: TestCluster, state: string) {
  await until(`validity ${state}`, async () => {
    const found = await cluster.admin.request({ op: 'license.validity' }, { deadlineMs: 20_000 })
    return found.state === state
  })
  return await cluster.admin.request({ op: 'license.validity' })
}

t.test('a stored key that was changed restricts the licenses until a good one is installed', async (t) => {
  const cluster = await installed(t)
  await editKey(cluster.dataOf(1), (row) => {
    return { ...row, body: (row.body as string).replace('"quantity":2', '"quantity":9') }
  })
  const lines: string[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) })
  await cluster.startNode(1, {}, logger)
  t.match(await whenState(cluster, 'restricted'), { reason: 'damaged', serial: 1 })
  const owner = (await cluster.session()).owner('u1')
  await t.rejects(owner.license(4_000, { user: 'ana' }), { code: 'restricted' })
  const page = async () =>
    await (await fetch(`http://${cluster.nodes.get(1)!.addresses.admin}/metrics`)).text()
  t.match(await page(), /tranca_license_validity\{state="restricted"\} 1/)
  const log = lines.join('')
  t.match(log, /"serial":1,"reason":"damaged","msg":"the stored license key fails its check"/)
  t.match(log, /"state":"restricted","reason":"damaged","msg":"license validity"/)
  t.match(await cluster.admin.request({ op: 'key.install', file, dryRun: true }), { validity: 'valid' })
  t.match(await cluster.admin.request({ op: 'key.install', file }), { serial: 1, validity: 'valid' })
  await t.rejects(cluster.admin.request({ op: 'key.install', file }), { code: 'keyReplayed' })
  t.match(await cluster.admin.request({ op: 'license.list', installation: 'production' }), {
    products: [{ product: 4_000, total: 2 }],
  })
  t.match(await owner.license(4_000, { user: 'ana' }), { status: 'inUse' })
})

t.test('a stored key without its signature, or of another vendor, is restricted as well', async (t) => {
  const cluster = await installed(t)
  await cluster.startNode(1, { license: { vendorPublicKey: `${keys}/other.pem` } })
  t.match(await whenState(cluster, 'restricted'), { reason: 'otherVendor' })
  await cluster.stopNode(1)
  await cluster.startNode(1)
  t.match(await whenState(cluster, 'valid'), { reason: '' }, 'the mistake was put right')
  await cluster.stopNode(1)
  await cluster.startNode(1, { license: { ...license, installationId: 'example-2' } })
  t.match(await whenState(cluster, 'restricted'), { reason: 'otherInstallation' })
  await cluster.stopNode(1)
  await editKey(cluster.dataOf(1), ({ signature: _, keyId: __, ...row }) => row)
  await cluster.startNode(1)
  await until('the second check', async () => {
    const { reason } = await cluster.admin.request({ op: 'license.validity' }, { deadlineMs: 20_000 })
    return reason === 'unsigned'
  })
})

t.test('the leader checks when it begins to serve, and daily', async (t) => {
  const clock = new VirtualClock()
  const ledger = new Ledger({ sink: { answer: () => {}, event: () => {} } })
  const proposed: unknown[] = []
  const asked: number[] = []
  const replica = {
    isServing: false,
    leadership: { term: 1, role: 'leader' as const, leader: 1 },
    proposeInternal: (command: unknown) => void proposed.push(command),
  }
  let installedKey = file
  let index = 0
  const install = () => {
    const checked = checkKeyFile(installedKey, { ...vendor, installationId: undefined })
    if (!checked.ok) throw new Error(checked.cause)
    ledger.begin({ index: ++index, term: 1, timeMs: 0, wallMs: Date.now() })
    ledger.applyInternal({ ...checked.command, keyId: index === 1 ? checked.command.keyId! : other.keyId })
  }
  const integrity = new LicenseIntegrity({
    replica,
    ledger: () => ({
      query: (read) => {
        asked.push(clock.nowMs())
        return ledger.query(read)
      },
    }),
    vendor: { ...vendor, installationId: undefined },
    clock,
    logger: pino({ level: 'silent' }),
  })
  integrity.tick()
  t.equal(asked.length, 0, 'a follower checks nothing')
  replica.isServing = true
  integrity.tick()
  integrity.tick()
  t.equal(asked.length, 1, 'at the start of its term')
  install()
  clock.advance(DAY_MS - 1)
  integrity.tick()
  t.equal(asked.length, 1)
  clock.advance(1)
  integrity.tick()
  t.equal(asked.length, 2, 'and a day later')
  t.same(proposed, [], 'a good key is no news')
  installedKey = formatKeyFile(signKey({ ...body, serial: 2 }, vendor.privateKeyPem))
  install()
  replica.leadership = { ...replica.leadership, term: 2 }
  integrity.tick()
  t.same(proposed, [{ op: 'license.restrict', reason: 'otherVendor' }])
})
