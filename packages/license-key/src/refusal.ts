import { FieldError, shownValue } from './field-error.ts'

/**
 * Why a key file is not accepted:
 * - `damaged`: not what the vendor wrote, byte for byte;
 * - `unknownFormat`: written by a newer vendor's desk;
 * - `invalid`: readable, but a field breaks a rule;
 * - `otherVendor`: signed with a key that is not the configured one.
 */
export type KeyCause = 'damaged' | 'unknownFormat' | 'invalid' | 'otherVendor'

/**
 * Why a borrow token is not accepted: as for key files, and
 * - `otherInstallation`: signed with a key that is not the one of this installation;
 * - `expired`: the time for which the unit was borrowed is over.
 */
export type BorrowTokenCause = Exclude<KeyCause, 'otherVendor'> | 'otherInstallation' | 'expired'

export interface KeyDetail {
  /** Path such as `body.products[2].quantity`; `file` for the whole. */
  readonly field: string
  /** What is there, shortened, as JSON. */
  readonly value: string
  readonly expected: string
}

export interface Refusal<C extends string> {
  readonly ok: false
  readonly cause: C
  readonly detail: KeyDetail
}

export type KeyRefusal = Refusal<KeyCause>

export function refuse<const C extends string>(
  cause: C,
  field: string,
  value: unknown,
  expected: string,
): Refusal<C> {
  return { ok: false, cause, detail: { field, value: shownValue(value), expected } }
}

/** A failed check as a refusal; any other error goes on up. */
export function refuseFor<const C extends string>(cause: C, error: unknown): Refusal<C> {
  if (!(error instanceof FieldError)) throw error
  const { field, value, expected } = error
  return { ok: false, cause, detail: { field: field === '' ? 'file' : field, value, expected } }
}
