import type { Timed } from '../timers.ts'

/** A time-out of a part of the licenses; what it does is given when it is made. */
export class Deadline implements Timed {
  readonly timer = 'license'
  readonly deadlineMs: number
  readonly order: number
  readonly fire: () => void
  /** The same moment in the pool's own list of when units come free. */
  twin: Deadline | undefined = undefined
  heapAt = -1

  constructor(deadlineMs: number, order: number, fire: () => void) {
    this.deadlineMs = deadlineMs
    this.order = order
    this.fire = fire
  }
}
