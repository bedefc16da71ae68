import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import {
  canonicalize,
  type EmergencyKey,
  FieldError,
  formatKeyFile,
  generateKeyPair,
  KEY_FILE_SIZE_MAX,
  KeyMaterialError,
  keyIdOf,
  type LicenseKey,
  parseKeyFile,
  type ReadKey,
  signKey,
  verifyKey,
} from '../src/index.ts'
import { emergency, license, property, vendorPrivate, vendorPublic } from './kit.ts'

const licenseFile = formatKeyFile(signKey(license, vendorPrivate))
const emergencyFile = formatKeyFile(signKey(emergency, vendorPrivate))

/** As a node does it. */
function read(content: string | Uint8Array, publicKey = vendorPublic): ReadKey {
  const parsed = parseKeyFile(content)
  return parsed.ok ? verifyKey(parsed.key, publicKey) : parsed
}

/** With TRANCA_UPDATE the transcripts are written anew: look at the difference. */
function golden(name: string, text: string): string {
  const file = new URL(`../../testdata/${name}`, import.meta.url)
  if (process.env.TRANCA_UPDATE !== undefined) writeFileSync(file, text)
  return readFileSync(file, 'utf8')
}

await t.test('golden vectors: files, canonical forms and signatures stay as they are', async (t) => {
  t.equal(licenseFile, golden('license.key.json', licenseFile))
  t.equal(emergencyFile, golden('emergency.key.json', emergencyFile))
  t.equal(canonicalize(license), golden('license.canonical.txt', canonicalize(license)))
  t.equal(vendorPublic, golden('vendor-public.pem', vendorPublic))
  // SHA-256 of the public key of RFC 8032, section 7.1, test 1
  t.equal(keyIdOf(vendorPublic), '21fe31dfa154a261')
})

await t.test('what was signed is read back, whatever the line ends', async (t) => {
  for (const [text, body] of [
    [licenseFile, license],
    [emergencyFile, emergency],
  ] as const) {
    for (const content of [text, Buffer.from(text), text.replaceAll('\n', '\r\n')]) {
      const result = read(content)
      t.ok(result.ok)
      if (result.ok) t.strictSame(result.key.body, body)
    }
  }
})

await t.test('any single byte changed, added or taken away is refused with a reason', async (t) => {
  const seen = new Set<string>()
  for (const file of [licenseFile, emergencyFile]) {
    const bytes = Buffer.from(file)
    const refused = (changed: Uint8Array): boolean => {
      const result = read(changed)
      if (result.ok) return false
      seen.add(result.cause)
      const { field, value, expected } = result.detail
      return field !== '' && value !== '' && expected !== ''
    }
    const at = fc.nat(bytes.length - 1)
    const byte = fc.nat(255)
    fc.assert(
      fc.property(at, byte, (index, value) => {
        fc.pre(bytes[index] !== value)
        const changed = Buffer.from(bytes)
        changed[index] = value
        return refused(changed)
      }),
      property(3_000),
    )
    fc.assert(
      fc.property(fc.nat(bytes.length), byte, (index, value) =>
        refused(Buffer.concat([bytes.subarray(0, index), Buffer.of(value), bytes.subarray(index)])),
      ),
      property(1_000),
    )
    for (let index = 0; index < bytes.length; index++) {
      const flipped = Buffer.from(bytes)
      flipped[index] = flipped[index]! ^ (1 << (index % 8))
      if (!refused(flipped)) t.fail(`bit flipped at ${index}`)
      const without = Buffer.concat([bytes.subarray(0, index), bytes.subarray(index + 1)])
      if (!refused(without)) t.fail(`byte ${index} taken away`)
      if (!refused(bytes.subarray(0, index))) t.fail(`cut at ${index}`)
    }
  }
  t.ok(seen.has('damaged'))
  t.ok(seen.has('otherVendor'), 'a changed keyId')
})

