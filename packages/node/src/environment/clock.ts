/** What the node may know of time. The simulator brings its own. */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary start. */
  nowMs(): number
  /** Wall clock, epoch milliseconds. Data only: nothing is decided by it. */
  wallMs(): number
  /** Calls back once after `ms`; the result cancels. */
  after(ms: number, callback: () => void): Cancel
  /** Calls back when the events of this turn of the loop have been handled. */
  endOfTurn(callback: () => void): void
}

export type Cancel = () => void

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
  endOfTurn(callback) {
    setImmediate(callback)
  },
}
