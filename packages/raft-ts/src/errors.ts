/** Base of all errors that the library throws. `code` is stable; messages may change. */
export class RaftError extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/** Something that must always hold does not: the member must stop, its state cannot be trusted. */
export class InvariantError extends RaftError {
  constructor(message: string) {
    super('RAFT_INVARIANT', message)
  }
}

/** A configuration value that cannot be used; names field, value and what was expected. */
export class ConfigError extends RaftError {
  readonly field: string

  constructor(field: string, value: unknown, expected: string) {
    super('RAFT_CONFIG', `config.${field} is ${String(value)}, expected ${expected}`)
    this.field = field
  }
}

/** The caller broke the order of calls (for instance `ready()` twice without `advance()`). */
export class UsageError extends RaftError {
  constructor(message: string) {
    super('RAFT_USAGE', message)
  }
}

/** A configuration change that cannot be decoded, or cannot be applied to the current configuration. */
export class ConfChangeError extends RaftError {
  constructor(message: string, options?: ErrorOptions) {
    super('RAFT_CONF_CHANGE', message, options)
  }
}

/** Stops the member over a broken invariant. Call under an `if`, so that the message costs nothing. */
export function fail(message: string): never {
  throw new InvariantError(message)
}
