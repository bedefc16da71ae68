import { Buffer } from 'node:buffer'
import type { Context } from './directory.ts'
import { createDirectory, ledgerNumber, logFolder, nothing } from './directory.ts'
import type { Disk } from './disk.ts'
import { parentOf } from './disk.ts'
import { StorageRefusal } from './errors.ts'
import { joinLog } from './join-log.ts'
import { LedgerStore } from './ledger-store.ts'
import { levelStores } from './level-stores.ts'
import type { StorageLimits } from './limits.ts'
import { idSizeMax, resolveLimits } from './limits.ts'
import { nodeDisk } from './node-disk.ts'
import { NodeStorage, snapshotOf } from './node-storage.ts'
import { RaftLog } from './raft-log.ts'
import type { Stores } from './stores.ts'
import { readSuperblock, Superblock } from './superblock.ts'
import type { ConfState, IndexTerm, Row } from './types.ts'
import { ownerOf } from './wal/layout.ts'
import type { LogEvidence, LogState } from './wal/read-log.ts'
import { cleanEnd, readLog } from './wal/read-log.ts'
import { segmentName } from './wal/segment-header.ts'

export interface OpenNodeStorageOptions {
  readonly directory: string
  readonly clusterId: string
  readonly nodeId: string
  /** Default: the machine's disk. */
  readonly disk?: Disk
  /** Default: LevelDB. */
  readonly stores?: Stores
  readonly limits?: Partial<StorageLimits>
  /**
   * Where a new node's log begins and with which members; ignored when the directory exists. Founding members
   * begin after an index above 0, all with the same: then a later member cannot replay the log from its
   * start, which does not name the founders, and gets a snapshot. Default: index 0 without members.
   */
  readonly initial?: IndexTerm & { readonly confState: ConfState }
  /** Takes the ledger's rows as they are read. Without it they are collected in `rows`. */
  readonly onRow?: (row: Row) => void
}

/**
 * Opens a node's directory, or makes it: recovers everything that was acknowledged, or refuses with a
 * `StorageRefusal` whose message says what was found and what to do.
 */
export async function openNodeStorage(options: OpenNodeStorageOptions): Promise<NodeStorage> {
  const limits = resolveLimits(options.limits)
  for (const [name, id] of Object.entries({ clusterId: options.clusterId, nodeId: options.nodeId })) {
    const size = Buffer.byteLength(id)
    if (size === 0 || size > idSizeMax)
      throw new RangeError(`${name} has ${size} bytes, expected 1 to ${idSizeMax}`)
  }
  const context: Context = {
    directory: options.directory,
    clusterId: options.clusterId,
    nodeId: options.nodeId,
    disk: options.disk ?? nodeDisk('.'),
    stores: options.stores ?? levelStores('.'),
    limits,
  }
  const rows: Row[] = []
  const onRow = options.onRow ?? ((row: Row) => rows.push(row))
  await finishMove(context)
  const isNew = (await readSuperblock(context.disk, context.directory)) === undefined
  const created = isNew
    ? await createDirectory(context, options.initial ?? nothing, { starts: 0, rejoining: false })
    : undefined
  return openExisting(context, created, isNew, rows, onRow)
}

