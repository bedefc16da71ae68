import type { Buffer } from 'node:buffer'
import { StorageError } from '../errors.ts'
import { encodeRow, metaKey, RowHashes } from '../ledger-rows.ts'
import { LedgerStore } from '../ledger-store.ts'
import type { StorageLimits } from '../limits.ts'
import type { Store, StoreOperation, Stores } from '../stores.ts'
import type { LedgerMeta, Row } from '../types.ts'
import { ChunkReader } from './stream.ts'

const batchSizeMax = 1024 * 1024

/**
 * Builds a ledger store from a stream, beside the current one. Nothing points at it until it is complete and
 * was read back.
 */
export class SnapshotBuilder {
  readonly path: string
  readonly meta: LedgerMeta
  readonly #stores: Stores
  readonly #store: Store
  readonly #limits: StorageLimits
  readonly #reader: ChunkReader
  readonly #hashes = new RowHashes()
  #batch: StoreOperation[] = []
  #batchSize = 0

  private constructor(stores: Stores, store: Store, path: string, limits: StorageLimits, meta: LedgerMeta) {
    this.#stores = stores
    this.#store = store
    this.path = path
    this.#limits = limits
    this.meta = meta
    this.#reader = new ChunkReader(limits.rowSizeMax)
  }

  static async begin(
    stores: Stores,
    path: string,
    limits: StorageLimits,
    meta: LedgerMeta,
  ): Promise<SnapshotBuilder> {
    await stores.remove(path)
    return new SnapshotBuilder(stores, await stores.open(path, { create: true }), path, limits, meta)
  }

  async write(chunk: Buffer): Promise<void> {
    for (const [key, value] of this.#reader.rows(chunk)) {
      this.#hashes.set(key, value)
      this.#batch.push({ type: 'put', key, value })
      this.#batchSize += key.length + value.length
    }
    if (this.#batchSize >= batchSizeMax) await this.#flush()
  }

  /** Completes the store and reads all of it back; it is closed when this throws SNAPSHOT_DAMAGED. */
  async complete(onRow: (row: Row) => void): Promise<LedgerStore> {
    const { rows, digest } = this.#hashes
    if (this.#reader.unfinished > 0 || rows !== this.meta.rows || digest !== this.meta.digest) {
      const found = `${rows} rows with hash ${digest}`
      const told = `${this.meta.rows} rows with hash ${this.meta.digest}`
      throw new StorageError(
        'SNAPSHOT_DAMAGED',
        `the snapshot at ${this.meta.index} brought ${found}, not ${told}`,
      )
    }
    this.#batch.push({ type: 'put', key: metaKey, value: encodeRow(metaKey, this.meta) })
    await this.#flush()
    await this.#store.close()
    return LedgerStore.load(this.#stores, this.path, this.#limits, onRow)
  }

  async abort(): Promise<void> {
    await this.#store.close().catch(() => {})
    await this.#stores.remove(this.path)
  }

  async #flush(): Promise<void> {
    const batch = this.#batch
    this.#batch = []
    this.#batchSize = 0
    await this.#store.write(batch)
  }
}
