import { setImmediate } from 'node:timers/promises'
import { errorCode, StorageError, StorageRefusal } from './errors.ts'
import { decodeRow, encodeRow, metaKey, RowHashes, rowPrefix, rowsEnd } from './ledger-rows.ts'
import type { StorageLimits } from './limits.ts'
import type { Store, StoreOperation, Stores, StoreView } from './stores.ts'
import type { Change, CheckpointMeta, LedgerMeta, Row } from './types.ts'

export interface PreparedCheckpoint {
  readonly meta: LedgerMeta
  /** Hash over all rows at `meta.index`; equal on every node. Known before anything is written. */
  readonly digest: string
  /** One atomic, durable batch. Checkpoints are written in the order in which they were prepared. */
  write(): Promise<void>
}

interface Unwritten {
  readonly index: number
  readonly operations: StoreOperation[]
}

/**
 * The ledger's rows on disk, as of the last checkpoint.
 *
 * Invariant: what the store holds and the meta in it were written in one batch; the meta carries the hash
 * over all rows, which a start computes again from what it reads.
 */
export class LedgerStore {
  readonly path: string
  readonly #store: Store
  readonly #limits: StorageLimits
  readonly #hashes: RowHashes
  #meta: LedgerMeta
  #status: 'open' | 'failed' | 'closed' = 'open'
  #failure: StorageError | undefined
  #preparing: Promise<unknown> = Promise.resolve()
  /** Prepared and not written, oldest first: a later checkpoint carries them along. */
  #unwritten: Unwritten[] = []
  #writing: Promise<void> = Promise.resolve()

  private constructor(
    path: string,
    store: Store,
    limits: StorageLimits,
    hashes: RowHashes,
    meta: LedgerMeta,
  ) {
    this.path = path
    this.#store = store
    this.#limits = limits
    this.#hashes = hashes
    this.#meta = meta
  }

  /**
   * Makes an empty store with a first checkpoint, over what an interrupted creation left. Refuses with
   * SUPERBLOCK_DAMAGED when a ledger with work in it is found there.
   */
  static async create(
    stores: Stores,
    path: string,
    limits: StorageLimits,
    meta: CheckpointMeta,
  ): Promise<LedgerStore> {
    // Opened before anything is removed: the store's lock keeps a second process away.
    const store = await stores.open(path, { create: true }).catch(async (error: unknown) => {
      if (errorCode(error) !== 'LEDGER_DAMAGED') throw refusalFrom(error, path)
      await stores.remove(path)
      return stores.open(path, { create: true })
    })
    try {
      const before = await store.get(metaKey)
      const found = before === undefined ? undefined : decodeRow(metaKey, before)
      if (typeof found === 'object' && (found.value as LedgerMeta).index > meta.index) {
        throw new StorageRefusal(
          'SUPERBLOCK_DAMAGED',
          'the superblock is missing, but the ledger holds work',
          {
            file: path,
          },
        )
      }
      const hashes = new RowHashes()
      const full: LedgerMeta = { ...meta, rows: 0, digest: hashes.digest }
      await store.write([{ type: 'put', key: metaKey, value: encodeRow(metaKey, full) }])
      return new LedgerStore(path, store, limits, hashes, full)
    } catch (error) {
      await store.close().catch(() => {})
      throw error
    }
  }

  /**
   * Opens, reads every row and compares count and hash with the checkpoint's. Refuses with LEDGER_DAMAGED,
   * LOCKED or DISK_FULL. Rows that were handed out before a refusal must be thrown away.
   */
  static async load(
    stores: Stores,
    path: string,
    limits: StorageLimits,
    onRow: (row: Row) => void,
  ): Promise<LedgerStore> {
    let store: Store
    try {
      store = await stores.open(path, { create: false })
    } catch (error) {
      throw refusalFrom(error, path)
    }
    try {
      const { meta, hashes } = await readLedger(store, path, onRow)
      return new LedgerStore(path, store, limits, hashes, meta)
    } catch (error) {
      await store.close().catch(() => {})
      throw refusalFrom(error, path)
    }
  }

  /** Of the last checkpoint that is durable. */
  get meta(): LedgerMeta {
    return this.#meta
  }

  get status() {
    return this.#status
  }

  get failure(): StorageError | undefined {
    return this.#failure
  }

  get rows(): number {
    return this.#hashes.rows
  }

  /**
   * Takes in changed rows and computes the digest, without writing. Encodes in slices, so that others get
   * their turn; values must stay as they are meanwhile.
   */
  prepare(changes: readonly Change[], meta: CheckpointMeta): Promise<PreparedCheckpoint> {
    const prepared = this.#preparing.then(() => this.#prepare(changes, meta))
    this.#preparing = prepared.catch((error: unknown) => this.#fail(error))
    return prepared
  }

