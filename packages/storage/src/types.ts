import type { ConfState, Entry, EntryType, HardState, Snapshot } from '@tranca/raft-ts'

export type { ConfState, Entry, EntryType, HardState, Snapshot as RaftSnapshot }

/** The position in this list is the byte on disk: append, never reorder. */
export const entryTypes = ['normal', 'confChange', 'confChangeV2'] as const satisfies readonly EntryType[]

export interface IndexTerm {
  readonly index: number
  readonly term: number
}

/** One row of the ledger: what the state machine hands out for a checkpoint and gets back at a start. */
export interface Row {
  readonly key: string
  readonly value: unknown
}

/** One changed row; `undefined` removes it. Values must not change any more once handed over. */
export interface Change {
  readonly key: string
  readonly value: unknown
}

/** What a checkpoint or snapshot says about itself. */
export interface CheckpointMeta {
  /** Last applied entry that the rows include. */
  readonly index: number
  readonly term: number
  readonly confState: ConfState
  /** Whatever else the node wants to find beside the rows; plain values only. */
  readonly extra?: unknown
}

/** A checkpoint's meta with what the store found out: the count of rows and their order-free hash (hex). */
export interface LedgerMeta extends CheckpointMeta {
  readonly rows: number
  readonly digest: string
}
