// Licenses on `tranca dev`, as a developer of an ERP tries them: with the keys of a vendor and an installation.
import { join } from 'node:path'
import { connect } from '@tranca/client'
import { generateKeyPair, type LicenseKey } from '@tranca/license-key'
import t from 'tap'
import { formatMoment } from '../src/durations.ts'
import { exitCodes } from '../src/exit-codes.ts'
import { start, tranca, trancaJson, until } from './kit.ts'
import { dateIn, fullProduct, licenseKey, writeKeyFile } from './license-key-kit.ts'

const DAY_MS = 86_400_000
const vendor = generateKeyPair()
const state = t.testdir({ 'vendor.pem': vendor.publicKeyPem })
const keys = join(state, 'keys')
const here = { state }

const first = licenseKey({
  serial: 1,
  products: [
    fullProduct(1),
    { id: 4_020, name: 'Portal', nature: 'concurrent', quantity: 1, consumerKey: ['owner'] },
  ],
})

async function install(key: LicenseKey): Promise<void> {
  await trancaJson(['key', 'install', writeKeyFile(state, key, vendor), '--yes'], here)
}

await trancaJson(['key', 'borrow-keypair', '--out', keys], here)
const directory = ['--dir', join(state, 'dev'), '--members', '1']
const files = ['--vendor-key', join(state, 'vendor.pem'), '--borrow-key', join(keys, 'borrow-private.pem')]
const dev = start(['dev', ...directory, ...files, '-o', 'json'], here)
t.teardown(async () => {
  dev.kill('SIGINT')
  await dev.ended
})
await until('the cluster is ready', () => dev.stdout().endsWith('}\n'))
const { addresses } = JSON.parse(dev.stdout()) as { addresses: string[] }

await t.test('dev --borrow-key: units are borrowed with a token at once', async (t) => {
  await install(first)
  const token = join(state, 'ana.token')
  const done = await tranca(['license', 'borrow', '4000', 'ana', '--until', dateIn(3), '--out', token], here)
  t.equal(done.code, 0, done.stderr)
  const publicKey = ['--public-key', join(keys, 'borrow-public.pem')]
  const checked = await tranca(['license', 'check-token', token, ...publicKey], here)
  t.match(checked.stdout, /a unit of product 4000 for 'ana'/)
})

await t.test('explain --owner: the answer for one owner of a session, whose unit it has', async (t) => {
  const session = await connect({ addresses, namespace: 'production', client: 'erp-1' })
  t.teardown(() => session.close({ deadlineMs: 1_000 }))
  await session.owner('u1').license(4_020, { user: 'ana' })
  const asked = ['license', 'explain', '4020', '--session', String(session.id)]
  const own = await tranca([...asked, '--owner', 'u1'], here)
  t.equal(own.code, 0, own.stderr)
  t.match(own.stdout, /It would be granted now: product 4020, waived/)
  const other = await tranca([...asked, '--owner', 'u2'], here)
  t.equal(other.code, exitCodes.refused)
  t.match(other.stdout, /No unit is free: Portal \(4020\) 1\/1\. Held by .*u1 of erp-1/)
})

await t.test('key show and status tell the last online validation, if the key wants one', async (t) => {
  const online = /Last online validation: (.+)\. 5 days without one are tolerated\./
  for (const command of [['key', 'show'], ['status']]) {
    const plain = await tranca(command, here)
    t.match(plain.stdout, /Key 1 of 'Example': valid, until/)
    t.notMatch(plain.stdout, /online validation/)
  }
  await install({ ...first, serial: 2, onlineValidation: { toleranceDays: 5 } })
  const { license } = await trancaJson<{ license: { validatedMs: number } }>(['status'], here)
  t.match(license, { serial: 2, state: 'valid', toleranceDays: 5 })
  t.ok(Math.abs(license.validatedMs - Date.now()) < DAY_MS)
  for (const command of [['key', 'show'], ['status']]) {
    const shown = await tranca(command, here)
    t.equal(online.exec(shown.stdout)?.[1], formatMoment(license.validatedMs), command.join(' '))
  }
  const portuguese = await tranca(['status', '--lang', 'pt-BR'], here)
  t.match(portuguese.stdout, /Última validação on-line: .*\. Toleram-se 5 dias sem nenhuma\./)
})
