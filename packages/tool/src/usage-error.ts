/** The arguments are wrong; the message names the argument, what was given, and what was expected. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code = 'USAGE'
}