async function openExisting(
  context: Context,
  created: LedgerStore | undefined,
  isNew: boolean,
  rows: Row[],
  onRow: (row: Row) => void,
): Promise<NodeStorage> {
  const { directory, disk, stores, limits } = context
  const seen = await mustReadSuperblock(context)
  const ledgerPath = `${directory}/${seen.state.ledger.folder}`
  // The ledger's own lock guards the whole directory: nothing else is touched before it is held.
  const ledger = created ?? (await LedgerStore.load(stores, ledgerPath, limits, onRow))
  let superblock: Superblock | undefined
  try {
    const found = await mustReadSuperblock(context)
    if (found.sequence !== seen.sequence) {
      throw new StorageRefusal('LOCKED', 'another process was using the directory a moment ago', {
        file: directory,
      })
    }
    const log = `${directory}/${logFolder}`
    const owner = ownerOf(context.clusterId, context.nodeId)
    const read = await readLog({ disk, directory: log, owner, evidence: found.state.log })
    const behind = joinLog(read, found.state, ledger.meta, log, ledgerPath)

    superblock = await Superblock.open(disk, directory, found)
    await superblock.update({
      starts: found.state.starts + 1,
      clean: false,
      checkpoint: ledger.meta.index,
      log: evidenceOf(read, found.state.log),
    })
    await removeLeftovers(context, found.state.ledger.folder, read)
    await cleanEnd(disk, log, read)

    const last = behind ? ledger.meta.index : read.tail.last.index
    const hardState = {
      ...read.hardState,
      // A crash may have kept a commit index and not all of its entries, or a checkpoint and not its commit.
      commit: Math.max(Math.min(read.hardState.commit, last), ledger.meta.index),
    }
    const opened = superblock
    const raftLog = new RaftLog(
      {
        disk,
        directory: log,
        owner,
        limits,
        state: { ...read, hardState },
        witness: (evidence) => opened.update({ log: evidence }),
      },
      ledger.meta.confState,
    )
    raftLog.setSnapshot(snapshotOf(ledger.meta))
    await raftLog.open()
    if (behind) await raftLog.append({ snapshot: { index: ledger.meta.index, term: ledger.meta.term } })
    const notes = found.problems.map((p) => `superblock, offset ${p.offset}: ${p.text}; mended`)
    if (read.torn !== undefined) notes.push(`log: ${read.torn}; it was never acknowledged and is gone`)
    const recovered = { fromIndex: ledger.meta.index + 1, toIndex: last, notes }
    return new NodeStorage({ context, log: raftLog, ledger, superblock, isNew, recovered, rows })
  } catch (error) {
    await superblock?.close().catch(() => {})
    await ledger.close().catch(() => {})
    throw error
  }
}

async function mustReadSuperblock(context: Context) {
  const file = `${context.directory}/superblock`
  const found = await readSuperblock(context.disk, context.directory)
  if (found === undefined)
    throw new StorageRefusal('SUPERBLOCK_DAMAGED', 'the superblock is missing', { file })
  const { clusterId, nodeId } = found.state
  if (clusterId !== context.clusterId) {
    const text = `the directory belongs to cluster ${clusterId}, not to ${context.clusterId}`
    throw new StorageRefusal('WRONG_CLUSTER', text, { file })
  }
  if (nodeId !== context.nodeId) {
    const text = `the directory belongs to node ${nodeId}, not to ${context.nodeId}`
    throw new StorageRefusal('WRONG_NODE', text, { file })
  }
  return found
}

async function removeLeftovers(context: Context, current: string, read: LogState): Promise<void> {
  const { directory, disk, stores } = context
  for (const segment of read.leftovers) await disk.remove(`${directory}/${logFolder}/${segmentName(segment)}`)
  for (const name of await disk.list(directory)) {
    if (ledgerNumber(name) > 0 && name !== current) await stores.remove(`${directory}/${name}`)
  }
}

/** Ends a move that a crash interrupted: the new directory is complete, only its name is not yet right. */
async function finishMove(context: Context): Promise<void> {
  const { directory, disk } = context
  const waiting = `${directory}.rejoin`
  if ((await disk.exists(directory)) || (await readSuperblock(disk, waiting)) === undefined) return
  await disk.rename(waiting, directory)
  await disk.syncDirectory(parentOf(directory))
}

function evidenceOf(read: LogState, before: LogEvidence): LogEvidence {
  return {
    segment: before.segment,
    segmentSize: before.segmentSize,
    record: read.record,
    lastIndex: read.tail.last.index,
    lastTerm: read.tail.last.term,
    hardTerm: read.hardState.term,
  }
}
