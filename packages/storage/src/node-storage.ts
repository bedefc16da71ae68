import { Buffer } from 'node:buffer'
import type { Context } from './directory.ts'
import { ledgerNumber } from './directory.ts'
import { StorageError } from './errors.ts'
import { LedgerStore, type PreparedCheckpoint } from './ledger-store.ts'
import { peersMax } from './limits.ts'
import type { RaftLog } from './raft-log.ts'
import { SnapshotBuilder } from './snapshot/receive.ts'
import type { OutgoingSnapshot } from './snapshot/send.ts'
import { openSnapshot } from './snapshot/send.ts'
import type { PeerMemory, Superblock, SuperblockState } from './superblock.ts'
import type { Change, CheckpointMeta, HardState, LedgerMeta, RaftSnapshot, Row } from './types.ts'

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
  #builder: SnapshotBuilder | undefined
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
    return this.failure === undefined ? this.log.status : 'failed'
  }

  /** What broke in the log, the ledger or the superblock: then the node has to stop. */
  get failure(): StorageError | undefined {
    return (
      this.log.failure ??
      this.#ledger.failure ??
      (this.#closed !== undefined ? undefined : this.#superblock.failure)
    )
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
      this.#builder = builder
    } catch (error) {
      this.#receiving = false
      throw error
    }
    let over = false
    const end = () => {
      over = true
      this.#receiving = false
      this.#builder = undefined
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
        over = true
        try {
          await builder.abort()
        } finally {
          end()
        }
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

  /**
   * Called with `false` when the node has caught up and may vote again. `startsAtLeast`: the others remember
   * more starts of this node than its directory does.
   */
  async setRejoining(rejoining: boolean, options: { startsAtLeast?: number } = {}): Promise<void> {
    const starts = Math.max(this.#superblock.state.starts, options.startsAtLeast ?? 0)
    await this.#superblock.update({ rejoining, starts })
  }

  /**
   * A new cluster begins: its first rows become the ledger, and the log begins after `meta.index`. Only for a
   * directory that holds nothing yet. A crash leaves it empty or founded.
   */
  async found(changes: readonly Change[], meta: CheckpointMeta): Promise<LedgerMeta> {
    if (this.#ledger.meta.index !== 0 || this.log.lastIndex() !== 0) {
      throw new StorageError(
        'LIMIT',
        `the directory is at index ${this.log.lastIndex()}: it cannot be founded again`,
      )
    }
    const { directory, disk, stores, limits } = this.#context
    const folder = `ledger-${ledgerNumber(this.#superblock.state.ledger.folder) + 1}`
    const empty = { index: 0, term: 0, confState: meta.confState }
    const next = await LedgerStore.create(stores, `${directory}/${folder}`, limits, empty)
    await (await next.prepare(changes, meta)).write()
    await disk.syncDirectory(directory)
    await this.#alone(() => this.#switchTo(next, folder, undefined))
    return this.#ledger.meta
  }

  /** Finishes what was asked for, notes a clean stop, and gives the lock back. Never throws after a failure. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    await this.#exclusive.catch(() => {})
    await this.#builder?.abort().catch(() => {})
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
    const { disk, directory } = this.#context
    let next: LedgerStore
    try {
      next = await builder.complete(onRow)
    } catch (error) {
      await builder.abort().catch(() => {})
      throw error
    }
    await disk.syncDirectory(directory)
    await this.#switchTo(next, folder, hardState)
  }

  /** Lets another ledger take the place of the current one, and the log begin after it. */
  async #switchTo(next: LedgerStore, folder: string, hardState: HardState | undefined): Promise<void> {
    const { stores } = this.#context
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
    // What stays behind is removed by the next start.
    await before
      .close()
      .then(() => stores.remove(before.path))
      .catch(() => {})
    await this.log.compact(index)
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#exclusive.then(work)
    this.#exclusive = done.catch(() => {})
    return done
  }
}

/** A checkpoint as raft-ts sees it; the rows travel apart. */
export function snapshotOf(meta: LedgerMeta): RaftSnapshot {
  return { index: meta.index, term: meta.term, confState: meta.confState, data: Buffer.alloc(0) }
}
