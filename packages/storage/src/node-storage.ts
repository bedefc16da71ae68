import { Buffer } from 'node:buffer'
import type { Disk } from './disk.ts'
import { parentOf } from './disk.ts'
import { StorageError, StorageRefusal } from './errors.ts'
import type { PreparedCheckpoint } from './ledger-store.ts'
import { LedgerStore } from './ledger-store.ts'
import { levelStores } from './level-stores.ts'
import type { StorageLimits } from './limits.ts'
import { idSizeMax, peersMax, resolveLimits } from './limits.ts'
import { nodeDisk } from './node-disk.ts'
import { RaftLog } from './raft-log.ts'
import { SnapshotBuilder } from './snapshot/receive.ts'
import type { OutgoingSnapshot } from './snapshot/send.ts'
import { openSnapshot } from './snapshot/send.ts'
import type { Stores } from './stores.ts'
import type { PeerMemory, SuperblockState } from './superblock.ts'
import { readSuperblock, Superblock } from './superblock.ts'
import type { Change, CheckpointMeta, ConfState, HardState, IndexTerm, LedgerMeta, Row } from './types.ts'
import { isZero, ownerOf } from './wal/layout.ts'
import type { LogEvidence, LogState } from './wal/read-log.ts'
import { cleanEnd, readLog } from './wal/read-log.ts'
import { segmentName, segmentOf } from './wal/segment-header.ts'

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

export interface Recovered {
  /** Entries of the log to be applied again on top of the checkpoint, once they are known to be committed. */
  readonly fromIndex: number
  readonly toIndex: number
  /** A last write that a crash cut off, or a copy of the superblock that was mended: for the node's log. */
  readonly notes: readonly string[]
}

export interface IncomingSnapshot {
  readonly meta: LedgerMeta
  /** Chunks in the order in which they were sent. Throws SNAPSHOT_DAMAGED. */
  write(chunk: Buffer): Promise<void>
  /**
   * Checks count and hash, makes it the current ledger, and lets the log begin after it, with `hardState` if
   * given. A crash before this resolves leaves the old state or the new one. No append may be asked for
   * between this call and its end.
   */
  finish(options?: {
    hardState?: HardState
    onRow?: (row: Row) => void
  }): Promise<{ meta: LedgerMeta; rows: Row[] }>
  abort(): Promise<void>
}

export const nothing: CheckpointMeta = {
  index: 0,
  term: 0,
  confState: { voters: [], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false },
}

const logFolder = 'log'

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

export interface Context {
  readonly directory: string
  readonly clusterId: string
  readonly nodeId: string
  readonly disk: Disk
  readonly stores: Stores
  readonly limits: StorageLimits
}

/** One node's directory, open. */
export class NodeStorage {
  readonly log: RaftLog
  /** The directory was made by this start. */
  readonly isNew: boolean
  /** How often this directory was started, this time included. */
  readonly starts: number
  readonly recovered: Recovered
  /** The ledger's rows as loaded; empty when `onRow` took them. Drop it with `releaseRows` when restored. */
  rows: Row[]
  readonly #context: Context
  readonly #superblock: Superblock
  #ledger: LedgerStore
  #exclusive: Promise<unknown> = Promise.resolve()
  #receiving = false
  #closed: Promise<void> | undefined

  constructor(parts: {
    context: Context
    log: RaftLog
    ledger: LedgerStore
    superblock: Superblock
    isNew: boolean
    recovered: Recovered
    rows: Row[]
  }) {
    this.#context = parts.context
    this.log = parts.log
    this.#ledger = parts.ledger
    this.#superblock = parts.superblock
    this.isNew = parts.isNew
    this.starts = parts.superblock.state.starts
    this.recovered = parts.recovered
    this.rows = parts.rows
  }

  /** Of the last durable checkpoint. */
  get meta(): LedgerMeta {
    return this.#ledger.meta
  }

  get rejoining(): boolean {
    return this.#superblock.state.rejoining
  }

  /** What was remembered of other members, by their id. */
  get peers(): Readonly<Record<string, PeerMemory>> {
    return this.#superblock.state.peers
  }

  get superblock(): SuperblockState {
    return this.#superblock.state
  }

