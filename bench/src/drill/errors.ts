export type DrillErrorCode = 'LOAD_FAILED' | 'NOT_IN_TIME' | 'CANNOT' | 'COMMAND_FAILED'

/** A drill could not be carried out. `CANNOT`: this machine or this user cannot do it at all. */
export class DrillError extends Error {
  override readonly name = 'DrillError'
  readonly code: DrillErrorCode

  constructor(code: DrillErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
