import type { Core } from '../core.ts'
import type { Timed, Timers } from '../timers.ts'

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

/** What a time-out needs to know of a pool: when its units come free. */
interface DuePool {
  readonly dues: Timers
}

/** Sets a time-out that frees units of the pool. */
export function arm(
  core: Core,
  pool: DuePool,
  deadlineMs: number,
  order: number,
  fire: () => void,
): Deadline {
  const deadline: Deadline = new Deadline(deadlineMs, order, () => {
    disarm(core, pool, deadline)
    fire()
  })
  deadline.twin = new Deadline(deadlineMs, order, fire)
  core.timers.set(deadline)
  pool.dues.set(deadline.twin)
  return deadline
}

export function disarm(core: Core, pool: DuePool, deadline: Deadline): void {
  core.timers.clear(deadline)
  if (deadline.twin !== undefined) pool.dues.clear(deadline.twin)
}
