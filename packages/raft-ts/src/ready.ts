import type { Raft } from './raft.ts'
import {
  APPEND_THREAD,
  APPLY_THREAD,
  type Entry,
  type HardState,
  type Message,
  NONE,
  type ReadState,
  type Snapshot,
  type SoftState,
  type StorageAppend,
  type StorageAppendResponse,
  type StorageApply,
  type StorageApplyResponse,
} from './types.ts'

/**
 * Everything that has to happen now. In the synchronous mode, in this order: send `messages`; write
 * `hardState`, `entries` and `snapshot` (durably if `mustSync`); send `messagesAfterAppend`; apply
 * `snapshot`, then `committedEntries`; call `advance`.
 *
 * With `asyncStorageWrites` everything is in `messages`, including those to the storage threads; the other
 * fields tell the same again and need no handling, except `softState` and `readStates`.
 */
export interface Ready {
  /** Changed leader or role; undefined when unchanged. */
  readonly softState: SoftState | undefined
  /** Changed hard state; undefined when unchanged. */
  readonly hardState: HardState | undefined
  /** Reads that may be served once their index is applied. */
  readonly readStates: readonly ReadState[]
  /** To be written before `messagesAfterAppend` may leave. */
  readonly entries: readonly Entry[]
  readonly snapshot: Snapshot | undefined
  /** To be applied, in order. */
  readonly committedEntries: readonly Entry[]
  /** May be sent at once, while the disk still writes. */
  readonly messages: readonly Message[]
  /** Must not be sent before the write is durable. Empty with `asyncStorageWrites`. */
  readonly messagesAfterAppend: readonly Message[]
  /**
   * Hard state and entries must be durable; else that may wait for the next write that must be (only the
   * commit has moved). Says nothing about `snapshot`: one that is there always must be durable.
   */
  readonly mustSync: boolean
}

/** A write has to be asked for: something to store, or messages that wait for what was asked before. */
export function needsStorageAppend(raft: Raft, ready: Ready): boolean {
  return (
    ready.entries.length > 0 ||
    ready.hardState !== undefined ||
    ready.snapshot !== undefined ||
    raft.messagesAfterAppend.length > 0
  )
}

/**
 * The write's end must be reported. Also for entries that were handed out by an earlier Ready: if the term
 * has changed since, that report will be dropped as stale (ABA), and this one takes its place.
 */
export function needsStorageAppendResponse(raft: Raft, ready: Ready): boolean {
  return raft.log.unstable.entries.length > 0 || ready.snapshot !== undefined
}

export function storageAppend(raft: Raft, ready: Ready): StorageAppend {
  const responses: Message[] = raft.messagesAfterAppend
  // After the acknowledgments to itself: entries that those commit are then still in memory to be applied.
  if (needsStorageAppendResponse(raft, ready)) responses.push(storageAppendResponse(raft, ready))
  return {
    type: 'storageAppend',
    from: raft.id,
    to: APPEND_THREAD,
    term: ready.hardState?.term ?? 0,
    hardState: ready.hardState,
    entries: ready.entries,
    snapshot: ready.snapshot,
    responses,
  }
}

export function storageAppendResponse(raft: Raft, ready: Ready): StorageAppendResponse {
  const hasEntries = raft.log.unstable.entries.length > 0
  return {
    type: 'storageAppendResponse',
    from: APPEND_THREAD,
    to: raft.id,
    term: raft.term,
    index: hasEntries ? raft.log.lastIndex() : 0,
    logTerm: hasEntries ? raft.log.lastTerm() : 0,
    snapshot: ready.snapshot,
  }
}

export function storageApply(raft: Raft, entries: readonly Entry[]): StorageApply {
  const responses = [storageApplyResponse(raft, entries)]
  return { type: 'storageApply', from: raft.id, to: APPLY_THREAD, term: 0, entries, responses }
}

function storageApplyResponse(raft: Raft, entries: readonly Entry[]): StorageApplyResponse {
  return { type: 'storageApplyResponse', from: APPLY_THREAD, to: raft.id, term: 0, entries }
}

export function isEmptyHardState(state: HardState): boolean {
  return state.term === 0 && state.vote === NONE && state.commit === 0
}
