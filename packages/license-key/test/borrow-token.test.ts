import fc from 'fast-check'
import t from 'tap'
import {
  type BorrowBody,
  FieldError,
  generateKeyPair,
  KeyMaterialError,
  signBorrowToken,
  verifyBorrowToken,
} from '../src/index.ts'
import { property, vendorPrivate, vendorPublic } from './kit.ts'

const body: BorrowBody = {
  format: 1,
  kind: 'borrow',
  installationId: 'sao-joao-1',
  product: 4000,
  user: 'joão',
  units: 1,
  borrow: 'B814',
  until: '2026-03-08T21:00:00.000Z',
  issuedAt: '2026-03-06T12:00:00.000Z',
}
const text = signBorrowToken(body, vendorPrivate)
const during = Date.parse('2026-03-07T09:00:00.000Z')

await t.test('a token is believed offline with the public key alone, until its end', async (t) => {
  const read = verifyBorrowToken(text, vendorPublic, during)
  t.ok(read.ok)
  if (read.ok) t.strictSame(read.token.body, body)
  t.ok(verifyBorrowToken(Buffer.from(text.replaceAll('\n', '\r\n')), vendorPublic, during).ok)
  const end = Date.parse(body.until)
  t.ok(verifyBorrowToken(text, vendorPublic, end - 1).ok)
  t.match(verifyBorrowToken(text, vendorPublic, end), {
    ok: false,
    cause: 'expired',
    detail: {
      field: 'body.until',
      value: '"2026-03-08T21:00:00.000Z"',
      expected: /^an instant after 2026-03-08/,
    },
  })
})

await t.test('the same body gives the same token', async (t) => {
  t.equal(signBorrowToken({ ...body }, vendorPrivate), text)
  const shuffled = Object.fromEntries(Object.entries(body).reverse()) as unknown as BorrowBody
  t.equal(signBorrowToken(shuffled, vendorPrivate), text)
})

await t.test('a token of another installation is refused as such', async (t) => {
  const other = generateKeyPair()
  t.match(verifyBorrowToken(text, other.publicKeyPem, during), {
    ok: false,
    cause: 'otherInstallation',
    detail: { field: 'keyId', expected: new RegExp(other.keyId) },
  })
  const renamed = JSON.parse(signBorrowToken(body, other.privateKeyPem))
  renamed.keyId = JSON.parse(text).keyId
  const forged = `${JSON.stringify(renamed, null, 2)}\n`
  t.match(verifyBorrowToken(forged, vendorPublic, during), {
    cause: 'damaged',
    detail: { field: 'signature' },
  })
})

await t.test('any byte changed, added or taken away is refused with a reason', async (t) => {
  const bytes = Buffer.from(text)
  const refused = (changed: Buffer): void => {
    const read = verifyBorrowToken(changed, vendorPublic, during)
    if (read.ok) throw new Error('a changed token was believed')
    if (read.detail.field === '' || read.detail.expected === '') throw new Error('refused without a reason')
  }
  for (let at = 0; at < bytes.length; at++) {
    const flipped = Buffer.from(bytes)
    flipped[at] = bytes[at]! ^ 1
    refused(flipped)
    refused(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]))
  }
  fc.assert(
    fc.property(fc.nat(bytes.length), fc.integer({ min: 0, max: 255 }), (at, byte) => {
      refused(Buffer.concat([bytes.subarray(0, at), Buffer.from([byte]), bytes.subarray(at)]))
    }),
    property(300),
  )
  t.pass()
})

await t.test('a body that breaks a rule is not signed, nor believed when somebody else did', async (t) => {
  for (const wrong of [{ until: 'tomorrow' }, { product: 0 }, { user: '' }, { units: 0 }, { extra: 1 }]) {
    t.throws(() => signBorrowToken({ ...body, ...wrong } as BorrowBody, vendorPrivate), FieldError)
  }
  t.match(verifyBorrowToken('nonsense', vendorPublic, during), {
    cause: 'damaged',
    detail: { field: 'file' },
  })
  t.match(verifyBorrowToken(text.replace('"format": 1', '"format": 2'), vendorPublic, during), {
    cause: 'unknownFormat',
  })
  t.match(verifyBorrowToken(text.replace('"borrow",', '"license",'), vendorPublic, during), {
    cause: 'invalid',
    detail: { field: 'body.kind' },
  })
  t.throws(() => verifyBorrowToken(text, vendorPrivate, during), KeyMaterialError)
})
