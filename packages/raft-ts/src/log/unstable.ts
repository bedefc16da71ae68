import { fail } from '../errors.ts'
import type { Entry, Index, Snapshot, Term } from '../types.ts'

/**
 * The tail of the log that is not known to be durable: entries from `offset` on, and perhaps a snapshot
 * that comes before them.
 *
 * Invariants: entries[i].index === offset + i; offset <= offsetInProgress <= offset + entries.length;
 * with a snapshot, offset > snapshot.index.
 */
export class Unstable {
  entries: Entry[] = []
  offset: Index
  /** Entries before this one have been handed out for writing. */
  offsetInProgress: Index
  snapshot: Snapshot | undefined = undefined
  snapshotInProgress = false

  constructor(offset: Index) {
    this.offset = offset
    this.offsetInProgress = offset
  }

  /** undefined when storage must be asked. */
  firstIndex(): Index | undefined {
    return this.snapshot === undefined ? undefined : this.snapshot.index + 1
  }

  /** undefined when storage must be asked. */
  lastIndex(): Index | undefined {
    if (this.entries.length > 0) return this.offset + this.entries.length - 1
    return this.snapshot?.index
  }

  /** undefined when storage must be asked. */
  term(index: Index): Term | undefined {
    if (index >= this.offset) return this.entries[index - this.offset]?.term
    return this.snapshot?.index === index ? this.snapshot.term : undefined
  }

  slice(lo: Index, hi: Index): Entry[] {
    if (lo < this.offset || hi > this.offset + this.entries.length || lo > hi)
      fail(`unstable: ${lo}..${hi} out of ${this.offset}..${this.offset + this.entries.length}`)
    return this.entries.slice(lo - this.offset, hi - this.offset)
  }

  get hasNextEntries(): boolean {
    return this.offsetInProgress < this.offset + this.entries.length
  }

  /** Entries that have not been handed out yet. */
  nextEntries(): Entry[] {
    return this.entries.slice(this.offsetInProgress - this.offset)
  }

  nextSnapshot(): Snapshot | undefined {
    return this.snapshotInProgress ? undefined : this.snapshot
  }

  /** Everything held has been handed out for writing. */
  acceptInProgress(): void {
    this.offsetInProgress = this.offset + this.entries.length
    if (this.snapshot !== undefined) this.snapshotInProgress = true
  }

  /**
   * The log is durable up to (`index`, `term`). Only believed when that very entry is still held: one that
   * was replaced in the meantime has another term. That alone would not do (ABA: replaced, and replaced
   * back by a write which is not durable yet), so `step` drops acknowledgments of earlier terms before.
   */
  stableTo(index: Index, term: Term): void {
    if (index < this.offset || this.term(index) !== term) return
    const count = index + 1 - this.offset
    this.entries = count === this.entries.length ? [] : this.entries.slice(count)
    this.offset = index + 1
    this.offsetInProgress = Math.max(this.offsetInProgress, this.offset)
  }

  stableSnapshotTo(index: Index): void {
    if (this.snapshot?.index !== index) return
    this.snapshot = undefined
    this.snapshotInProgress = false
  }

  restore(snapshot: Snapshot): void {
    this.offset = snapshot.index + 1
    this.offsetInProgress = this.offset
    this.entries = []
    this.snapshot = snapshot
    this.snapshotInProgress = false
  }

  /** Appends `entries`, replacing what is held from `entries[0].index` on. */
  truncateAndAppend(entries: readonly Entry[]): void {
    const first = entries[0]!.index
    const end = this.offset + this.entries.length
    if (first === end) {
      for (let i = 0; i < entries.length; i++) this.entries.push(entries[i]!)
      return
    }
    if (first <= this.offset) {
      // Also replaces entries that are durable: they have to be written again from here on.
      this.entries = entries.slice()
      this.offset = first
      this.offsetInProgress = first
      return
    }
    this.entries = this.slice(this.offset, first).concat(entries)
    this.offsetInProgress = Math.min(this.offsetInProgress, first)
  }
}
