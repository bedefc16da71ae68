import type { Row } from '../rows.ts'
import type { Deadline } from './deadline.ts'
import type { Seat } from './pool.ts'

/** A unit that went with its user. Row `b/<id>`. */
export class Borrow implements Row {
  readonly id: string
  readonly order: number
  readonly seat: Seat
  /** Wall clock of both ends: tokens are made from them, the same by whoever leads. */
  readonly sinceMs: number
  readonly untilWallMs: number
  readonly deadlineMs: number
  deadline: Deadline | undefined = undefined
  dirtyAt = -1
  stored = false
  gone = false

  constructor(
    seat: Seat,
    order: number,
    times: { readonly sinceMs: number; readonly untilWallMs: number; readonly deadlineMs: number },
  ) {
    const { sinceMs, untilWallMs, deadlineMs } = times
    this.id = `B${order}`
    this.seat = seat
    this.order = order
    this.sinceMs = sinceMs
    this.untilWallMs = untilWallMs
    this.deadlineMs = deadlineMs
  }

  rowKey(): string {
    return `b/${this.id}`
  }

  rowValue() {
    const { order, sinceMs, untilWallMs, deadlineMs } = this
    return { seat: this.seat.id, order, sinceMs, untilWallMs, deadlineMs }
  }
}
