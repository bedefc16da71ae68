import type { Clock } from '../environment/clock.ts'

/** Where the time of a command goes at its leader, in the order in which it passes. */
export const stageNames = ['queue', 'log', 'replicate', 'apply', 'answer'] as const
export type StageName = (typeof stageNames)[number]

/**
 * Adds up how long commands spend in each stage at the leader, a few looks at the clock an entry. Times are
 * milliseconds, summed over commands: divided by `commands` they are means.
 *
 * - `queue`: from the request to the entry that takes it, which may wait for entries in flight
 * - `log`: from there until the leader's own disk has it; not on the way if the others are quicker
 * - `replicate`: from the entry to its commit, the members' disks and the wire between them included
 * - `apply`: the entry's commands in the ledger
 * - `answer`: until the answers are with the system
 */
export class Stages {
  readonly totalMs: Record<StageName, number> = { queue: 0, log: 0, replicate: 0, apply: 0, answer: 0 }
  commands = 0
  readonly #clock: Clock
  /** Sum of the moments at which the commands that wait were queued. */
  #queuedMs = 0
  #queued = 0
  /** Applied in this turn: their count, and the sum of the moments. */
  #applied = 0
  #appliedMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  queued(): void {
    this.#queued++
    this.#queuedMs += this.#clock.nowMs()
  }

  /** `count` commands leave the queue in entries: all of them, or a share that is taken for average. */
  proposed(count: number): void {
    const share = this.#queued === 0 ? 0 : Math.min(1, count / this.#queued)
    const leftMs = this.#queuedMs * share
    this.totalMs.queue += this.#queued * share * this.#clock.nowMs() - leftMs
    this.#queued -= this.#queued * share
    this.#queuedMs -= leftMs
  }

  /** The queue was given up. */
  dropped(): void {
    this.#queued = 0
    this.#queuedMs = 0
  }

  /** The leader's disk has entries of `count` commands, which it was given at `startedMs`. */
  durable(count: number, startedMs: number): void {
    if (count > 0) this.totalMs.log += count * (this.#clock.nowMs() - startedMs)
  }

  /** An entry of `count` commands was applied; it came from the core at `startedMs`. */
  applied(count: number, proposedMs: number, startedMs: number): void {
    const nowMs = this.#clock.nowMs()
    this.commands += count
    this.totalMs.replicate += count * (startedMs - proposedMs)
    this.totalMs.apply += count * (nowMs - startedMs)
    this.#applied += count
    this.#appliedMs += count * nowMs
  }

  /** The answers of the turn are written. */
  answered(): void {
    if (this.#applied === 0) return
    this.totalMs.answer += this.#applied * this.#clock.nowMs() - this.#appliedMs
    this.#applied = 0
    this.#appliedMs = 0
  }
}
