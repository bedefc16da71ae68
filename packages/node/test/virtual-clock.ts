import type { Cancel, Clock } from '../src/environment/clock.ts'

/** A clock that moves only when told. End-of-turn callbacks run at `endTurn`, or after each timer. */
export class VirtualClock implements Clock {
  #nowMs = 1_000
  wallOffsetMs = 1_795_000_000_000
  #timers: { atMs: number; callback: () => void }[] = []
  #turn: (() => void)[] = []

  nowMs(): number {
    return this.#nowMs
  }

  wallMs(): number {
    return this.#nowMs + this.wallOffsetMs
  }

  after(ms: number, callback: () => void): Cancel {
    const timer = { atMs: this.#nowMs + ms, callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  endOfTurn(callback: () => void): void {
    this.#turn.push(callback)
  }

  endTurn(): void {
    while (this.#turn.length > 0) for (const callback of this.#turn.splice(0)) callback()
  }

  advance(ms: number): void {
    const untilMs = this.#nowMs + ms
    this.endTurn()
    for (;;) {
      const next = this.#timers.filter((timer) => timer.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0]
      if (!next) break
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.callback()
      this.endTurn()
    }
    this.#nowMs = untilMs
  }
}
