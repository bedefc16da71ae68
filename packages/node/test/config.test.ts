import { chmodSync, readFileSync } from 'node:fs'
import { generateKeyPair } from '@tranca/license-key'
import t from 'tap'
import { listenAddresses, parseConfig, VERSION } from '../src/index.ts'
import { readBorrowKey } from '../src/licenses/borrow-key.ts'
import { readVendor } from '../src/licenses/vendor-key.ts'

const good = `
cluster: erp
id: 1
data: ./data
members:
  - { id: 1, name: n1, peer: 127.0.0.1:5655, client: 127.0.0.1:5555 }
  - { id: 2, name: n2, peer: 127.0.0.1:5656, client: 127.0.0.1:5556 }
`

function complaint(text: string): string {
  try {
    parseConfig(text, '/etc/tranca/n1.yml')
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

t.test('a short configuration is enough: the rest has defaults', async (t) => {
  const config = parseConfig(good, '/etc/tranca/n1.yml')
  t.equal(config.data, '/etc/tranca/data', 'relative to the file')
  t.same(config.timing, { heartbeatMs: 50, electionMs: 500 })
  t.same(listenAddresses(config), { client: '127.0.0.1:5555', peer: '127.0.0.1:5655', admin: undefined })
})

t.test('each mistake is named with its line, field, value and what was expected', async (t) => {
  t.match(complaint(good.replace('cluster: erp', 'clutser: erp')), /clutser/)
  t.match(complaint(good.replace('id: 1\ndata', 'id: one\ndata')), /n1\.yml:3: id: .*number.*"one"/)
  t.match(complaint(good.replace('127.0.0.1:5655', '127.0.0.1')), /members\.0\.peer: .*expected host:port/)
  t.match(complaint(`${good}timing: { heartbeatMs: 100, electionMs: 200 }`), /electionMs: 200.*four times/)
  t.match(complaint(`${good}timing: { heartbeatMs: 1 }`), /timing\.heartbeatMs: .*5/)
  t.match(complaint(good.replace('name: n2', 'name: n1')), /"n1".*also used/)
  t.match(complaint(good.replace('id: 1\ndata', 'id: 7\ndata')), /id: 7 is not among members/)
  t.match(complaint(`${good}storage: { segmentSize: 65536 }`), /storage\.segmentSize: .*2097152/)
  t.match(complaint('cluster: [unclosed'), /n1\.yml:1:/)
  t.match(complaint(''), /whole file/)
})

t.test('nothing listens beyond loopback unless it is said in so many words', async (t) => {
  const open = good.replace('client: 127.0.0.1:5555', 'client: 10.0.0.1:5555')
  t.match(complaint(open), /listen\.client: '10\.0\.0\.1:5555'.*insecure: true/)
  t.equal(complaint(`${open}insecure: true\n`), '')
  t.match(complaint(`${good}listen: { admin: '0.0.0.0:9000' }`), /listen\.admin/)
})

t.test("the vendor's key is named relative to the file, and must be a public one", async (t) => {
  const config = parseConfig(`${good}license: { vendorPublicKey: vendor.pem }`, '/etc/tranca/n1.yml')
  t.same(config.license, { vendorPublicKey: '/etc/tranca/vendor.pem' })
  t.match(complaint(`${good}license: {}`), /license\.vendorPublicKey/)
  t.match(complaint(`${good}license: { vendorPublicKey: v.pem, installationId: 'a b' }`), /installationId/)
  const { privateKeyPem, publicKeyPem, keyId } = generateKeyPair()
  const directory = t.testdir({ 'public.pem': publicKeyPem, 'private.pem': privateKeyPem })
  const vendor = readVendor({ vendorPublicKey: `${directory}/public.pem` })
  t.same(vendor, { publicKeyPem, keyId, installationId: undefined })
  t.throws(() => readVendor({ vendorPublicKey: `${directory}/private.pem` }), {
    code: 'CONFIG_INVALID',
    message: /private\.pem: the public key is not public: it is the private one$/,
  })
  t.throws(() => readVendor({ vendorPublicKey: `${directory}/absent.pem` }), { code: 'CONFIG_INVALID' })
  t.equal(readVendor(undefined), undefined)
})

t.test('the key that signs borrow tokens is for its owner only', async (t) => {
  const { privateKeyPem, publicKeyPem, keyId } = generateKeyPair()
  const directory = t.testdir({ 'private.pem': privateKeyPem, 'public.pem': publicKeyPem })
  const read = (name: string) =>
    readBorrowKey({ vendorPublicKey: 'v.pem', borrowKey: `${directory}/${name}` })
  chmodSync(`${directory}/private.pem`, 0o640)
  t.throws(() => read('private.pem'), {
    code: 'CONFIG_INVALID',
    message: /^license\.borrowKey: .*private\.pem: mode 0640; expected 0600/,
  })
  for (const name of ['private.pem', 'public.pem']) chmodSync(`${directory}/${name}`, 0o600)
  t.same(read('private.pem'), { privateKeyPem, keyId })
  const error = t.throws(() => read('public.pem'), { code: 'CONFIG_INVALID' }) as unknown as Error
  t.notMatch(error.message, publicKeyPem.split('\n')[1], 'no part of the file is told')
  t.throws(() => read('absent.pem'), { code: 'CONFIG_INVALID' })
  t.equal(readBorrowKey({ vendorPublicKey: 'v.pem' }), undefined)
  const config = parseConfig(
    `${good}license: { vendorPublicKey: v.pem, borrowKey: keys/b.pem }`,
    '/etc/tranca/n1.yml',
  )
  t.equal(config.license?.borrowKey, '/etc/tranca/keys/b.pem')
})

t.test('the version that nodes tell is that of the package', async (t) => {
  const file = new URL('../../package.json', import.meta.url)
  t.equal(JSON.parse(readFileSync(file, 'utf8')).version, VERSION)
})
