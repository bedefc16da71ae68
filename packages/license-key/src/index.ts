/**
 * Key files: their canonical form, the vendor's signature (Ed25519), validity by calendar, and what one
 * key changes against another. Pure: no clock, no disk; `node:crypto` for the signature only.
 *
 * @example
 * const vendor = generateKeyPair()
 * const text = formatKeyFile(signKey(
 *   {
 *     format: 1, kind: 'license', serial: 1, customer: { id: '0001', name: 'Example' },
 *     installationId: 'example-1', issuedAt: '2026-01-01T12:00:00.000Z',
 *     validFrom: '2026-01-01', validUntil: '2026-04-30', utcOffsetMinutes: -180,
 *     products: [{ id: 4000, name: 'Full', nature: 'concurrent', quantity: 10 }],
 *     features: [{ id: 'erp', name: 'ERP', products: [4000] }],
 *   },
 *   vendor.privateKeyPem,
 * ))
 * const read = parseKeyFile(text)
 * const verified = read.ok ? verifyKey(read.key, vendor.publicKeyPem) : read
 * // { ok: true, key } or { ok: false, cause: 'damaged', detail: { field, value, expected } }
 * if (verified.ok) validityAt(verified.key.body, Date.UTC(2026, 3, 20)).state // 'contingency'
 */

export { checkBody, type KeyBody } from './body.ts'
export {
  type BorrowBody,
  type BorrowToken,
  type ReadBorrowToken,
  signBorrowToken,
  verifyBorrowToken,
} from './borrow-token.ts'
export { addDays, addMonths, type Day, dayEndMs, dayOf, dayStartMs, offsetText } from './calendar.ts'
export { canonicalize } from './canonical.ts'
export { diffKeys, type FieldChange, type KeyDiff, type ProductRef, type Usage } from './diff.ts'
export type { EmergencyKey } from './emergency.ts'
export { FieldError } from './field-error.ts'
export { formatKeyFile, type KeyFile, parseKeyFile, type ReadKey } from './key-file.ts'
export {
  type Clone,
  type ConsumerPart,
  checkCapacity,
  checkClone,
  checkConsumerKey,
  checkCustomer,
  checkDistribution,
  checkFeature,
  checkLicense,
  checkOnlineValidation,
  checkProductId,
  checkReuse,
  type Distribution,
  type Feature,
  type LicenseKey,
  type Nature,
  natures,
  type Product,
  type Reuse,
} from './license.ts'
export * from './limits.ts'
export type { BorrowTokenCause, KeyCause, KeyDetail, KeyRefusal } from './refusal.ts'
export {
  generateKeyPair,
  KeyMaterialError,
  type KeyPair,
  keyIdOf,
  publicKeyOf,
  signKey,
  signValidation,
  verifyKey,
  verifyValidation,
} from './signature.ts'
export { type InstallationType, installationTypes, unitsInForce } from './units.ts'
export {
  checkValidationRequest,
  type ReadValidation,
  type UsageDay,
  type Validation,
  type ValidationFile,
  type ValidationRequest,
} from './validation.ts'
export { type Validity, type ValidityState, validityAt } from './validity.ts'
