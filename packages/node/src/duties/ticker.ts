import type { Cancel, Clock } from '../environment/clock.ts'

/**
 * Calls back once every `tickMs`, on the average: timers are late, and election time-outs that are counted in ticks
 * must not grow with it. Ticks that a process missed because it stood still are not made up for: what others sent
 * meanwhile still waits in its sockets, and nobody's silence counts before that has been read.
 */
export class Ticker {
  readonly #clock: Clock
  readonly #tickMs: number
  readonly #onTick: () => void
  #dueMs: number
  #cancel: Cancel

  constructor(clock: Clock, tickMs: number, onTick: () => void) {
    this.#clock = clock
    this.#tickMs = tickMs
    this.#onTick = onTick
    this.#dueMs = clock.nowMs() + tickMs
    this.#cancel = this.#wait()
  }

  stop(): void {
    this.#cancel()
  }

  #wait(): Cancel {
    return this.#clock.after(Math.max(0, this.#dueMs - this.#clock.nowMs()), () => {
      const nowMs = this.#clock.nowMs()
      this.#dueMs += this.#tickMs
      if (this.#dueMs < nowMs) this.#dueMs = nowMs + this.#tickMs
      this.#cancel = this.#wait()
      this.#onTick()
    })
  }
}
