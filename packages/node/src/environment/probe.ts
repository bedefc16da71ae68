import type { Ledger, LedgerEvent, Result } from '@tranca/ledger'
import type { Leadership, Replica, ReplicaProbe } from '../replica/replica.ts'

/**
 * What a simulator sees of a node from within, to check it step by step. Nothing is decided by it, and it
 * must neither throw nor change anything.
 */
export interface Probe extends ReplicaProbe {
  /** The node takes part: its core runs. */
  started(replica: Replica): void
  leadership(now: Leadership): void
  /** It had rejoined without a vote, was promoted, and that is on its disk. */
  votesAgain(): void
  /** This leader has applied the first entry of its own term, and answers clients from here on. */
  serving(): void
  /** The answer of a request that was waiting, given by the entry that is being applied. */
  answered(session: number, id: number, result: Result): void
  event(event: LedgerEvent): void
  /** A snapshot has replaced the ledger. */
  installed(index: number, ledger: Ledger): void
}
