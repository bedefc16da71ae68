import { StorageError } from './errors.ts'
import type { Entry, IndexTerm } from './types.ts'

/** What an entry is counted with besides its data, in memory and in `tailBytesMax`. */
const entryOverhead = 64

/**
 * The log as it lies in memory, from the first kept entry to the last.
 *
 * Invariants: entry i of the list has index base.index + 1 + i; `bytes` is the sum over the list.
 */
export class EntryTail {
  #entries: Entry[] = []
  /** Slots of the list that are compacted away but not yet cut off, so that compaction costs what it drops. */
  #head = 0
  #base: IndexTerm
  #bytes = 0

  constructor(base: IndexTerm = { index: 0, term: 0 }) {
    this.#base = base
  }

  get base(): IndexTerm {
    return this.#base
  }

  get last(): IndexTerm {
    const entry = this.#entries[this.#entries.length - 1]
    return entry === undefined || this.count === 0 ? this.#base : entry
  }

  get count(): number {
    return this.#entries.length - this.#head
  }

  get bytes(): number {
    return this.#bytes
  }

  term(index: number): number | undefined {
    if (index === this.#base.index) return this.#base.term
    if (index < this.#base.index || index > this.#base.index + this.count) return undefined
    return this.#entries[this.#head + index - this.#base.index - 1]!.term
  }

  at(index: number): Entry | undefined {
    return index <= this.#base.index ? undefined : this.#entries[this.#head + index - this.#base.index - 1]
  }

  /** Entries from..to-1, which must be there. */
  slice(from: number, to: number): Entry[] {
    const offset = this.#head - this.#base.index - 1
    return this.#entries.slice(from + offset, to + offset)
  }

  /**
   * Appends; what is there from the first new index on goes. `prevTerm` is the term before the first; when
   * the first lies before the base (its own base was truncated later), the base moves back to it.
   */
  append(entries: readonly Entry[], prevTerm?: number): void {
    const first = entries[0]
    if (first === undefined) return
    if (first.index > this.last.index + 1) {
      throw new StorageError('LOG_FAILED', `entry ${first.index} after ${this.last.index} would leave a hole`)
    }
    if (first.index <= this.#base.index) {
      this.reset({ index: first.index - 1, term: prevTerm ?? 0 })
    } else {
      const keep = this.#head + first.index - this.#base.index - 1
      for (let i = keep; i < this.#entries.length; i++) this.#bytes -= sizeOf(this.#entries[i]!)
      this.#entries.length = keep
    }
    for (let i = 0; i < entries.length; i++) {
      this.#entries.push(entries[i]!)
      this.#bytes += sizeOf(entries[i]!)
    }
  }

  reset(base: IndexTerm): void {
    this.#entries = []
    this.#head = 0
    this.#bytes = 0
    this.#base = { index: base.index, term: base.term }
  }

  /** Drops entries up to `index`, oldest first, while more than the tail's bounds would remain. */
  compact(index: number, keep: { bytes: number; entries: number }): void {
    let { index: at, term } = this.#base
    while (at < index && this.count > 0) {
      const entry = this.#entries[this.#head]!
      const size = sizeOf(entry)
      if (this.#bytes - size < keep.bytes && this.count <= keep.entries) break
      this.#head++
      this.#bytes -= size
      at = entry.index
      term = entry.term
    }
    this.#base = { index: at, term }
    if (this.#head > 1024 && this.#head * 2 > this.#entries.length) {
      this.#entries.splice(0, this.#head)
      this.#head = 0
    } else if (this.count === 0) {
      this.#entries = []
      this.#head = 0
    }
  }
}

function sizeOf(entry: Entry): number {
  return entry.data.length + entryOverhead
}
