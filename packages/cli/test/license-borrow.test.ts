import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateKeyPair } from '@tranca/license-key'
import t from 'tap'
import { exitCodes } from '../src/exit-codes.ts'
import { startTestCluster, tranca, trancaJson } from './kit.ts'
import { dateIn, fullProduct, licenseKey, writeKeyFile } from './license-key-kit.ts'

const vendor = generateKeyPair()
const state = t.testdir({ 'vendor.pem': vendor.publicKeyPem })
const cluster = await startTestCluster(join(state, 'cluster'), 1, join(state, 'vendor.pem'))
t.teardown(() => cluster.close())
const here = { state, addresses: cluster.addresses }
const keys = join(state, 'keys')
const publicKey = ['--public-key', join(keys, 'borrow-public.pem')]
const token = join(state, 'ana.token')

await t.test('the key pair of the installation is made once, the private one for its owner', async (t) => {
  const made = await trancaJson<{ privateKeyFile: string }>(['key', 'borrow-keypair', '--out', keys], {
    state,
  })
  t.equal(statSync(made.privateKeyFile).mode & 0o777, 0o600)
  const again = await tranca(['key', 'borrow-keypair', '--out', keys], { state })
  t.equal(again.code, exitCodes.usage)
  t.match(again.stderr, /borrow-public\.pem exists/)
})

await t.test('a unit is borrowed with a token, listed, checked offline, and returned', async (t) => {
  const key = writeKeyFile(state, licenseKey({ serial: 1, products: [fullProduct(3)] }), vendor)
  await trancaJson(['key', 'install', key, '--yes'], here)
  const borrow = (user: string, ...more: string[]) =>
    tranca(['license', 'borrow', '4000', user, '--until', dateIn(3), ...more], here)
  const keyless = await borrow('ana', '--out', token)
  t.equal(keyless.code, exitCodes.refused)
  t.match(keyless.stderr, /names no key of the installation, .*tranca key borrow-keypair/)
  t.match((await borrow('ana', '--lang', 'pt-BR')).stderr, /não indica a chave da instalação/)
  const config = join(state, 'cluster', 'n1.yml')
  const text = readFileSync(config, 'utf8')
  const line = `  borrowKey: ${join(keys, 'borrow-private.pem')}\n`
  writeFileSync(config, text.replace(/^license:\n/m, `license:\n${line}`))
  await cluster.restart('n1')
  const done = await borrow('ana', '--out', token)
  t.equal(done.code, 0, done.stderr)
  t.match(done.stderr, /^B\d+: a unit of product 4000 is with 'ana' until/)
  t.equal(statSync(token).mode & 0o777, 0o600)
  const first = await trancaJson<{ borrow: string }[]>(['license', 'borrowed'], here)
  const again = await tranca(['license', 'token', first[0]!.borrow], here)
  t.equal(again.stdout, readFileSync(token, 'utf8'), 'a token that was lost is had again')
  const elsewhere = await borrow('dora', '--installation', 'development')
  t.equal(elsewhere.code, exitCodes.refused, 'the contract gives development nothing')
  t.match(elsewhere.stderr, /none for this type of installation/)
  const rows = await trancaJson<{ borrow: string; user: string }[]>(['license', 'borrowed'], here)
  t.match(rows, [{ user: 'ana', product: 4_000, units: 1 }])
  t.match((await tranca(['license', 'borrowed'], here)).stdout, /B\d+ +4000 +Full +production +ana/)
  const taken = await borrow('bia', '--out', token)
  t.equal(taken.code, exitCodes.usage, 'a file that exists is left alone')
  t.equal((await trancaJson<object[]>(['license', 'borrowed'], here)).length, 1, 'and the unit went back')
  const rules = join(state, 'rules.yml')
  writeFileSync(rules, '- { kind: borrowMax, product: 4000, amount: 1 }\n')
  await trancaJson(['license', 'rules', '--set', rules, '--yes'], here)
  const over = await borrow('bia')
  t.equal(over.code, exitCodes.refused)
  t.match(over.stderr, /No more units of product 4000 may be borrowed: 1 of 1 by the rule borrowMax 1 for /)
  const id = rows[0]!.borrow
  t.match((await tranca(['license', 'return', id], here)).stderr, /was returned: the unit of product 4000/)
  const gone = await tranca(['license', 'return', id], here)
  t.match(gone.stderr, new RegExp(`Nothing is borrowed under '${id}'`))
  const piped = await borrow('bia')
  t.match(
    JSON.parse(piped.stdout),
    { body: { user: 'bia', kind: 'borrow' } },
    'without --out it goes to stdout',
  )
  t.match((await borrow('caio', '--until', '2020-01-01')).stderr, /--until: '2020-01-01' is not ahead/)
})

await t.test('a token is checked without a cluster', async (t) => {
  const check = (file: string, key = publicKey) => tranca(['license', 'check-token', file, ...key], { state })
  const good = await check(token)
  t.equal(good.code, 0, good.stderr)
  t.match(good.stdout, /Good until .*: a unit of product 4000 for 'ana' \(B\d+, installation example-1\)/)
  t.equal((await check(token, [])).code, exitCodes.usage)
  const other = join(state, 'other.pem')
  writeFileSync(other, generateKeyPair().publicKeyPem)
  const foreign = await check(token, ['--public-key', other])
  t.equal(foreign.code, exitCodes.refused)
  t.match(foreign.stderr, /signed by another installation/)
  appendFileSync(token, ' ')
  const damaged = await check(token)
  t.equal(damaged.code, exitCodes.refused)
  t.match(damaged.stderr, /The token is damaged/)
})