await t.test('a field changed by someone who can write JSON is refused at the signature', async (t) => {
  const parsed = parseKeyFile(licenseFile)
  if (!parsed.ok) return t.fail('not read')
  const { signature, keyId } = parsed.key
  const forged: LicenseKey = { ...license, validUntil: '2027-04-30' }
  const result = read(formatKeyFile({ body: forged, signature, keyId }))
  t.match(result, {
    ok: false,
    cause: 'damaged',
    detail: { field: 'signature', value: /^"/, expected: /21fe/ },
  })
  const direct = verifyKey({ body: forged, signature, keyId }, vendorPublic)
  t.match(direct, { ok: false, cause: 'damaged' })
})

await t.test(
  'the key of another vendor is refused, and so is one that claims to be of this one',
  async (t) => {
    const other = generateKeyPair()
    const file = signKey(license, other.privateKeyPem)
    t.match(read(formatKeyFile(file)), { ok: false, cause: 'otherVendor', detail: { field: 'keyId' } })
    t.match(read(formatKeyFile({ ...file, keyId: keyIdOf(vendorPublic) })), { ok: false, cause: 'damaged' })
    t.ok(read(formatKeyFile(file), other.publicKeyPem).ok)
    t.equal(keyIdOf(other.publicKeyPem), other.keyId)
  },
)

await t.test('files that are no key files are refused, each with what was expected', async (t) => {
  const cases: readonly (readonly [string, string, string | RegExp])[] = [
    ['', 'damaged', 'file'],
    ['[1', 'damaged', 'file'],
    ['null\n', 'damaged', 'file'],
    ['[]\n', 'invalid', 'file'],
    ['{}\n', 'invalid', 'body.kind'],
    ['{}', 'damaged', 'line 2'],
    [`\ufeff${emergencyFile}`, 'damaged', 'file'],
    [emergencyFile.replace('\n', '\r\n'), 'damaged', 'line 1'],
    [emergencyFile.replace('"number": 1', '"number": 1.0'), 'damaged', 'line 7'],
    [emergencyFile.replace('"number": 1', '"number": 6'), 'invalid', 'body.number'],
    [emergencyFile.replace('"format": 1', '"format": 2'), 'unknownFormat', 'body.format'],
    [emergencyFile.replace('emergency', 'holiday'), 'invalid', 'body.kind'],
    [emergencyFile.replace('2026-03-01', '2026-02-29'), 'invalid', 'body.day'],
    [`${'['.repeat(20)}${']'.repeat(20)}\n`, 'damaged', /\[0\]/],
    ['x'.repeat(KEY_FILE_SIZE_MAX + 1), 'damaged', 'file'],
  ]
  for (const [text, cause, field] of cases) {
    const result = read(text)
    t.match(result, { ok: false, cause, detail: { field } }, `${cause} ${field}: ${text.slice(0, 20)}`)
  }
  t.match(read(Uint8Array.of(0x7b, 0xff)), { ok: false, cause: 'damaged', detail: { expected: 'UTF-8' } })
})

await t.test('a body that breaks a rule is never signed, and the field is named', async (t) => {
  const product = license.products[0]!
  const withProduct = (change: object): LicenseKey =>
    ({ ...license, products: [{ ...product, ...change }] }) as unknown as LicenseKey
  const cases: readonly (readonly [LicenseKey | EmergencyKey, string])[] = [
    [{ ...license, serial: 0 }, 'body.serial'],
    [{ ...license, validUntil: '2025-12-31' }, 'body.validUntil'],
    [{ ...license, validFrom: '2026-13-01' }, 'body.validFrom'],
    [{ ...license, issuedAt: '2026-01-01' }, 'body.issuedAt'],
    [{ ...license, utcOffsetMinutes: 841 }, 'body.utcOffsetMinutes'],
    [{ ...license, installationId: '../etc' }, 'body.installationId'],
    [{ ...license, customer: { id: 'a', name: 'two\nlines' } }, 'body.customer.name'],
    [{ ...license, extra: 1 } as unknown as LicenseKey, 'body.extra'],
    [{ ...license, products: [product, product] }, 'body.products[1].id'],
    [withProduct({ nature: 'leased' }), 'body.products[0].nature'],
    [withProduct({ quantity: 0 }), 'body.products[0].quantity'],
    [withProduct({ quantity: -1 }), 'body.products[0].quantity'],
    [withProduct({ quantitty: 1 }), 'body.products[0].quantitty'],
    [withProduct({ metric: 'employees' }), 'body.products[0].metric'],
    [withProduct({ consumerKey: ['user', 'user'] }), 'body.products[0].consumerKey[1]'],
    [withProduct({ reuse: { windowMs: 0, from: 'acquire' } }), 'body.products[0].reuse.windowMs'],
    [withProduct({ distribution: { production: 8, development: 3 } }), 'body.products[0].distribution'],
    [withProduct({ capacity: { 'a b': 1 } }), 'body.products[0].capacity.a b'],
    [{ ...license, features: [{ id: 'x', name: 'X', products: [] }] }, 'body.features[0].products'],
    [{ ...emergency, number: 0 }, 'body.number'],
  ]
  for (const [body, field] of cases) {
    try {
      signKey(body, vendorPrivate)
      t.fail(`signed: ${field}`)
    } catch (error) {
      t.ok(error instanceof FieldError, field)
      if (error instanceof FieldError) t.equal(error.field, field)
    }
  }
})

await t.test('unusable key material is refused, and never quoted', async (t) => {
  const secret = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ'
  const broken = `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\n`
  try {
    signKey(license, broken)
    t.fail('signed')
  } catch (error) {
    t.ok(error instanceof KeyMaterialError)
    t.notMatch(`${(error as Error).stack} ${String((error as Error).cause)}`, secret)
  }
  const file = signKey(license, vendorPrivate)
  t.throws(() => verifyKey(file, vendorPrivate), { code: 'PUBLIC_KEY_INVALID' })
  t.throws(() => verifyKey(file, 'no key'), { code: 'PUBLIC_KEY_INVALID' })
})
