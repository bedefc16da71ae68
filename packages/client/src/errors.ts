/**
 * What the client throws. `code` is stable and is what a program should look at; `detail` carries the
 * fields that belong to the code (the ledger's causes bring their own, for example `holders` with `held`).
 */
export type Detail = Readonly<Record<string, unknown>>

export class TrancaError extends Error {
  readonly code: string
  readonly detail: Detail

  constructor(code: string, message: string, options: { detail?: Detail; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.detail = options.detail ?? {}
  }
}

/** The cluster answered with an expected refusal: `code` is the cause (`held`, `timeout`, `deadlock`, ...). */
export class RefusedError extends TrancaError {
  readonly operation: string

  constructor(operation: string, cause: string, detail: Detail) {
    super(cause, `${operation} was refused: ${cause}${describe(detail)}`, { detail })
    this.operation = operation
  }
}

/**
 * The session can no longer be guaranteed, or is gone: locks, permits, codes and reservations held through
 * it must be treated as lost. `detail.reason` is one of `deadline` (the client's own, conservative deadline
 * passed), `expired` (the cluster said so) and `takenOver` (another connection uses the same session).
 */
export class SessionLostError extends TrancaError {
  constructor(reason: LossReason, message: string, cause?: unknown) {
    super('sessionLost', message, { detail: { reason }, cause })
  }
}
export type LossReason = 'deadline' | 'expired' | 'takenOver'

/** The session (or the admin connection) was closed by this program. */
export class ClosedError extends TrancaError {
  constructor(message: string) {
    super('closed', message)
  }
}

/** The caller's `AbortSignal` fired; `cause` is the signal's reason. */
export class AbortedError extends TrancaError {
  constructor(operation: string, reason: unknown) {
    super('aborted', `${operation} was aborted by the caller`, { cause: reason })
  }
}

/** The caller's own deadline for this request passed. */
export class DeadlineError extends TrancaError {
  /** @param more what is known of why, for example what each address said */
  constructor(what: string, deadlineMs: number, more = '') {
    const because = more === '' ? '' : ` (${more})`
    super('deadline', `${what} had no answer within ${deadlineMs} ms${because}`, { detail: { deadlineMs } })
  }
}

/** More requests wait for an answer than `limits.outstandingMax` allows. */
export class QueueFullError extends TrancaError {
  constructor(operation: string, outstandingMax: number) {
    super('outstandingExceeded', `${operation}: ${outstandingMax} requests already wait for an answer`, {
      detail: { outstandingMax },
    })
  }
}

/** The request does not fit the protocol: a field is missing, too long or out of range. Nothing was sent. */
export class InvalidRequestError extends TrancaError {
  constructor(operation: string, reason: string, options: { detail?: Detail; cause?: unknown } = {}) {
    super('invalid', `${operation} cannot be sent: ${reason}`, options)
  }
}

/** One connection could not be made, broke, or brought bytes that are not of this protocol. */
export class ConnectionError extends TrancaError {
  readonly address: string

  constructor(address: string, reason: string, cause?: unknown) {
    super('unreachable', `${address}: ${reason}`, { detail: { address, reason }, cause })
    this.address = address
  }
}

/** The node's answer to one request cannot be read, though its frame can: the request may have been done. */
export class BadAnswerError extends TrancaError {
  constructor(operation: string, detail: Detail) {
    super('badAnswer', `the answer to ${operation} cannot be read: ${detail.field} is ${detail.value}`, {
      detail,
    })
  }
}

/** An admin command was sent and its connection broke: it may or may not have been carried out. */
export class OutcomeUnknownError extends TrancaError {
  constructor(operation: string, cause: unknown) {
    super('outcomeUnknown', `${operation} was sent, but the connection broke before its answer`, { cause })
  }
}

/** A watch cannot go on from its revision: events between `detail.fromRevision` and `detail.oldest` are gone. */
export class WatchCompactedError extends TrancaError {
  constructor(fromRevision: number, detail: Detail) {
    super('compacted', `events after revision ${fromRevision} are no longer kept`, {
      detail: { ...detail, fromRevision },
    })
  }
}

function describe(detail: Detail): string {
  const name = detail.name ?? detail.field ?? detail.code
  return typeof name === 'string' ? ` (${name})` : ''
}
