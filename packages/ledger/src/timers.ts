/** Something that ends at a moment of cluster time. */
export interface Timed {
  readonly timer: 'wait' | 'reservation' | 'delay' | 'license'
  readonly deadlineMs: number
  /** Unique and replicated: decides among equal deadlines, so that every node fires in the same order. */
  readonly order: number
  /** Place in the heap, -1 when not set. */
  heapAt: number
}

/** A binary heap that knows each timer's place: setting and clearing are O(log n), nothing dead stays. */
export class Timers {
  readonly #heap: Timed[] = []

  get size(): number {
    return this.#heap.length
  }

  nextDeadlineMs(): number | undefined {
    return this.#heap[0]?.deadlineMs
  }

  set(timed: Timed): void {
    this.#heap.push(timed)
    this.#up(this.#heap.length - 1, timed)
  }

  clear(timed: Timed): void {
    const at = timed.heapAt
    if (at < 0) return
    timed.heapAt = -1
    const last = this.#heap.pop()!
    if (last === timed) return
    this.#up(at, last)
    this.#down(last.heapAt, last)
  }

  /** Takes out the earliest timer that is due at `timeMs`. */
  popDue(timeMs: number): Timed | undefined {
    const first = this.#heap[0]
    if (first === undefined || first.deadlineMs > timeMs) return undefined
    this.clear(first)
    return first
  }

  all(): readonly Timed[] {
    return this.#heap
  }

  #up(from: number, timed: Timed): void {
    let at = from
    while (at > 0) {
      const parentAt = (at - 1) >> 1
      const parent = this.#heap[parentAt]!
      if (!before(timed, parent)) break
      this.#place(at, parent)
      at = parentAt
    }
    this.#place(at, timed)
  }

  #down(from: number, timed: Timed): void {
    let at = from
    for (;;) {
      let childAt = 2 * at + 1
      if (childAt >= this.#heap.length) break
      const right = this.#heap[childAt + 1]
      if (right !== undefined && before(right, this.#heap[childAt]!)) childAt += 1
      const child = this.#heap[childAt]!
      if (!before(child, timed)) break
      this.#place(at, child)
      at = childAt
    }
    this.#place(at, timed)
  }

  #place(at: number, timed: Timed): void {
    this.#heap[at] = timed
    timed.heapAt = at
  }
}

function before(a: Timed, b: Timed): boolean {
  return a.deadlineMs < b.deadlineMs || (a.deadlineMs === b.deadlineMs && a.order < b.order)
}
