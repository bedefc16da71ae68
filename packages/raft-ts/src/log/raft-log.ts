import { fail } from '../errors.ts'
import { entriesSize, limitSize } from '../size.ts'
import type { Compacted, Storage, Unavailable } from '../storage.ts'
import type { Entry, Index, Snapshot, Term } from '../types.ts'
import { Unstable } from './unstable.ts'

/**
 * The whole log: what is in storage, and the unstable tail behind it.
 *
 * Invariants: applied <= applying <= committed <= lastIndex().
 */
export class RaftLog {
  readonly storage: Storage
  readonly unstable: Unstable
  /** The highest entry that is known to be durable on a quorum. */
  committed: Index
  /** The highest entry that was handed out for applying. */
  applying: Index
  /** The highest entry that the application has applied. */
  applied: Index
  /** Bounds the entries between `applied` and `applying`, in bytes. */
  readonly applyingSizeMax: number
  #applyingSize = 0
  /** More could be handed out, but what is being applied comes first. */
  #applyingPaused = false

  constructor(storage: Storage, applyingSizeMax: number) {
    this.storage = storage
    this.applyingSizeMax = applyingSizeMax
    const first = storage.firstIndex()
    this.unstable = new Unstable(storage.lastIndex() + 1)
    this.committed = first - 1
    this.applying = first - 1
    this.applied = first - 1
  }

  firstIndex(): Index {
    return this.unstable.firstIndex() ?? this.storage.firstIndex()
  }

  lastIndex(): Index {
    return this.unstable.lastIndex() ?? this.storage.lastIndex()
  }

  lastTerm(): Term {
    const last = this.lastIndex()
    const term = this.term(last)
    return typeof term === 'number' ? term : fail(`log: term of the last entry ${last} is ${term}`)
  }

  term(index: Index): Term | Compacted | Unavailable {
    const term = this.unstable.term(index)
    if (term !== undefined) return term
    // The entry before the first is compacted, but its term is needed to match appends.
    if (index + 1 < this.firstIndex()) return 'compacted'
    if (index > this.lastIndex()) return 'unavailable'
    return this.storage.term(index)
  }

  matches(index: Index, term: Term): boolean {
    return this.term(index) === term
  }

  /** Section 5.4.1: the later last term wins, then the longer log. */
  isUpToDate(index: Index, term: Term): boolean {
    const ours = this.lastTerm()
    return term > ours || (term === ours && index >= this.lastIndex())
  }

  /** The leader's own append. */
  append(entries: readonly Entry[]): Index {
    if (entries.length === 0) return this.lastIndex()
    const after = entries[0]!.index - 1
    if (after < this.committed) fail(`log: entry ${after + 1} would replace committed ${this.committed}`)
    this.unstable.truncateAndAppend(entries)
    return this.lastIndex()
  }

  /**
   * A follower's append (section 5.3): entries after (`prevIndex`, `prevTerm`), if that one matches.
   * Nothing is cut unless an entry really conflicts: a late message must not remove what came after it.
   * Gives the index up to which the log now agrees with the leader's.
   */
  maybeAppend(prevIndex: Index, prevTerm: Term, entries: readonly Entry[], commit: Index): Index | undefined {
    if (!this.matches(prevIndex, prevTerm)) return undefined
    const lastNew = prevIndex + entries.length
    const conflict = this.#findConflict(entries)
    if (conflict !== undefined) {
      if (conflict <= this.committed)
        fail(`log: entry ${conflict} conflicts, but ${this.committed} is committed`)
      this.append(conflict === prevIndex + 1 ? entries : entries.slice(conflict - prevIndex - 1))
    }
    // Beyond lastNew this log may hold anything; the leader's commit says nothing about that.
    this.commitTo(Math.min(commit, lastNew))
    return lastNew
  }

