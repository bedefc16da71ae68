/** Something that will happen. It happens only while its process is the one that asked for it. */
export interface Occasion {
  dueMs: number
  order: number
  run: (() => void) | undefined
  readonly gate: Gate | undefined
  readonly life: number
}

/** A process as the schedule sees it: what a dead one had asked for never happens; a frozen one gets it late. */
export interface Gate {
  readonly id: number
  readonly life: number
  /** Virtual time at which it runs again; in the past: it runs. */
  readonly frozenUntilMs: number
}

/** Events that are handed to the event loop at once; between two of them all promise jobs are done. */
const handful = 64

/** Virtual time: what is due runs in order of its time, and of its asking among equals. */
export class Schedule {
  nowMs = 0
  /** Events that ran. */
  count = 0
  /** Of times and processes of all events: two equal runs have equal hashes. */
  hash = 0
  #order = 0
  readonly #heap: Occasion[] = []

  at(dueMs: number, run: () => void, gate?: Gate): Occasion {
    const occasion: Occasion = {
      dueMs: Math.max(dueMs, this.nowMs),
      order: this.#order++,
      run,
      gate,
      life: gate?.life ?? 0,
    }
    this.#push(occasion)
    return occasion
  }

  cancel(occasion: Occasion): void {
    occasion.run = undefined
  }

  /** Lets things happen until `done` says so, or nothing is left. */
  run(done: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let queued = 0
      let over = false
      const step = () => {
        queued--
        if (over) return
        try {
          if (done() || !this.#next()) {
            over = true
            resolve()
            return
          }
        } catch (error) {
          over = true
          reject(error as Error)
          return
        }
        if (queued === 0) feed()
      }
      // The event loop does all promise jobs after each immediate: a handful at once saves it whole rounds.
      const feed = () => {
        for (; queued < handful; queued++) setImmediate(step)
      }
      feed()
    })
  }

  /** Mixes what happened into the hash. */
  note(number: number): void {
    this.hash = Math.imul(this.hash ^ (number | 0), 0x0100_0193) ^ (this.hash >>> 15)
  }

  #next(): boolean {
    for (let occasion = this.#pop(); occasion !== undefined; occasion = this.#pop()) {
      const { run, gate } = occasion
      if (run === undefined) continue
      if (gate !== undefined) {
        if (gate.life !== occasion.life) continue
        if (gate.frozenUntilMs > occasion.dueMs) {
          occasion.dueMs = gate.frozenUntilMs
          occasion.order = this.#order++
          this.#push(occasion)
          continue
        }
      }
      this.nowMs = occasion.dueMs
      this.count++
      this.note(occasion.dueMs * 4096)
      this.note(gate?.id ?? 0)
      run()
      return true
    }
    return false
  }

  #push(occasion: Occasion): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(occasion)
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isBefore(occasion, heap[above]!)) break
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = occasion
  }

  #pop(): Occasion | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++
      if (!isBefore(heap[below]!, last)) break
      heap[at] = heap[below]!
      at = below
    }
    heap[at] = last
    return first
  }
}

function isBefore(a: Occasion, b: Occasion): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order)
}
