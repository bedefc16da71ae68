import type { Waiter } from '../graph.ts'

/** Waiters to be looked at, smallest order first, each once. Small: a heap without places will do. */
export class Candidates {
  readonly #heap: Waiter[] = []

  get isEmpty(): boolean {
    return this.#heap.length === 0
  }

  push(waiter: Waiter): void {
    if (waiter.isCandidate) return
    waiter.isCandidate = true
    const heap = this.#heap
    let at = heap.length
    heap.push(waiter)
    while (at > 0) {
      const parentAt = (at - 1) >> 1
      const parent = heap[parentAt]!
      if (parent.order <= waiter.order) break
      heap[at] = parent
      at = parentAt
    }
    heap[at] = waiter
  }

  pop(): Waiter | undefined {
    const heap = this.#heap
    const first = heap[0]
    if (first === undefined) return undefined
    first.isCandidate = false
    const last = heap.pop()!
    if (heap.length === 0) return first
    let at = 0
    for (;;) {
      let childAt = 2 * at + 1
      if (childAt >= heap.length) break
      const right = heap[childAt + 1]
      if (right !== undefined && right.order < heap[childAt]!.order) childAt += 1
      const child = heap[childAt]!
      if (child.order >= last.order) break
      heap[at] = child
      at = childAt
    }
    heap[at] = last
    return first
  }
}