  /** The first of `entries` that the log does not hold. */
  #findConflict(entries: readonly Entry[]): Index | undefined {
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i]!
      if (!this.matches(entry.index, entry.term)) return entry.index
    }
    return undefined
  }

  /**
   * The last position at or before `index` whose term is at most `term`: where two logs may still agree if
   * the other one has `term` at `index`. Skips a whole term per round trip. Term 0 when it is not known.
   */
  findConflictByTerm(index: Index, term: Term): { readonly index: Index; readonly term: Term } {
    for (let at = index; at > 0; at--) {
      const ours = this.term(at)
      if (typeof ours !== 'number') return { index: at, term: 0 }
      if (ours <= term) return { index: at, term: ours }
    }
    return { index: 0, term: 0 }
  }

  commitTo(index: Index): void {
    if (this.committed >= index) return
    if (index > this.lastIndex())
      fail(`log: commit ${index} lies beyond the last entry ${this.lastIndex()}; were entries lost?`)
    this.committed = index
  }

  /** Commits `index` if it is of `term`: section 5.4.2, a leader counts only for entries of its own term. */
  maybeCommit(index: Index, term: Term): boolean {
    if (index <= this.committed || term === 0 || !this.matches(index, term)) return false
    this.commitTo(index)
    return true
  }

  /** Bytes handed out for applying and not yet applied. */
  get applyingSize(): number {
    return this.#applyingSize
  }

  get applyingPaused(): boolean {
    return this.#applyingPaused
  }

  get hasSnapshotPending(): boolean {
    return this.unstable.snapshot !== undefined
  }

  /** Entries that are committed and not handed out yet, within the size bound. */
  nextCommitted(allowUnstable: boolean): readonly Entry[] {
    if (!this.hasNextCommitted(allowUnstable)) return []
    const room = this.applyingSizeMax - this.#applyingSize
    if (room <= 0) fail(`log: no room to apply, ${this.#applyingSize} of ${this.applyingSizeMax} bytes`)
    const entries = this.slice(this.applying + 1, this.#appliableTo(allowUnstable) + 1, room)
    return typeof entries === 'string' ? fail(`log: committed entries are ${entries}`) : entries
  }

  hasNextCommitted(allowUnstable: boolean): boolean {
    // A snapshot that waits comes first: entries are applied on top of it.
    if (this.#applyingPaused || this.hasSnapshotPending) return false
    return this.applying < this.#appliableTo(allowUnstable)
  }

  /** Without `allowUnstable`, an entry is applied only when this node's own copy of it is durable. */
  #appliableTo(allowUnstable: boolean): Index {
    return allowUnstable ? this.committed : Math.min(this.committed, this.unstable.offset - 1)
  }

  acceptApplying(index: Index, size: number, allowUnstable: boolean): void {
    if (index > this.committed) fail(`log: applying ${index} beyond committed ${this.committed}`)
    this.applying = index
    this.#applyingSize += size
    // Paused at the bound, and also when the next entry alone did not fit.
    this.#applyingPaused =
      this.#applyingSize >= this.applyingSizeMax || index < this.#appliableTo(allowUnstable)
  }

  appliedTo(index: Index, size: number): void {
    if (index > this.committed || index < this.applied)
      fail(`log: applied ${index} is out of ${this.applied}..${this.committed}`)
    this.applied = index
    this.applying = Math.max(this.applying, index)
    this.#applyingSize = Math.max(0, this.#applyingSize - size)
    this.#applyingPaused = this.#applyingSize >= this.applyingSizeMax
  }

  snapshot(): Snapshot | 'temporarilyUnavailable' {
    return this.unstable.snapshot ?? this.storage.snapshot()
  }

  restore(snapshot: Snapshot): void {
    this.committed = snapshot.index
    this.unstable.restore(snapshot)
  }

  /** Entries from `lo` to the end, within `sizeMax`. */
  entriesFrom(lo: Index, sizeMax: number): readonly Entry[] | Compacted | Unavailable {
    const last = this.lastIndex()
    return lo > last ? [] : this.slice(lo, last + 1, sizeMax)
  }

  /** Entries lo..hi-1, at least one, within `sizeMax`. */
  slice(lo: Index, hi: Index, sizeMax: number): readonly Entry[] | Compacted | Unavailable {
    if (lo > hi || hi > this.lastIndex() + 1) fail(`log: ${lo}..${hi} wanted, last is ${this.lastIndex()}`)
    if (lo < this.firstIndex()) return 'compacted'
    if (lo === hi) return []
    const { offset } = this.unstable
    if (lo >= offset) return limitSize(this.unstable.slice(lo, hi), sizeMax)
    const cut = Math.min(hi, offset)
    const stored = this.storage.entries(lo, cut, sizeMax)
    if (stored === 'unavailable') return fail(`log: ${lo}..${cut} should be in storage, but is unavailable`)
    if (stored === 'compacted' || hi <= offset || stored.length < cut - lo) return stored
    const size = entriesSize(stored)
    if (size >= sizeMax) return stored
    const tail = limitSize(this.unstable.slice(offset, hi), sizeMax - size)
    // limitSize never gives nothing, but here nothing is an answer.
    if (tail.length === 1 && size + entriesSize(tail) > sizeMax) return stored
    return stored.concat(tail)
  }
}
