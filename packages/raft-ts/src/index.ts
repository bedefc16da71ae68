/**
 * Raft consensus as a pure state machine: messages, ticks and proposals in; entries to store, messages to
 * send and entries to apply out. See README.md for the caller's loop.
 *
 * @example
 * import { MemoryStorage, RawNode } from '@tranca/raft-ts'
 *
 * const storage = new MemoryStorage()
 * storage.applySnapshot({
 *   index: 1,
 *   term: 1,
 *   confState: { voters: [1], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false },
 *   data: new Uint8Array(0),
 * })
 * const node = new RawNode({ id: 1, electionTick: 10, heartbeatTick: 1, storage, applied: 1, random: () => 0 })
 * node.campaign()
 */
export {
  asV2,
  type ChangePlan,
  type ChangeType,
  type ConfChange,
  type ConfChangeV1,
  type ConfChangeV2,
  LEAVE_JOINT,
  planOf,
  type SingleChange,
  type Transition,
} from './confchange/change.ts'
export { decodeConfChange, encodeConfChange } from './confchange/codec.ts'
export type { Config, ReadOnlyOption } from './config.ts'
export { ConfChangeError, ConfigError, InvariantError, RaftError, UsageError } from './errors.ts'
export { limits, NO_LIMIT } from './limits.ts'
export { MemoryStorage } from './memory-storage.ts'
export { RawNode } from './raw-node.ts'
export type { Ready } from './ready.ts'
export { entriesSize, entrySize, limitSize } from './size.ts'
export type { BasicStatus, ProgressStatus, Status } from './status.ts'
export type { Compacted, Storage, Unavailable } from './storage.ts'
export {
  APPEND_THREAD,
  APPLY_THREAD,
  type Append,
  type AppendResponse,
  type ConfState,
  type Entry,
  type EntryType,
  type HardState,
  type Heartbeat,
  type HeartbeatResponse,
  type Index,
  type InstallSnapshot,
  isLocalThread,
  type Message,
  type MessageType,
  NONE,
  type NodeId,
  type Propose,
  type ReadIndex,
  type ReadIndexResponse,
  type ReadState,
  type Refusal,
  type Result,
  type Role,
  type Snapshot,
  type SoftState,
  type StorageAppend,
  type StorageAppendResponse,
  type StorageApply,
  type StorageApplyResponse,
  type Term,
  type TimeoutNow,
  type TransferLeader,
  type VoteRequest,
  type VoteResponse,
} from './types.ts'
