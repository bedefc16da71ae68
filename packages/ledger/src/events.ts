export type EventKind =
  | 'session.opened'
  | 'session.resumed'
  | 'session.closed'
  | 'session.expired'
  | 'lock.granted'
  | 'lock.released'
  | 'lock.queued'
  | 'code.reserved'
  | 'code.released'
  | 'semaphore.granted'
  | 'semaphore.released'
  | 'sequence.issued'
  | 'sequence.confirmed'
  | 'sequence.returned'
  | 'sequence.gap'
  | 'sequence.low'
  | 'member.changed'

/** For watches, and for the session concerned. */
export interface LedgerEvent {
  /** +1 for each event; part of the replicated state. */
  readonly revision: number
  readonly kind: EventKind
  /** '' if none. */
  readonly namespace: string
  /** '' if none. A session's: its client. A code's: the code. */
  readonly name: string
  /** 0 if none. */
  readonly session: number
  /** '' if none. */
  readonly owner: string
  readonly token?: number
  /** A number, or `first..last` of a block or gap. */
  readonly value?: string
  readonly reason?: string
}
