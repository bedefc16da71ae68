import type { ConfState, Entry, HardState, Index, Snapshot, Term } from './types.ts'

/** The index lies before the first entry that is kept. */
export type Compacted = 'compacted'
/** The index lies behind the last entry that is stored. */
export type Unavailable = 'unavailable'

/**
 * The stored part of the log as the core reads it: synchronous, so a view in memory. The caller writes what
 * `Ready` (or a `storageAppend` message) says; the core only reads. What was handed out for writing but is
 * not acknowledged yet is held by the core itself, so this view may lag behind it.
 *
 * Entry `firstIndex() - 1` is compacted away, yet its term must still be known.
 */
export interface Storage {
  /** What the node knew when it stopped; a new node gives zeros and the first configuration. */
  initialState(): { readonly hardState: HardState; readonly confState: ConfState }
  /** Entries lo..hi-1, cut so that their protobuf size stays within `sizeMax`, but at least one. */
  entries(lo: Index, hi: Index, sizeMax: number): readonly Entry[] | Compacted | Unavailable
  /** For firstIndex() - 1 up to lastIndex(). */
  term(index: Index): Term | Compacted | Unavailable
  /** The first entry that is kept; lastIndex() + 1 when there is none. */
  firstIndex(): Index
  /** 0 for an empty log that was never compacted. */
  lastIndex(): Index
  /** The newest snapshot; 'temporarilyUnavailable' while one is being made: asked again later. */
  snapshot(): Snapshot | 'temporarilyUnavailable'
}
