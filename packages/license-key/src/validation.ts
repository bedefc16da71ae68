import { FieldError } from './field-error.ts'
import { PRODUCT_ID_MAX, SERIAL_MAX, USAGE_ROWS_MAX } from './limits.ts'
import type { KeyRefusal } from './refusal.ts'
import { type Check, day, id, instant, integer, list, oneOf, optional, record } from './shape.ts'

/** What was used of a product on one day (UTC), in all installation types together; nobody is named. */
export interface UsageDay {
  readonly day: string
  readonly product: number
  /** Units x milliseconds in use. */
  readonly unitMs: number
  readonly checkouts: number
  readonly peak: number
  readonly denied: number
}

/** What a node asks the vendor once a day (domain section 3). */
export interface ValidationRequest {
  readonly installationId: string
  /** Of the license key that is installed. */
  readonly serial: number
  /** Name of the cluster that asks. */
  readonly cluster: string
  /** Chosen anew for each request; 16 to 64 letters and digits. */
  readonly nonce: string
  /** Whole days since the last validation, if the installation sends them; at most 1 000 rows. */
  readonly usage?: readonly UsageDay[]
}

/** What the vendor signs when the key is good. `kind` keeps it apart from the bodies of keys. */
export interface Validation {
  readonly format: 1
  readonly kind: 'validation'
  readonly installationId: string
  readonly serial: number
  /** That of the request: an answer cannot be used twice. */
  readonly nonce: string
  readonly validatedAt: string
}

export interface ValidationFile {
  readonly body: Validation
  /** Ed25519 over the canonical form of the body, in base64. */
  readonly signature: string
  readonly keyId: string
}

export type ReadValidation = { readonly ok: true; readonly body: Validation } | KeyRefusal

const checkNonce: Check<string> = (value, field) => {
  if (typeof value !== 'string' || !/^[A-Za-z0-9]{16,64}$/.test(value)) {
    throw new FieldError(field, value, '16 to 64 letters and digits')
  }
  return value
}

const amount = integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const checkUsageDay = record<UsageDay>({
  day,
  product: integer({ min: 1, max: PRODUCT_ID_MAX }),
  unitMs: amount,
  checkouts: amount,
  peak: amount,
  denied: amount,
})

const serial = integer({ min: 1, max: SERIAL_MAX })

/** Shape of a request; throws a `FieldError`. */
export const checkValidationRequest = record<ValidationRequest>({
  installationId: id,
  serial,
  cluster: id,
  nonce: checkNonce,
  usage: optional(list(checkUsageDay, { max: USAGE_ROWS_MAX })),
})

/** Shape of what is signed; throws a `FieldError`. */
export const checkValidation = record<Validation>({
  format: oneOf([1]),
  kind: oneOf(['validation']),
  installationId: id,
  serial,
  nonce: checkNonce,
  validatedAt: instant,
})
