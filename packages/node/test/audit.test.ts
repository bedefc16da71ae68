import { formatKeyFile, generateKeyPair, type LicenseKey, signKey } from '@tranca/license-key'
import { type Change, nodeDisk, openNodeStorage, readDirectory } from '@tranca/storage'
import t, { type Test } from 'tap'
import { audit } from '../src/audit/audit.ts'
import { UnitBook } from '../src/audit/unit-book.ts'
import { auditDirectory } from '../src/index.ts'
import { TestCluster } from './cluster-kit.ts'
import { fullProduct, licenseKey } from './license-key-kit.ts'

const vendor = generateKeyPair()
const vendorPublicKey = `${t.testdir({ 'vendor.pem': vendor.publicKeyPem })}/vendor.pem`
function licenseOf(serial: number, quantity: number): LicenseKey {
  return licenseKey({ serial, products: [{ ...fullProduct(quantity), consumerKey: ['user', 'group'] }] })
}

function fileOf(body: LicenseKey): string {
  return formatKeyFile(signKey(body, vendor.privateKeyPem))
}

/** A node that gave out units, was reduced below what is in use, went on, and was stopped. */
async function worked(t: Test, checkpointEntries: number) {
  const checkpoint = { entries: checkpointEntries }
  const cluster = await TestCluster.start(t, 1, { license: { vendorPublicKey }, checkpoint })
  await cluster.admin.request({ op: 'key.install', file: fileOf(licenseOf(1, 3)) })
  const session = await cluster.session()
  const grants = []
  for (const user of ['ana', 'bia', 'carla']) {
    grants.push(await session.owner(user).license(4_000, { user, group: '01' }))
  }
  await cluster.admin.request({ op: 'key.install', file: fileOf(licenseOf(2, 2)) })
  await session.owner('x').withLock('SA1', async () => {})
  await grants[0]!.release()
  await session.owner('y').withLock('SA1', async () => {})
  await cluster.stopNode(1)
  return cluster.dataOf(1)
}

/** As if somebody had edited the checkpoint's rows: their hash is made anew, so a start sees nothing. */
async function edit(directory: string, change: (rows: readonly Change[]) => Change[]): Promise<void> {
  const { rows } = await readDirectory(nodeDisk(), directory)
  const storage = await openNodeStorage({ directory, clusterId: 'test', nodeId: '1' })
  await storage.checkpoint(change(rows), storage.meta)
  await storage.close()
}

t.test('a replay judges every committed entry after the checkpoint, and changes nothing', async (t) => {
  const directory = await worked(t, 1_000)
  const report = await auditDirectory(directory)
  t.match(report, { ok: true, clusterId: 'test', nodeId: '1', clean: true, products: 1 })
  t.equal(report.violation, undefined)
  t.ok(report.entries > 5 && report.commands > 5, `${report.entries} entries, ${report.commands} commands`)
  t.equal(report.entries, report.commit - report.checkpoint.index)
  const [production] = report.units
  t.match(production, { product: 4_000, name: 'Full', installation: 'production', inForce: 2, most: 3 })
  t.same(await auditDirectory(directory), report, 'a second look sees the same')
  const contents = await readDirectory(nodeDisk(), directory)
  const held = audit({ ...contents, commit: contents.commit - 2 })
  t.equal(held.entries, report.entries - 2, 'what is not known to be committed is not judged')
  t.equal(held.uncommitted, report.uncommitted + 2)
})

t.test('after a checkpoint, units that an earlier key allowed are no violation', async (t) => {
  const directory = await worked(t, 1)
  const report = await auditDirectory(directory)
  t.ok(report.ok, report.violation?.text ?? 'no violation')
  t.ok(report.checkpoint.index > 5)
})

t.test('more units than any key allowed are found, with product, installation and place', async (t) => {
  const directory = await worked(t, 1)
  await edit(directory, (rows) => {
    const seat = rows.find(({ key }) => key.startsWith('t/'))!
    return [{ key: seat.key, value: { ...(seat.value as object), units: 9 } }]
  })
  const { checkpoint, ...report } = await auditDirectory(directory)
  t.match(report, {
    ok: false,
    entries: 0,
    violation: {
      kind: 'units',
      index: checkpoint.index,
      text: 'product 4000 Full in production: 10 units in use, 2 in force',
      excess: { product: 4_000, installation: 'production', units: 10, inForce: 2 },
    },
  })
})

t.test('a state that contradicts itself is found, in the words of the invariant', async (t) => {
  const directory = await worked(t, 1)
  await edit(directory, (rows) => {
    const grant = rows.find(({ key }) => key.startsWith('d/'))!
    return [{ key: grant.key, value: undefined }]
  })
  const report = await auditDirectory(directory)
  t.match(report, { ok: false, violation: { kind: 'invariant', text: /seat \d+ of pool 4000/ } })
})

t.test('an entry that no version wrote is named', async (t) => {
  const contents = await readDirectory(nodeDisk(), await worked(t, 1_000))
  const at = contents.checkpoint.index + 2
  const entries = contents.entries.map((entry) =>
    entry.index === at ? { ...entry, type: 'normal' as const, data: Buffer.from([9, 9]) } : entry,
  )
  t.match(audit({ ...contents, entries }), {
    ok: false,
    entries: 1,
    violation: { kind: 'unreadable', index: at },
  })
})

t.test('the second count of units: a step may not pass what is in force, nor raise what is above it', (t) => {
  const book = new UnitBook()
  const key = (serial: number, quantity: number, overdraft = 0): Change => {
    const license = licenseOf(serial, quantity)
    const products = license.products.map((product) => ({ ...product, overdraft }))
    return {
      key: `i/${serial}`,
      value: { kind: 'license', serial, body: JSON.stringify({ ...license, products }) },
    }
  }
  const seat = (id: number, units: number): Change => ({
    key: `t/${id}`,
    value: { pool: '4000/production', units },
  })
  const step = (...changes: Change[]) => {
    book.take(changes, 1)
    return book.check()
  }
  t.equal(step(key(1, 3), seat(1, 3)), undefined)
  t.match(step(seat(2, 1)), { units: 4, inForce: 3 })
  t.equal(step({ key: 't/2', value: undefined }), undefined)
  t.equal(step(key(2, 1)), undefined, 'a key that took units away leaves what is in use')
  t.equal(step(seat(1, 2)), undefined, 'and it may shrink')
  t.match(step(seat(1, 3)), { units: 3, inForce: 1 }, 'but not grow')
  t.equal(step(key(3, 2, 2), seat(1, 4)), undefined, 'overdraft counts')
  const rule = { kind: 'overdraft', product: 0, subject: { type: 'all', value: '' }, amount: 1 }
  t.equal(step({ key: 'u/rules', value: { version: 1, rules: [rule] } }, seat(1, 3)), undefined)
  t.match(step(seat(1, 4)), { inForce: 3 }, 'as far as a rule lets it')
  t.match(
    book.counts().map(({ installation, inForce }) => [installation, inForce]),
    [
      ['production', 3],
      ['homologation', 3],
    ],
  )
  t.end()
})
