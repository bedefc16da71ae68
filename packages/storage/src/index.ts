/**
 * What a node keeps on disk: the Raft log in its own write-ahead log, the ledger's rows in LevelDB, and a
 * superblock that remembers how far the log had got. It recovers all that was acknowledged, or refuses.
 *
 * @example
 * const storage = await openNodeStorage({ directory: 'data/node-1', clusterId: 'erp', nodeId: '1' })
 * const ledger = restore(storage.rows)
 * await storage.log.append({ hardState, entries }) // durable when resolved
 * await storage.checkpoint(changes, { index, term, confState })
 * await storage.close()
 *
 * @module
 */
export type { Disk, DiskFile } from './disk.ts'
export { diskStores, forgetLocks } from './disk-stores.ts'
export type { RefusalPlace, StorageErrorCode } from './errors.ts'
export { StorageError, StorageRefusal, storageErrorCodes } from './errors.ts'
export type { PreparedCheckpoint } from './ledger-store.ts'
export { levelStores } from './level-stores.ts'
export type { StorageLimits } from './limits.ts'
export { defaultLimits } from './limits.ts'
export type { DiskCall, MemoryDiskOptions } from './memory-disk.ts'
export { MemoryDisk } from './memory-disk.ts'
export { nodeDisk } from './node-disk.ts'
export type { IncomingSnapshot, NodeStorage, Recovered } from './node-storage.ts'
export type { OpenNodeStorageOptions } from './open-node-storage.ts'
export { openNodeStorage } from './open-node-storage.ts'
export type { Append, LogStatus } from './raft-log.ts'
export { RaftLog } from './raft-log.ts'
export type { DirectoryContents } from './read-directory.ts'
export { readDirectory } from './read-directory.ts'
export type { ResetOptions } from './rejoin.ts'
export { resetForRejoin } from './rejoin.ts'
export type { OutgoingSnapshot } from './snapshot/send.ts'
export type { Store, StoreOperation, Stores, StoreView } from './stores.ts'
export type { PeerMemory, SuperblockState } from './superblock.ts'
export type {
  Change,
  CheckpointMeta,
  ConfState,
  Entry,
  EntryType,
  HardState,
  IndexTerm,
  LedgerMeta,
  RaftSnapshot,
  Row,
} from './types.ts'
export type { Finding, VerifyReport, VerifySummary } from './verify.ts'
export { verifyDirectory } from './verify.ts'
export type { LogEvidence } from './wal/read-log.ts'
