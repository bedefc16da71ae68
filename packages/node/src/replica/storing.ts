import type { Change, Ledger } from '@tranca/ledger'
import type { ConfState, HardState, StorageAppend } from '@tranca/raft-ts'
import type { NodeStorage } from '@tranca/storage'
import { NodeError } from '../errors.ts'
import type { ReceivedSnapshot } from '../peers/snapshot-transfer.ts'

export interface StoringPorts {
  /** Makes a ledger of a snapshot's rows. */
  restore(rows: Iterable<{ key: string; value: unknown }>): Ledger
  /** A snapshot is in force, in the log and on disk: the ledger is replaced. */
  installed(ledger: Ledger, meta: ReceivedSnapshot['meta']): void
  /** The digest of this node's ledger at `index`. */
  digest(index: number, digest: string): void
  checkpointWritten(): void
  failed(error: Error): void
}

/** Does what Raft and the checkpointer want written, in order. */
export class Storing {
  readonly #storage: NodeStorage
  readonly #ports: StoringPorts
  #received: ReceivedSnapshot | undefined
  /** Resolves when everything asked for so far is durable. */
  #tail: Promise<void> = Promise.resolve()
  #isInstalling = false
  /** Requests that the log has not been given yet: a snapshot, and those that came behind it. */
  #deferred = 0
  #hardState: HardState

  constructor(storage: NodeStorage, ports: StoringPorts) {
    this.#storage = storage
    this.#ports = ports
    this.#hardState = storage.log.hardState
  }

  /** A snapshot that has arrived whole and that Raft is about to be told of. */
  hold(snapshot: ReceivedSnapshot): void {
    const before = this.#received
    this.#received = snapshot
    before?.incoming.abort().catch((error: unknown) => this.#ports.failed(error as Error))
  }

  /** Raft did not want the snapshot that was held for it. */
  release(snapshot: ReceivedSnapshot): void {
    if (this.#received !== snapshot || this.#isInstalling) return
    this.#received = undefined
    snapshot.incoming.abort().catch((error: unknown) => this.#ports.failed(error as Error))
  }

  /** Resolves when `request`, and all before it, is durable. */
  store(request: StorageAppend): Promise<void> {
    const before = this.#tail
    const isDeferred = request.snapshot !== undefined || this.#deferred > 0
    if (request.snapshot) this.#isInstalling = true
    this.#tail = isDeferred ? this.#writeAfter(before, request) : this.#append(request, before)
    return this.#tail
  }

  /** What comes meanwhile must not overtake it on its way to the log. */
  async #writeAfter(before: Promise<void>, request: StorageAppend): Promise<void> {
    this.#deferred++
    await before
    if (request.snapshot) await this.#install(request)
    const durable = this.#append(request)
    this.#deferred--
    await durable
  }

  checkpoint(changes: readonly Change[], at: { index: number; term: number; confState: ConfState }): void {
    this.#checkpoint(changes, at).catch((error: unknown) => this.#ports.failed(error as Error))
  }

  async #checkpoint(
    changes: readonly Change[],
    at: { index: number; term: number; confState: ConfState },
  ): Promise<void> {
    const prepared = await this.#storage.prepareCheckpoint(changes, at)
    this.#ports.digest(at.index, prepared.digest)
    await prepared.write()
    this.#ports.checkpointWritten()
  }

  /** Resolves when it is durable, or when `before` does if nothing of it is worth a write. */
  #append({ hardState, entries }: StorageAppend, before: Promise<void> = Promise.resolve()): Promise<void> {
    // A commit index that moved is not worth a write of its own (the leader will tell it again), but it goes
    // along with the next one: what is known here as committed is what an audit may judge.
    const { term, vote } = this.#hardState
    const isVoteChanged = hardState && (hardState.term !== term || hardState.vote !== vote)
    if (hardState) this.#hardState = hardState
    if (entries.length === 0 && !isVoteChanged) return before
    return this.#storage.log.append({ hardState: this.#hardState, entries })
  }

  /** Before an orderly stop: how far this node knows entries to be committed. */
  async settle(): Promise<void> {
    await this.#tail
    const { log } = this.#storage
    if (log.status !== 'open' || this.#hardState.commit <= log.hardState.commit) return
    await log.append({ hardState: this.#hardState, entries: [] })
  }

  async #install(request: StorageAppend): Promise<void> {
    const received = this.#received
    const wanted = request.snapshot!
    if (!received || received.meta.index !== wanted.index) {
      throw new NodeError('STORAGE_FAILED', `the snapshot at ${wanted.index} is not here`)
    }
    const hardState = request.hardState ?? this.#hardState
    this.#hardState = hardState
    const { meta, rows } = await received.incoming.finish({ hardState })
    this.#received = undefined
    this.#isInstalling = false
    this.#ports.installed(this.#ports.restore(rows), meta)
  }
}