  get status(): 'open' | 'full' | 'failed' | 'closed' {
    if (this.#closed !== undefined) return 'closed'
    return this.#ledger.status === 'failed' ? 'failed' : this.log.status
  }

  /** The first failure of the log or the ledger. */
  get failure(): StorageError | undefined {
    return this.log.failure ?? this.#ledger.failure
  }

  releaseRows(): void {
    this.rows = []
  }

  /**
   * Takes in changed rows: the digest at `meta.index` is known at once, to be compared with other members;
   * `write` makes it the durable checkpoint and cuts the log behind it. Checkpoints are written in the order
   * in which they were prepared; one that is never written goes into the next.
   */
  async prepareCheckpoint(changes: readonly Change[], meta: CheckpointMeta): Promise<PreparedCheckpoint> {
    const ledger = this.#ledger
    const prepared = await ledger.prepare(changes, meta)
    return {
      meta: prepared.meta,
      digest: prepared.digest,
      write: () => this.#alone(() => this.#writeCheckpoint(ledger, prepared)),
    }
  }

  async checkpoint(changes: readonly Change[], meta: CheckpointMeta): Promise<LedgerMeta> {
    const prepared = await this.prepareCheckpoint(changes, meta)
    await prepared.write()
    return prepared.meta
  }

  openSnapshot(): Promise<OutgoingSnapshot> {
    return openSnapshot(this.#ledger, this.#context.limits)
  }

  /** One at a time; throws SNAPSHOT_IN_PROGRESS. */
  async receiveSnapshot(meta: LedgerMeta): Promise<IncomingSnapshot> {
    if (this.#receiving)
      throw new StorageError('SNAPSHOT_IN_PROGRESS', 'a snapshot is being received already')
    this.#receiving = true
    const { directory, stores, limits } = this.#context
    const folder = `ledger-${ledgerNumber(this.#superblock.state.ledger.folder) + 1}`
    let builder: SnapshotBuilder
    try {
      builder = await SnapshotBuilder.begin(stores, `${directory}/${folder}`, limits, meta)
    } catch (error) {
      this.#receiving = false
      throw error
    }
    let over = false
    const end = () => {
      over = true
      this.#receiving = false
    }
    const check = () => {
      if (over) throw new StorageError('CLOSED', 'the snapshot is finished or aborted')
    }
    return {
      meta,
      write: async (chunk) => {
        check()
        await builder.write(chunk)
      },
      finish: async (options = {}) => {
        check()
        try {
          const rows: Row[] = []
          const onRow = options.onRow ?? ((row: Row) => rows.push(row))
          await this.#alone(() => this.#install(builder, folder, options.hardState, onRow))
          return { meta, rows }
        } finally {
          end()
        }
      },
      abort: async () => {
        if (over) return
        end()
        await builder.abort()
      },
    }
  }

  /** Makes what is known of another member durable. Call at coarse steps. */
  async rememberPeer(id: string, memory: PeerMemory): Promise<void> {
    const peers = this.#superblock.state.peers
    if (peers[id] === undefined && Object.keys(peers).length >= peersMax) {
      throw new StorageError('LIMIT', `${peersMax} peers are remembered already`)
    }
    await this.#superblock.update({
      peers: { ...peers, [id]: { starts: memory.starts, lastIndex: memory.lastIndex } },
    })
  }

  async forgetPeer(id: string): Promise<void> {
    const { [id]: _gone, ...peers } = this.#superblock.state.peers
    await this.#superblock.update({ peers })
  }

  /** Called with `false` when the node has caught up and may vote again. */
  async setRejoining(rejoining: boolean): Promise<void> {
    await this.#superblock.update({ rejoining })
  }

  /** Finishes what was asked for, notes a clean stop, and gives the lock back. Never throws after a failure. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    await this.#exclusive.catch(() => {})
    await this.log.close()
    if (this.log.failure === undefined) {
      await this.#superblock.update({ log: this.log.evidence, clean: true }).catch(() => {})
    }
    await this.#superblock.close().catch(() => {})
    // Last, for it holds the lock.
    await this.#ledger.close().catch(() => {})
  }

  async #writeCheckpoint(ledger: LedgerStore, prepared: PreparedCheckpoint): Promise<void> {
    // A snapshot that was installed meanwhile is newer than anything prepared before it.
    if (ledger !== this.#ledger) return
    // What the ledger shows must never be ahead of the log that explains it.
    await this.log.whenDurable(prepared.meta.index)
    await prepared.write()
    const { meta } = ledger
    this.log.setSnapshot(snapshotOf(meta))
    await this.#superblock.update({ checkpoint: meta.index, log: this.log.evidence })
    await this.log.compact(meta.index)
  }

  async #install(
    builder: SnapshotBuilder,
    folder: string,
    hardState: HardState | undefined,
    onRow: (row: Row) => void,
  ): Promise<void> {
    const { disk, directory, stores } = this.#context
    let next: LedgerStore
    try {
      next = await builder.complete(onRow)
    } catch (error) {
      await builder.abort().catch(() => {})
      throw error
    }
    await disk.syncDirectory(directory)
    const { index, term } = next.meta
    await this.#superblock.update({
      ledger: { folder, baseIndex: index, baseTerm: term },
      checkpoint: index,
      log: this.log.evidence,
    })
    const before = this.#ledger
    this.#ledger = next
    await this.log.append({ snapshot: { index, term }, ...(hardState === undefined ? {} : { hardState }) })
    this.log.setSnapshot(snapshotOf(next.meta))
    await before.close()
    await stores.remove(before.path)
    await this.log.compact(index)
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#exclusive.then(work)
    this.#exclusive = done.catch(() => {})
    return done
  }
}

/** Makes log and ledger, and last the superblock: from then on the directory counts. */
export async function createDirectory(
  context: Context,
  initial: CheckpointMeta,
  state: { starts: number; rejoining: boolean },
): Promise<LedgerStore> {
  const { directory, disk, stores, limits } = context
  const log = `${directory}/${logFolder}`
  await disk.makeDirectory(log)
  for (const name of await disk.list(log)) {
    if (segmentOf(name) === undefined || isZero(await disk.read(`${log}/${name}`))) continue
    throw new StorageRefusal('SUPERBLOCK_DAMAGED', 'the superblock is missing, but the log holds entries', {
      file: `${log}/${name}`,
    })
  }
  for (const name of await disk.list(directory)) {
    if (ledgerNumber(name) > 1) {
      throw new StorageRefusal('SUPERBLOCK_DAMAGED', 'the superblock is missing, but there is a ledger', {
        file: `${directory}/${name}`,
      })
    }
  }
  const folder = 'ledger-1'
  const ledger = await LedgerStore.create(stores, `${directory}/${folder}`, limits, initial)
  try {
    if (await disk.exists(`${directory}/superblock`)) {
      throw new StorageRefusal('LOCKED', 'another process made this directory at the same moment', {
        file: directory,
      })
    }
    await disk.preallocate(`${log}/${segmentName(1)}`, limits.segmentSize)
    await disk.syncDirectory(directory)
    await Superblock.create(disk, directory, {
      clusterId: context.clusterId,
      nodeId: context.nodeId,
      starts: state.starts,
      rejoining: state.rejoining,
      log: {
        segment: 1,
        segmentSize: limits.segmentSize,
        record: 0,
        lastIndex: 0,
        lastTerm: 0,
        hardTerm: 0,
      },
      ledger: { folder, baseIndex: initial.index, baseTerm: initial.term },
      checkpoint: initial.index,
      peers: {},
      clean: true,
    })
    return ledger
  } catch (error) {
    await ledger.close().catch(() => {})
    throw error
  }
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

/** Checks that log and ledger belong together. True when a snapshot's installation has to be finished. */
export function joinLog(
  log: LogState,
  superblock: SuperblockState,
  ledger: LedgerMeta,
  logPath: string,
  ledgerPath: string,
): boolean {
  const { tail } = log
  const { baseIndex, baseTerm } = superblock.ledger
  if (ledger.index < baseIndex) {
    throw new StorageRefusal(
      'LEDGER_BEHIND',
      `the ledger is at index ${ledger.index}, but was made from a snapshot at ${baseIndex}`,
      { file: ledgerPath },
    )
  }
  const replaced = tail.base.index <= baseIndex && tail.term(baseIndex) !== baseTerm
  if (replaced && ledger.index === baseIndex) return true
  if (tail.base.index > ledger.index) {
    throw new StorageRefusal(
      'LEDGER_BEHIND',
      `the ledger is at index ${ledger.index}, but the log begins after ${tail.base.index}: entries between are missing`,
      { file: ledgerPath },
    )
  }
  if (tail.last.index < ledger.index || replaced) {
    throw new StorageRefusal(
      'LOG_SHORT',
      `the log ends at index ${tail.last.index}, but the ledger is at ${ledger.index}`,
      { file: logPath },
    )
  }
  if (tail.term(ledger.index) !== ledger.term) {
    throw new StorageRefusal(
      'LOG_DAMAGED',
      `entry ${ledger.index} is of term ${tail.term(ledger.index)} in the log and of term ${ledger.term} in the ledger`,
      { file: logPath },
    )
  }
  return false
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

function snapshotOf(meta: LedgerMeta) {
  return { index: meta.index, term: meta.term, confState: meta.confState, data: Buffer.alloc(0) }
}

function ledgerNumber(name: string): number {
  return /^ledger-[1-9]\d{0,8}$/.test(name) ? Number(name.slice(7)) : 0
}
