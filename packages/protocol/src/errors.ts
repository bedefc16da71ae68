export const protocolErrorCodes = [
  'FRAME_TOO_LARGE',
  'FRAME_READER_DEAD',
  'INVALID_VALUE',
  'STORED_REQUEST_UNREADABLE',
] as const

export type ProtocolErrorCode = (typeof protocolErrorCodes)[number]

/** A promise that this side or the other one broke. Refusals that are expected are values, not this. */
export class ProtocolError extends Error {
  readonly code: ProtocolErrorCode
  readonly detail: ProtocolErrorDetail | undefined

  constructor(code: ProtocolErrorCode, message: string, detail?: ProtocolErrorDetail) {
    super(message)
    this.name = 'ProtocolError'
    this.code = code
    this.detail = detail
  }
}

/** Which field, what stood there (shortened), what was expected. */
export interface ProtocolErrorDetail {
  readonly field: string
  readonly value: string
  readonly expected: string
}
