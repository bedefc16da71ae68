import type { Gate, Occasion, Schedule } from './schedule.ts'

/** What was due while a process stood still is done within so much time. */
const awakeMs = 10

/**
 * A machine with one process on it. Its clock runs at a rate of its own; the process can die, at once and
 * with all that it had asked for, or stand still for a while.
 */
export class Host implements Gate {
  readonly id: number
  readonly name: string
  readonly #schedule: Schedule
  /** Counts the processes that ran here. */
  life = 1
  frozenUntilMs = 0
  /** The last time that it stood still, in true time. */
  #still = { fromMs: 0, untilMs: 0 }
  /** False: the machine itself is off, and answers nothing. */
  isPowered = true
  /** Added to the wall clock. */
  wallOffsetMs: number
  #rate = 1
  #sinceMs = 0
  #localMs: number

  constructor(schedule: Schedule, id: number, name: string, clock: { localMs: number; wallMs: number }) {
    this.#schedule = schedule
    this.id = id
    this.name = name
    this.#localMs = clock.localMs
    this.wallOffsetMs = clock.wallMs - clock.localMs
  }

  /** The monotonic clock of this machine. */
  nowMs(): number {
    return this.#localMs + (this.#schedule.nowMs - this.#sinceMs) * this.#rate
  }

  wallMs(): number {
    return Math.floor(this.nowMs() + this.wallOffsetMs)
  }

  get rate(): number {
    return this.#rate
  }

  /** From now on the clock runs so much faster than true time. */
  setRate(rate: number): void {
    this.#localMs = this.nowMs()
    this.#sinceMs = this.#schedule.nowMs
    this.#rate = rate
  }

  get isFrozen(): boolean {
    return this.frozenUntilMs > this.#schedule.nowMs
  }

  /** In so much true time, if the process still lives. */
  soon(delayMs: number, run: () => void): Occasion {
    return this.#schedule.at(this.#schedule.nowMs + delayMs, run, this)
  }

  /** After so much of this machine's time. */
  after(ms: number, run: () => void): Occasion {
    return this.soon(Math.max(0, ms) / this.#rate, run)
  }

  /** The process is gone, with every callback that it waited for. */
  kill(): void {
    this.life++
    this.frozenUntilMs = 0
  }

  freeze(ms: number): void {
    const { nowMs } = this.#schedule
    this.frozenUntilMs = Math.max(this.frozenUntilMs, nowMs + ms)
    const fromMs = this.#still.untilMs > nowMs ? this.#still.fromMs : nowMs
    this.#still = { fromMs, untilMs: this.frozenUntilMs }
  }

  /** Since when the process has not acted: when it stood still until just now, or still does, longer than now. */
  get idleSinceMs(): number {
    const { nowMs } = this.#schedule
    return nowMs - this.#still.untilMs < awakeMs ? this.#still.fromMs : nowMs
  }
}
