import type { Storage } from '@tranca/raft-ts'
import type { EntryTail } from './entry-tail.ts'
import { errorCode, StorageError } from './errors.ts'
import type { StorageLimits } from './limits.ts'
import type { ConfState, Entry, HardState, IndexTerm, RaftSnapshot } from './types.ts'
import type { WalPiece } from './wal/frame-writer.ts'
import { entryBound, pieceBound } from './wal/frame-writer.ts'
import { indexMax } from './wal/layout.ts'
import type { LogEvidence } from './wal/read-log.ts'
import type { WalOptions } from './wal/wal.ts'
import { Wal } from './wal/wal.ts'

export interface Append {
  readonly hardState?: HardState | undefined
  readonly entries?: readonly Entry[] | undefined
  /** A snapshot was installed: the log is emptied and goes on after it. */
  readonly snapshot?: IndexTerm | undefined
}

/** `full`: entries are refused, hard states still fit, until a restart with room on the disk. */
export type LogStatus = 'open' | 'full' | 'failed' | 'closed'

export interface RaftLogOptions extends WalOptions {
  readonly limits: StorageLimits
}

interface Waiting {
  readonly pieces: WalPiece[]
  readonly done: () => void
  readonly failed: (error: StorageError) => void
  readonly bytes: number
  /** How far the log will be known to be durable after this append; lowered by later truncations. */
  stable: number
}

/**
 * The Raft log: a view in memory that raft-ts reads at once, and a write-ahead log behind it.
 *
 * `append` changes the view immediately and resolves when the disk has it; appends resolve in order, and
 * those of one turn, or that wait while the disk is busy, share one write.
 */
export class RaftLog implements Storage {
  readonly #wal: Wal
  readonly #tail: EntryTail
  readonly #limits: StorageLimits
  #hardState: HardState
  #confState: ConfState
  #snapshot: RaftSnapshot | undefined
  #status: 'open' | 'failed' | 'closed' = 'open'
  #failure: StorageError | undefined
  #queue: Waiting[] = []
  #queueBytes = 0
  #writing: Waiting[] = []
  #flushing: Promise<void> | undefined
  #durableIndex: number
  #durableTerm: number
  #waiters: { index: number; done: () => void; failed: (error: StorageError) => void }[] = []
  #dropping: Promise<void> = Promise.resolve()
  /** Durable writes, entries and bytes since the start. */
  readonly counters = { writes: 0, entries: 0, bytes: 0 }

  constructor(options: RaftLogOptions, confState: ConfState) {
    this.#wal = new Wal(options)
    this.#tail = options.state.tail
    this.#limits = options.limits
    this.#hardState = options.state.hardState
    this.#confState = confState
    this.#durableIndex = this.#tail.last.index
    this.#durableTerm = this.#tail.last.term
  }

  open(): Promise<void> {
    return this.#wal.open()
  }

  // --- what raft-ts reads -------------------------------------------------------------------------------

