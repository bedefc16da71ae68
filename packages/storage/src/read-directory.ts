import { logFolder } from './directory.ts'
import type { Disk } from './disk.ts'
import { StorageRefusal } from './errors.ts'
import { joinLog } from './join-log.ts'
import { readLedger } from './ledger-store.ts'
import { levelStores } from './level-stores.ts'
import type { Stores } from './stores.ts'
import { readSuperblock, superblockName } from './superblock.ts'
import type { Entry, LedgerMeta, Row } from './types.ts'
import { ownerOf } from './wal/layout.ts'
import { readLog } from './wal/read-log.ts'

/** What a start would begin with: the last checkpoint, and the log's entries after it. */
export interface DirectoryContents {
  readonly clusterId: string
  readonly nodeId: string
  /** The node was stopped in order. */
  readonly clean: boolean
  readonly checkpoint: LedgerMeta
  readonly rows: readonly Row[]
  /** All entries after the checkpoint, committed or not. */
  readonly entries: readonly Entry[]
  /** Up to here this node knows entries to be committed; at least the checkpoint's index. */
  readonly commit: number
}

/**
 * Reads a stopped node's directory without changing anything: what `verifyDirectory` only judges. Refuses
 * with the same `StorageRefusal` as a start would, LOCKED if the directory changed meanwhile.
 */
export async function readDirectory(
  disk: Disk,
  directory: string,
  stores: Stores = levelStores('.'),
): Promise<DirectoryContents> {
  const file = `${directory}/${superblockName}`
  const found = await readSuperblock(disk, directory)
  if (found === undefined)
    throw new StorageRefusal('SUPERBLOCK_DAMAGED', 'the superblock is missing', { file })
  const { clusterId, nodeId, clean, log: evidence, ledger } = found.state
  const logPath = `${directory}/${logFolder}`
  const ledgerPath = `${directory}/${ledger.folder}`
  const log = await readLog({ disk, directory: logPath, owner: ownerOf(clusterId, nodeId), evidence })
  const rows: Row[] = []
  const checkpoint = await readRows(stores, ledgerPath, rows)
  const behind = joinLog(log, found.state, checkpoint, logPath, ledgerPath)
  const after = await readSuperblock(disk, directory)
  if (after?.sequence !== found.sequence) {
    throw new StorageRefusal('LOCKED', 'a process is using the directory', { file: directory })
  }
  const { tail, hardState } = log
  const last = behind ? checkpoint.index : tail.last.index
  return {
    clusterId,
    nodeId,
    clean,
    checkpoint,
    rows,
    entries: behind ? [] : tail.slice(checkpoint.index + 1, last + 1),
    commit: Math.max(Math.min(hardState.commit, last), checkpoint.index),
  }
}

async function readRows(stores: Stores, path: string, rows: Row[]): Promise<LedgerMeta> {
  const store = await stores.inspect(path)
  try {
    return (await readLedger(store, path, (row) => rows.push(row))).meta
  } finally {
    await store.close()
  }
}
