import type { Clock, Timer } from './clock.ts'

export interface DeadlineOptions {
  readonly clock: Clock
  readonly ttlMs: number
  /** The session counts as lost so long before its time to live is over. */
  readonly marginMs: number
  /** With less than this left, the session is at risk. */
  readonly riskMs: number
  /** No proof for a third of the time to live: ask for one. */
  readonly onStale: () => void
  readonly onRisk: (remainingMs: number) => void
  readonly onLost: () => void
}

/**
 * The client's own view of how long its session lives: the moment at which it **sent** the last request that
 * a leader has provably answered as leader, plus the time to live, minus a margin. The cluster counts from when
 * it received that request, or from when a later leader took over, so that this deadline passes first, whatever
 * the network did (docs/guarantees.md, O6). No clock of another machine is compared with ours.
 */
export class Deadline {
  readonly #options: DeadlineOptions
  /** Ages of the last proof at which something is to be done, ascending: stale, at risk, lost. */
  readonly #stagesMs: readonly [number, number, number]
  #provenMs: number
  /** The proof that `#passed` is about. */
  #watchedMs: number
  #passed = 0
  #timer: Timer | undefined

  constructor(provenMs: number, options: DeadlineOptions) {
    const { ttlMs, marginMs, riskMs } = options
    const lostMs = ttlMs - marginMs
    const riskyMs = lostMs - riskMs
    this.#stagesMs = [Math.min(ttlMs / 3, (riskyMs * 2) / 3), riskyMs, lostMs]
    this.#options = options
    this.#provenMs = provenMs
    this.#watchedMs = provenMs
    this.#arm()
  }

  get remainingMs(): number {
    return Math.max(0, this.#provenMs + this.#stagesMs[2] - this.#options.clock.now())
  }

  isOverAt(nowMs: number): boolean {
    return nowMs >= this.#provenMs + this.#stagesMs[2]
  }

  /** A request that was sent at `sentMs` has been answered by a leader. */
  prove(sentMs: number): void {
    if (sentMs > this.#provenMs) this.#provenMs = sentMs
  }

  stop(): void {
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer)
    this.#timer = undefined
  }

  #arm(): void {
    const { clock } = this.#options
    const dueMs = this.#watchedMs + (this.#stagesMs[this.#passed] ?? 0)
    this.#timer = clock.setTimer(() => this.#look(), Math.max(1, Math.ceil(dueMs - clock.now())))
  }

  #look(): void {
    this.#timer = undefined
    const { clock, onStale, onRisk, onLost } = this.#options
    if (this.#watchedMs !== this.#provenMs) {
      this.#watchedMs = this.#provenMs
      this.#passed = 0
    }
    const ageMs = clock.now() - this.#provenMs
    const before = this.#passed
    while (this.#passed < 3 && ageMs >= this.#stagesMs[this.#passed]!) this.#passed++
    if (this.#passed === 3) {
      onLost()
      return
    }
    this.#arm()
    if (before < 1 && this.#passed >= 1) onStale()
    if (before < 2 && this.#passed >= 2) onRisk(this.remainingMs)
  }
}