  initialState(): { readonly hardState: HardState; readonly confState: ConfState } {
    return { hardState: this.#hardState, confState: this.#confState }
  }

  /** Entries lo..hi-1, cut to `sizeMax` (counted as protobuf, as raft-ts does), at least one. */
  entries(lo: number, hi: number, sizeMax: number): readonly Entry[] | 'compacted' | 'unavailable' {
    if (lo <= this.#tail.base.index) return 'compacted'
    if (hi > this.#tail.last.index + 1) return 'unavailable'
    if (sizeMax === Number.POSITIVE_INFINITY) return this.#tail.slice(lo, hi)
    let size = 0
    let end = lo
    while (end < hi) {
      size += protobufSize(this.#tail.at(end)!)
      if (size > sizeMax && end > lo) break
      end++
    }
    return this.#tail.slice(lo, end)
  }

  term(index: number): number | 'compacted' | 'unavailable' {
    return this.#tail.term(index) ?? (index < this.#tail.base.index ? 'compacted' : 'unavailable')
  }

  firstIndex(): number {
    return this.#tail.base.index + 1
  }

  lastIndex(): number {
    return this.#tail.last.index
  }

  /** The last checkpoint; its rows travel apart, as a stream. */
  snapshot(): RaftSnapshot | 'temporarilyUnavailable' {
    return this.#snapshot ?? 'temporarilyUnavailable'
  }

  // --- state --------------------------------------------------------------------------------------------

  get status(): LogStatus {
    return this.#status === 'open' && this.#wal.full ? 'full' : this.#status
  }

  get failure(): StorageError | undefined {
    return this.#failure
  }

  get hardState(): HardState {
    return this.#hardState
  }

  /**
   * Whether a write may hold up the process where that is quicker than a thread: a follower has nothing else to
   * do that would not wait for it; a leader has.
   */
  set mayBlock(mayBlock: boolean) {
    this.#wal.mayBlock = mayBlock
  }

  /** Everything up to here, as the view shows it now, survives a crash. */
  get lastDurableIndex(): number {
    return this.#durableIndex
  }

  get lastDurableTerm(): number {
    return this.#durableTerm
  }

  get evidence(): LogEvidence {
    return this.#wal.evidence
  }

  get sizes() {
    return {
      entries: this.#tail.count,
      memoryBytes: this.#tail.bytes,
      segments: this.#wal.segmentCount,
      diskBytes: this.#wal.bytesOnDisk,
      queuedBytes: this.#queueBytes,
    }
  }

  /** What `snapshot()` and `initialState()` answer from now on. */
  setSnapshot(snapshot: RaftSnapshot): void {
    this.#snapshot = snapshot
    this.#confState = snapshot.confState
  }

  // --- writing ------------------------------------------------------------------------------------------

  /**
   * Makes a hard state, entries and a snapshot's mark durable together, in order with other appends.
   * Entries replace what the log has from their first index on. Rejects without any effect with
   * ENTRY_TOO_LARGE, QUEUE_FULL, or DISK_FULL (status `full`); rejects with LOG_FAILED or DISK_FULL (status
   * `failed`) when the disk broke its promise: then nothing is tried again.
   */
  append(append: Append): Promise<void> {
    const refusal = this.#refusal(append)
    if (refusal !== undefined) return Promise.reject(refusal)
    const entries = append.entries ?? []
    const prevTerm = this.#apply(append, entries)
    const pieces = this.#split(append, entries, prevTerm)
    const bytes =
      pieces.length === 1 ? pieceBound(pieces[0]!) : pieces.reduce((sum, p) => sum + pieceBound(p), 0)
    return new Promise((done, failed) => {
      this.#queue.push({ pieces, done, failed, bytes, stable: this.#tail.last.index })
      this.#queueBytes += bytes
      if (this.#flushing === undefined) {
        this.#flushing = Promise.resolve().then(() => this.#flush())
      }
    })
  }

  /** Resolves when the log is durable up to `index`. */
  whenDurable(index: number): Promise<void> {
    if (this.#durableIndex >= index) return Promise.resolve()
    if (this.#status !== 'open') return Promise.reject(this.#stopped())
    return new Promise((done, failed) => this.#waiters.push({ index, done, failed }))
  }

  /**
   * Entries up to `index` are in a durable checkpoint: all but a tail for slow followers may go. Resolves
   * when whole segments behind it are removed.
   */
  compact(index: number, keep?: { bytes?: number; entries?: number }): Promise<void> {
    if (this.#status !== 'open') return Promise.reject(this.#stopped())
    this.#tail.compact(Math.min(index, this.#durableIndex), {
      bytes: keep?.bytes ?? this.#limits.tailBytesMax,
      entries: keep?.entries ?? this.#limits.tailEntriesMax,
    })
    const until = this.#tail.base.index
    this.#dropping = this.#dropping
      .then(() => this.#wal.dropUntil(until))
      .catch((error: unknown) => this.#fail(error))
    return this.#dropping
  }

  /** Waits for what was asked and closes; further calls reject with CLOSED. */
  async close(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing
    await this.#dropping
    if (this.#status === 'open') this.#status = 'closed'
    this.#rejectWaiters()
    await this.#wal.close()
  }

  #refusal(append: Append): StorageError | undefined {
    if (this.#status !== 'open') return this.#stopped()
    const entries = append.entries ?? []
    const first = entries[0]
    if (first !== undefined) {
      const last = append.snapshot?.index ?? this.#tail.last.index
      const base = append.snapshot?.index ?? this.#tail.base.index
      if (first.index > last + 1 || first.index <= base) {
        return new StorageError(
          'LOG_FAILED',
          `entry ${first.index} does not fit a log of ${base + 1}..${last}`,
        )
      }
      if (entries[entries.length - 1]!.index > indexMax) {
        return new StorageError('LIMIT', `indexes end at ${indexMax}`)
      }
    }
    let bytes = 0
    for (let i = 0; i < entries.length; i++) {
      const size = entryBound(entries[i]!.data.length)
      bytes += size
      if (size + 512 > this.#limits.frameSizeMax) {
        const text = `entry ${entries[i]!.index} has ${entries[i]!.data.length} bytes, more than a write of ${this.#limits.frameSizeMax} can take`
        return new StorageError('ENTRY_TOO_LARGE', text)
      }
    }
    if (
      this.#queue.length >= this.#limits.queueLengthMax ||
      (this.#queue.length > 0 && this.#queueBytes + bytes > this.#limits.queueBytesMax)
    ) {
      return new StorageError('QUEUE_FULL', `${this.#queueBytes} bytes wait for the disk already`)
    }
    if (this.#wal.full && entries.length > 0 && !this.#wal.fits(this.#queueBytes + bytes + 4096, false)) {
      return new StorageError('DISK_FULL', 'the disk is full: no room for further entries until a restart')
    }
    return undefined
  }

  /** Changes the view; returns the term of the entry before the first. */
  #apply(append: Append, entries: readonly Entry[]): number {
    if (append.snapshot !== undefined) {
      this.#lowerStable(Number.NEGATIVE_INFINITY)
      this.#tail.reset(append.snapshot)
    }
    if (append.hardState !== undefined) this.#hardState = append.hardState
    const first = entries[0]
    if (first === undefined) return 0
    if (first.index <= this.#tail.last.index) this.#lowerStable(first.index - 1)
    const prevTerm = this.#tail.term(first.index - 1)!
    this.#tail.append(entries)
    return prevTerm
  }

  /** What was replaced in the view is not durable any more, even when its own write ends well. */
  #lowerStable(index: number): void {
    if (this.#durableIndex > index) this.#setDurable(Math.max(index, this.#tail.base.index))
    for (const waiting of this.#writing) waiting.stable = Math.min(waiting.stable, index)
    for (const waiting of this.#queue) waiting.stable = Math.min(waiting.stable, index)
  }

  #split(append: Append, entries: readonly Entry[], prevTerm: number): WalPiece[] {
    const whole = { mark: append.snapshot, hardState: append.hardState, entries, prevTerm }
    if (pieceBound(whole) + 512 <= this.#limits.frameSizeMax) return [whole]
    const pieces: WalPiece[] = []
    let from = 0
    let bytes = 0
    for (let i = 0; i <= entries.length; i++) {
      const size = i === entries.length ? Number.POSITIVE_INFINITY : entryBound(entries[i]!.data.length)
      if (i > from && bytes + size + 512 > this.#limits.frameSizeMax) {
        pieces.push({
          mark: from === 0 ? append.snapshot : undefined,
          hardState: from === 0 ? append.hardState : undefined,
          entries: entries.slice(from, i),
          prevTerm: from === 0 ? prevTerm : entries[from - 1]!.term,
        })
        from = i
        bytes = 0
      }
      bytes += size
    }
    return pieces
  }

  async #flush(): Promise<void> {
    try {
      while (this.#queue.length > 0 && this.#status === 'open') {
        const { batch, pieces } = this.#take()
        this.#writing = batch
        // Several writes only if one append is larger than a write may be.
        for (const group of pieces) {
          this.counters.bytes += await this.#wal.write(group)
          this.counters.writes++
        }
        this.#writing = []
        for (const waiting of batch) {
          this.#queueBytes -= waiting.bytes
          for (const piece of waiting.pieces) this.counters.entries += piece.entries.length
        }
        const stable = batch[batch.length - 1]!.stable
        if (stable >= this.#tail.base.index) this.#setDurable(stable)
        for (const waiting of batch) waiting.done()
      }
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#flushing = undefined
    }
  }

  #take(): { batch: Waiting[]; pieces: WalPiece[][] } {
    const first = this.#queue[0]!
    let count = 1
    if (first.pieces.length > 1) {
      this.#queue.shift()
      return { batch: [first], pieces: first.pieces.map((piece) => [piece]) }
    }
    let bytes = first.bytes
    while (count < this.#queue.length) {
      const next = this.#queue[count]!
      bytes += next.bytes
      if (next.pieces.length > 1 || bytes + 512 > this.#limits.frameSizeMax) break
      count++
    }
    const batch = this.#queue.splice(0, count)
    return { batch, pieces: [batch.map((waiting) => waiting.pieces[0]!)] }
  }

  #setDurable(index: number): void {
    this.#durableIndex = index
    this.#durableTerm = this.#tail.term(index) ?? 0
    if (this.#waiters.length === 0) return
    const ready = this.#waiters.filter((waiter) => waiter.index <= index)
    this.#waiters = this.#waiters.filter((waiter) => waiter.index > index)
    for (const waiter of ready) waiter.done()
  }

  /** The one way down: everything that waits is told, nothing is tried again. */
  #fail(error: unknown): void {
    if (this.#status !== 'open') return
    this.#status = 'failed'
    const code = errorCode(error) === 'DISK_FULL' ? 'DISK_FULL' : 'LOG_FAILED'
    const text = error instanceof Error ? error.message : String(error)
    this.#failure = new StorageError(code, `the log cannot be written: ${text}`, { cause: error })
    const waiting = [...this.#writing, ...this.#queue]
    this.#writing = []
    this.#queue = []
    this.#queueBytes = 0
    for (const one of waiting) one.failed(this.#failure)
    this.#rejectWaiters()
  }

  #rejectWaiters(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) waiter.failed(this.#stopped())
  }

  #stopped(): StorageError {
    return this.#failure ?? new StorageError('CLOSED', 'the log is closed')
  }
}

function protobufSize(entry: Entry): number {
  const bytes = entry.data.length
  const header = 4 + varintSize(entry.term) + varintSize(entry.index)
  return bytes === 0 ? header : header + 1 + varintSize(bytes) + bytes
}

function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  return size
}
