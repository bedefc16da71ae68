import type { Clock } from '../environment/clock.ts'
import type { Replica } from '../replica/replica.ts'

/** How often a leader tells its wall clock; the ledger wants two looks an hour apart to believe a jump. */
const TELL_MS = 3_600_000

/**
 * Tells the ledger what day it is, at the start of each term and hourly: the validity of license keys goes by
 * it, and the ledger decides what to believe of it (O11).
 */
export class LicenseCalendar {
  readonly #replica: Pick<Replica, 'isServing' | 'leadership' | 'proposeInternal'>
  readonly #clock: Clock
  #term = -1
  #toldMs = 0

  constructor(options: {
    replica: Pick<Replica, 'isServing' | 'leadership' | 'proposeInternal'>
    clock: Clock
  }) {
    this.#replica = options.replica
    this.#clock = options.clock
  }

  tick(): void {
    if (!this.#replica.isServing) return
    const { term } = this.#replica.leadership
    const now = this.#clock.nowMs()
    if (term === this.#term && now - this.#toldMs < TELL_MS) return
    this.#term = term
    this.#toldMs = now
    this.#replica.proposeInternal({ op: 'license.calendar', wallMs: Math.floor(this.#clock.wallMs()) })
  }
}
