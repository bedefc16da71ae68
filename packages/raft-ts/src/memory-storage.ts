import { fail } from './errors.ts'
import { limitSize } from './size.ts'
import type { Compacted, Storage, Unavailable } from './storage.ts'
import type { ConfState, Entry, HardState, Index, Snapshot, Term } from './types.ts'
import { EMPTY_DATA } from './types.ts'

const NO_MEMBERS: ConfState = {
  voters: [],
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
}

/**
 * A log in memory: for tests, simulation and as the model of what a durable storage must do.
 *
 * Invariants: entries are contiguous from #compactedIndex + 1.
 */
export class MemoryStorage implements Storage {
  #hardState: HardState = { term: 0, vote: 0, commit: 0 }
  #snapshot: Snapshot = { index: 0, term: 0, confState: NO_MEMBERS, data: EMPTY_DATA }
  #compactedIndex: Index = 0
  #compactedTerm: Term = 0
  #entries: Entry[] = []

  initialState(): { hardState: HardState; confState: ConfState } {
    return { hardState: this.#hardState, confState: this.#snapshot.confState }
  }

  entries(lo: Index, hi: Index, sizeMax: number): readonly Entry[] | Compacted | Unavailable {
    if (lo <= this.#compactedIndex) return 'compacted'
    if (hi > this.lastIndex() + 1) fail(`storage: entries up to ${hi} wanted, last is ${this.lastIndex()}`)
    if (this.#entries.length === 0) return 'unavailable'
    const from = this.firstIndex()
    return limitSize(this.#entries.slice(lo - from, hi - from), sizeMax)
  }

  term(index: Index): Term | Compacted | Unavailable {
    if (index < this.#compactedIndex) return 'compacted'
    if (index === this.#compactedIndex) return this.#compactedTerm
    return this.#entries[index - this.#compactedIndex - 1]?.term ?? 'unavailable'
  }

  firstIndex(): Index {
    return this.#compactedIndex + 1
  }

  lastIndex(): Index {
    return this.#compactedIndex + this.#entries.length
  }

  snapshot(): Snapshot {
    return this.#snapshot
  }

  setHardState(hardState: HardState): void {
    this.#hardState = hardState
  }

  /** Replaces everything by `snapshot`; 'outOfDate' when it is older than the one that is held. */
  applySnapshot(snapshot: Snapshot): 'ok' | 'outOfDate' {
    if (this.#snapshot.index >= snapshot.index) return 'outOfDate'
    this.#snapshot = snapshot
    this.#compactedIndex = snapshot.index
    this.#compactedTerm = snapshot.term
    this.#entries = []
    return 'ok'
  }

  /** Keeps an image of the state machine at `index`, without cutting the log. */
  createSnapshot(index: Index, confState: ConfState, data: Uint8Array): Snapshot | 'outOfDate' {
    if (index <= this.#snapshot.index) return 'outOfDate'
    const term = this.term(index)
    if (typeof term !== 'number') return fail(`storage: snapshot at ${index}, last is ${this.lastIndex()}`)
    this.#snapshot = { index, term, confState, data }
    return this.#snapshot
  }

  /** Drops the entries up to and with `index`; 'compacted' when they are gone already. */
  compact(index: Index): 'ok' | Compacted {
    if (index <= this.#compactedIndex) return 'compacted'
    const term = this.term(index)
    if (typeof term !== 'number') return fail(`storage: compaction at ${index}, last is ${this.lastIndex()}`)
    this.#entries = this.#entries.slice(index - this.#compactedIndex)
    this.#compactedIndex = index
    this.#compactedTerm = term
    return 'ok'
  }

  /** Appends; entries that are there already from `entries[0].index` on are replaced. */
  append(entries: readonly Entry[]): void {
    if (entries.length === 0) return
    const first = entries[0]!.index
    const last = first + entries.length - 1
    if (last <= this.#compactedIndex) return
    const kept = first <= this.#compactedIndex ? entries.slice(this.#compactedIndex + 1 - first) : entries
    const at = kept[0]!.index - this.firstIndex()
    if (at > this.#entries.length) fail(`storage: entry ${first} after ${this.lastIndex()} leaves a hole`)
    this.#entries.length = at
    for (const entry of kept) this.#entries.push(entry)
  }
}
