/**
 * Where the client gets its time. Only differences of `now` are used, so it must never jump back; the wall
 * clock plays no part. A simulator passes its own.
 */
export interface Clock {
  /** Milliseconds, monotonic, with or without a fraction. */
  now(): number
  setTimer(callback: () => void, delayMs: number): Timer
  clearTimer(timer: Timer): void
  /** Runs `callback` after what the program does in this turn, so that its requests leave in one write. */
  defer(callback: () => void): void
}

/** A handle that only the clock that made it understands. */
export type Timer = unknown

/** `performance.now`, plain timers, and the end of the current turn. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
  // A next-tick callback that is asked for inside of a promise job runs when all promise jobs are done:
  // whatever the answers of one read set in motion is in the same write.
  defer: (callback) => process.nextTick(callback),
}
