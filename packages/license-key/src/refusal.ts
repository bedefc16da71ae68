import { FieldError, shownValue } from './field-error.ts'

/**
 * Why a key file is not accepted:
 * - `damaged`: not what the vendor wrote, byte for byte;
 * - `unknownFormat`: written by a newer vendor's desk;
 * - `invalid`: readable, but a field breaks a rule;
 * - `otherVendor`: signed with a key that is not the configured one.
 */
export type KeyCause = 'damaged' | 'unknownFormat' | 'invalid' | 'otherVendor'

export interface KeyDetail {
  /** Path such as `body.products[2].quantity`; `file` for the whole. */
  readonly field: string
  /** What is there, shortened, as JSON. */
  readonly value: string
  readonly expected: string
}

export interface KeyRefusal {
  readonly ok: false
  readonly cause: KeyCause
  readonly detail: KeyDetail
}

export function refuse(cause: KeyCause, field: string, value: unknown, expected: string): KeyRefusal {
  return { ok: false, cause, detail: { field, value: shownValue(value), expected } }
}

/** A failed check as a refusal; any other error goes on up. */
export function refuseFor(cause: KeyCause, error: unknown): KeyRefusal {
  if (!(error instanceof FieldError)) throw error
  const { field, value, expected } = error
  return { ok: false, cause, detail: { field: field === '' ? 'file' : field, value, expected } }
}
