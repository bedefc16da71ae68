import type { Clock, Timer } from './clock.ts'

export interface DeadlineOptions {
  readonly clock: Clock
  readonly ttlMs: number
  /** The session counts as lost so long before its time to live is over. */
  readonly marginMs: number
  /** With less than this left, the session is at risk. */
  readonly riskMs: number
  readonly onRisk: (remainingMs: number) => void
  readonly onLost: () => void
}

/**
 * The client's own view of how long its session lives: the moment at which it **sent** the last frame that
 * was answered, plus the time to live, minus a margin. The cluster counts from when it received that frame,
 * so that this deadline passes first, whatever the network did (design: O6). No clock of another machine is
 * compared with ours.
 */
export class Deadline {
  readonly #options: DeadlineOptions
  #provenMs: number
  #timer: Timer | undefined
  #warned = false

  constructor(provenMs: number, options: DeadlineOptions) {
    this.#provenMs = provenMs
    this.#options = options
    this.#arm()
  }

  get remainingMs(): number {
    const { clock, ttlMs, marginMs } = this.#options
    return Math.max(0, this.#provenMs + ttlMs - marginMs - clock.now())
  }

  isOverAt(nowMs: number): boolean {
    const { ttlMs, marginMs } = this.#options
    return nowMs >= this.#provenMs + ttlMs - marginMs
  }

  /** A frame that was sent at `sentMs` has been answered. */
  prove(sentMs: number): void {
    if (sentMs > this.#provenMs) this.#provenMs = sentMs
  }

  stop(): void {
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer)
    this.#timer = undefined
  }

  #arm(): void {
    const { clock, riskMs } = this.#options
    const remainingMs = this.remainingMs
    const waitMs = this.#warned ? remainingMs : remainingMs - riskMs
    this.#timer = clock.setTimer(() => this.#look(), Math.max(1, Math.ceil(waitMs)))
  }

  #look(): void {
    this.#timer = undefined
    const { riskMs, onRisk, onLost } = this.#options
    const remainingMs = this.remainingMs
    if (remainingMs === 0) {
      onLost()
      return
    }
    const warn = remainingMs <= riskMs && !this.#warned
    this.#warned = remainingMs <= riskMs
    this.#arm()
    if (warn) onRisk(remainingMs)
  }
}
