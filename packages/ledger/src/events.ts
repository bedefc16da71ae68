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
  | 'license.granted'
  | 'license.released'
  | 'license.revoked'
  | 'license.queued'
  | 'license.assigned'
  | 'license.unassigned'
  | 'license.borrowed'
  | 'license.returned'
  | 'license.metric'
  | 'license.rules'
  | 'license.key'
  | 'license.validity'

/** For watches, and for the session concerned. */
export interface LedgerEvent {
  /** +1 for each event; part of the replicated state. */
  readonly revision: number
  readonly kind: EventKind
  /** '' if none. */
  readonly namespace: string
  /** '' if none. A session's: its client. A code's: the code. A license's: the product's id. */
  readonly name: string
  /** 0 if none. */
  readonly session: number
  /** '' if none. */
  readonly owner: string
  readonly token?: number
  /**
   * A number, or `first..last` of a block or gap. A license's: the units that changed, the metric's value,
   * the user of an assignment, the version of the rules, the serial of a key, the state of the validity.
   */
  readonly value?: string
  readonly reason?: string
}
