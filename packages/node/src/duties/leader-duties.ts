import type { Logger } from 'pino'
import type { Clock } from '../environment/clock.ts'
import { limits } from '../limits.ts'
import type { Replica } from '../replica/replica.ts'
import type { SessionKeeper } from './session-keeper.ts'

/**
 * What only a leader does, looked at on every tick: expire silent sessions, let due timers fire,
 * and notice when the process itself stood still.
 */
export class LeaderDuties {
  readonly #replica: Replica
  readonly #keeper: SessionKeeper
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #tickMs: number
  #lastTickMs: number
  /** The deadline, and the term, for which an empty entry is on its way. */
  #proposedFor = { deadlineMs: -1, term: -1 }

  constructor(options: {
    replica: Replica
    keeper: SessionKeeper
    clock: Clock
    logger: Logger
    tickMs: number
  }) {
    this.#replica = options.replica
    this.#keeper = options.keeper
    this.#clock = options.clock
    this.#logger = options.logger
    this.#tickMs = options.tickMs
    this.#lastTickMs = options.clock.nowMs()
  }

  tick(): void {
    const now = this.#clock.nowMs()
    const stalledMs = now - this.#lastTickMs - this.#tickMs
    this.#lastTickMs = now
    if (!this.#replica.isServing) return
    if (stalledMs > limits.stallMs) {
      // Whatever was sent meanwhile still waits in our sockets: nobody's silence counts.
      this.#logger.warn({ stalledMs: Math.round(stalledMs) }, 'this process stood still')
      this.#keeper.forgive(stalledMs)
      this.#replica.clusterClock.forget(Math.floor(stalledMs))
      return
    }
    this.#expireSessions()
    this.#fireTimers()
  }

  #expireSessions(): void {
    const term = this.#replica.leadership.term
    for (const { session, generation } of this.#keeper.expired()) {
      this.#logger.info({ session, generation }, 'session expired')
      this.#replica.proposeInternal({ op: 'session.expire', session, generation, term })
    }
  }

  #fireTimers(): void {
    const deadline = this.#replica.ledger.nextDeadlineMs()
    if (deadline === undefined || deadline > this.#replica.clusterClock.nowMs()) return
    const { term } = this.#replica.leadership
    if (deadline === this.#proposedFor.deadlineMs && term === this.#proposedFor.term) return
    if (this.#replica.proposeTime()) this.#proposedFor = { deadlineMs: deadline, term }
  }
}
