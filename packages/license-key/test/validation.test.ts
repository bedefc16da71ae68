import t from 'tap'
import {
  checkValidationRequest,
  generateKeyPair,
  signValidation,
  type Validation,
  verifyValidation,
} from '../src/index.ts'

const vendor = generateKeyPair()
const body: Validation = {
  format: 1,
  kind: 'validation',
  installationId: 'acme-1',
  serial: 3,
  nonce: '0123456789abcdef',
  validatedAt: '2026-03-01T12:00:00.000Z',
}

await t.test('a signed validation is accepted as it is, and with nothing changed', async (t) => {
  const file = signValidation(body, vendor.privateKeyPem)
  t.same(verifyValidation(JSON.parse(JSON.stringify(file)), vendor.publicKeyPem), { ok: true, body })
  const changed = { ...file, body: { ...body, serial: 4 } }
  t.match(verifyValidation(changed, vendor.publicKeyPem), { ok: false, cause: 'damaged' })
  t.match(verifyValidation(file, generateKeyPair().publicKeyPem), { ok: false, cause: 'otherVendor' })
  for (const answer of [undefined, null, 'ok', {}, { ...file, more: 1 }, { ...file, signature: '' }]) {
    t.match(verifyValidation(answer, vendor.publicKeyPem), { ok: false, cause: 'invalid' })
  }
})

await t.test('a request names its field when it breaks a rule', async (t) => {
  const request = { installationId: 'acme-1', serial: 3, cluster: 'erp', nonce: '0123456789abcdef' }
  t.same(checkValidationRequest(request, ''), request)
  t.throws(() => checkValidationRequest({ ...request, nonce: 'short' }, ''), { message: /^nonce is/ })
  t.throws(() => checkValidationRequest({ ...request, serial: 0 }, ''), { message: /^serial is/ })
  t.throws(() => checkValidationRequest({ ...request, installationId: '../x' }, ''), {
    message: /^installationId is/,
  })
})
