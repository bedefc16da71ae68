/** A mistake in how the program was called, or something of this machine that stands in the way. */
export class CliError extends Error {
  /** `USAGE` unless a text of its own is kept under `cause.CODE`. */
  readonly code: string
  readonly detail: Readonly<Record<string, unknown>>

  constructor(code: string, message: string, detail: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.name = 'CliError'
    this.code = code
    this.detail = detail
  }
}

export function usage(message: string): CliError {
  return new CliError('USAGE', message, { message })
}

/** Ends the program with a code when everything has been said already. */
export class Exit extends Error {
  readonly exitCode: number

  constructor(exitCode: number) {
    super(`exit code ${exitCode}`)
    this.name = 'Exit'
    this.exitCode = exitCode
  }
}