  /** A consistent view of the last checkpoint that was written. */
  view(): StoreView {
    this.#check()
    return this.#store.view()
  }

  async close(): Promise<void> {
    await this.#preparing
    await this.#writing
    if (this.#status === 'open') this.#status = 'closed'
    await this.#store.close()
  }

  async #prepare(changes: readonly Change[], meta: CheckpointMeta): Promise<PreparedCheckpoint> {
    this.#check()
    const operations: StoreOperation[] = []
    for (let i = 0; i < changes.length; i++) {
      const change = changes[i]!
      const key = rowPrefix + change.key
      if (change.value === undefined) {
        this.#hashes.delete(key)
        operations.push({ type: 'del', key })
      } else {
        const value = encodeRow(key, change.value)
        if (key.length + value.length > this.#limits.rowSizeMax) {
          throw new StorageError(
            'LIMIT',
            `row ${change.key} has ${value.length} bytes, more than ${this.#limits.rowSizeMax}`,
          )
        }
        this.#hashes.set(key, value)
        operations.push({ type: 'put', key, value })
      }
      if (i % this.#limits.rowsPerTurn === this.#limits.rowsPerTurn - 1) await setImmediate()
    }
    const digest = this.#hashes.digest
    const full: LedgerMeta = { ...meta, rows: this.#hashes.rows, digest }
    operations.push({ type: 'put', key: metaKey, value: encodeRow(metaKey, full) })
    const own = { index: meta.index, operations }
    this.#unwritten.push(own)
    let written: Promise<void> | undefined
    return {
      meta: full,
      digest,
      write: () => {
        if (written === undefined) {
          written = this.#writing.then(() => this.#write(own, full))
          this.#writing = written.catch(() => {})
        }
        return written
      },
    }
  }

  async #write(own: Unwritten, meta: LedgerMeta): Promise<void> {
    this.#check()
    const count = this.#unwritten.indexOf(own) + 1
    // A later checkpoint took this one along already.
    if (count === 0) return
    const batch = this.#unwritten.splice(0, count)
    try {
      await this.#store.write(count === 1 ? own.operations : batch.flatMap((one) => one.operations))
    } catch (error) {
      this.#fail(error)
      throw this.#failure
    }
    this.#meta = meta
  }

  #check(): void {
    if (this.#status === 'failed') throw this.#failure!
    if (this.#status === 'closed') throw new StorageError('CLOSED', `the ledger ${this.path} is closed`)
  }

  #fail(error: unknown): void {
    if (this.#status !== 'open') return
    this.#status = 'failed'
    const code = errorCode(error) === 'DISK_FULL' ? 'DISK_FULL' : 'LEDGER_FAILED'
    const text = error instanceof Error ? error.message : String(error)
    this.#failure = new StorageError(code, `the ledger cannot be written: ${text}`, { cause: error })
  }
}

/** Reads and checks all rows of a store. */
export async function readLedger(
  store: Store,
  path: string,
  onRow: (row: Row) => void,
): Promise<{ meta: LedgerMeta; hashes: RowHashes }> {
  const damaged = (text: string) => new StorageRefusal('LEDGER_DAMAGED', text, { file: path })
  const view = store.view()
  try {
    const bytes = await view.get(metaKey)
    if (bytes === undefined) throw damaged('the checkpoint has no description, although one was written')
    const found = decodeRow(metaKey, bytes)
    if (typeof found === 'string') throw damaged(`the description of the checkpoint ${found}`)
    const meta = found.value as LedgerMeta
    const hashes = new RowHashes()
    for await (const piece of view.range(rowPrefix, rowsEnd)) {
      for (const [key, value] of piece) {
        const row = decodeRow(key, value)
        if (typeof row === 'string') throw damaged(`row ${JSON.stringify(key.slice(1))} ${row}`)
        hashes.set(key, value)
        onRow({ key: key.slice(1), value: row.value })
      }
    }
    if (hashes.rows !== meta.rows || hashes.digest !== meta.digest) {
      throw damaged(
        `${hashes.rows} rows with hash ${hashes.digest} were found, but the checkpoint at ${meta.index} was ` +
          `written with ${meta.rows} rows and hash ${meta.digest}`,
      )
    }
    return { meta, hashes }
  } finally {
    await view.close()
  }
}

function refusalFrom(error: unknown, file: string): StorageError {
  if (error instanceof StorageRefusal) return error
  const text = error instanceof Error ? error.message : String(error)
  switch (errorCode(error)) {
    case 'LOCKED':
      return new StorageRefusal('LOCKED', text, { file, cause: error })
    case 'DISK_FULL':
      return new StorageRefusal('DISK_FULL', text, { file, cause: error })
    case 'CRASHED':
      return error as StorageError
    default:
      return new StorageRefusal('LEDGER_DAMAGED', text, { file, cause: error })
  }
}
