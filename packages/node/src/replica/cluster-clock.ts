import type { Clock } from '../environment/clock.ts'

/**
 * The time that a leader writes into entries: milliseconds that the cluster has had a leader.
 * It goes on from the ledger's time at the start of a term and follows the monotonic clock,
 * so that neither a jump of the wall clock nor a failover ends anything early (O2, O11).
 */
export class ClusterClock {
  readonly #clock: Clock
  #ledgerMs = 0
  #startedMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A new term begins: `ledgerMs` is the ledger's time once the first entry of the term is applied. */
  start(ledgerMs: number): void {
    this.#ledgerMs = ledgerMs
    this.#startedMs = this.#clock.nowMs()
  }

  /** Whole milliseconds, never going back within a term. */
  nowMs(): number {
    return this.#ledgerMs + Math.floor(this.#clock.nowMs() - this.#startedMs)
  }

  /** The process stood still for `ms`: they do not count, since nobody could be heard meanwhile. */
  forget(ms: number): void {
    this.#startedMs += ms
  }
}
