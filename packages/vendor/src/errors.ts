import type { FieldError } from '@tranca/license-key/shape'
import type { Refusal } from './refusal.ts'

export type VendorErrorCode =
  | 'USAGE'
  | 'INPUT_INVALID'
  | 'REFUSED'
  | 'FILE_MISSING'
  | 'FILE_UNREADABLE'
  | 'FILE_UNWRITABLE'
  | 'FILE_EXISTS'
  | 'FILE_TOO_LARGE'
  | 'PRIVATE_KEY_EXPOSED'
  | 'PRIVATE_KEY_INVALID'
  | 'REGISTER_BUSY'
  | 'REGISTER_DAMAGED'
  | 'LISTEN_FAILED'

/** Whatever stops a command; the message says what and where, the detail the same for programs. */
export class VendorError extends Error {
  readonly code: VendorErrorCode
  readonly detail: Readonly<Record<string, unknown>>

  constructor(
    code: VendorErrorCode,
    message: string,
    detail: Readonly<Record<string, unknown>> = {},
    options: ErrorOptions = {},
  ) {
    super(message, options)
    this.name = 'VendorError'
    this.code = code
    this.detail = detail
  }
}

/** A field of a file, of the register, or of the command line that breaks a rule. */
export function invalid(
  code: 'INPUT_INVALID' | 'REGISTER_DAMAGED',
  where: string,
  error: FieldError,
): VendorError {
  const { field, value, expected } = error
  return new VendorError(code, `${where}: ${error.message}`, { where, field, value, expected })
}

/** The value of a result that is no refusal. */
export function settle<T extends { readonly ok: true }>(result: T | Refusal): T {
  if (result.ok) return result
  const { code: refusal, field, value, expected } = result
  throw new VendorError('REFUSED', `${refusal}: ${field} is ${value}; expected ${expected}`, {
    refusal,
    field,
    value,
    expected,
  })
}
