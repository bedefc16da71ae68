import { cp, mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { Level } from 'level'
import { errorCode, StorageError } from './errors.ts'
import type { Store, StoreOperation, Stores, StoreView } from './stores.ts'

const piece = 500

type Database = Level<string, Buffer>

/** LevelDB. Relative paths are taken from `root`, as in `nodeDisk(root)`. */
export function levelStores(root = '.'): Stores {
  return {
    open: (path, { create }) => openLevel(resolve(root, path), create),
    remove: (path) => rm(resolve(root, path), { recursive: true, force: true }),
    async inspect(path) {
      // LevelDB cannot open without writing, so a copy is opened.
      const folder = await mkdtemp(join(tmpdir(), 'tranca-inspect-'))
      const removeCopy = () => rm(folder, { recursive: true, force: true })
      try {
        await cp(resolve(root, path), join(folder, 'copy'), { recursive: true })
        await rm(join(folder, 'copy', 'LOCK'), { force: true })
        return await openLevel(join(folder, 'copy'), false, removeCopy)
      } catch (error) {
        await removeCopy()
        throw error
      }
    },
  }
}

async function openLevel(location: string, create: boolean, closed?: () => Promise<void>): Promise<Store> {
  await refuseForeignLogs(location)
  const database: Database = new Level(location, {
    keyEncoding: 'utf8',
    valueEncoding: 'buffer',
    createIfMissing: create,
  })
  try {
    await database.open()
  } catch (error) {
    throw openingError(error, location)
  }
  return {
    get: (key) => guarded(location, () => database.get(key)),
    write: (operations) => guarded(location, () => write(database, operations)),
    view: () => viewOf(database, location),
    async close() {
      await guarded(location, () => database.close())
      await closed?.()
    },
  }
}

/** Of a log's first record: checksum, length and kind, then the batch's sequence number (eight bytes, lowest first). */
const firstSequenceEnd = 7 + 8

/**
 * LevelDB aborts the process when the file of its log holds a manifest: its records are well-formed, but the
 * sequence number that it takes from them is beyond the highest, 2^56 - 1, which none of its own can be.
 */
async function refuseForeignLogs(location: string): Promise<void> {
  const names = await readdir(location).catch((): string[] => [])
  for (const name of names) {
    if (!name.endsWith('.log')) continue
    const file = await open(join(location, name), 'r')
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(firstSequenceEnd), 0, firstSequenceEnd, 0)
      if (bytesRead < firstSequenceEnd || buffer[firstSequenceEnd - 1] === 0) continue
    } finally {
      await file.close()
    }
    throw new StorageError('LEDGER_DAMAGED', `${join(location, name)} is not a log of LevelDB`)
  }
}

async function write(database: Database, operations: readonly StoreOperation[]): Promise<void> {
  const batch = database.batch()
  for (let i = 0; i < operations.length; i++) {
    const operation = operations[i]!
    if (operation.type === 'put') batch.put(operation.key, operation.value)
    else batch.del(operation.key)
    if (i % piece === piece - 1) await setImmediate()
  }
  await batch.write({ sync: true })
}

function viewOf(database: Database, location: string): StoreView {
  const snapshot = database.snapshot()
  return {
    get: (key) => guarded(location, () => database.get(key, { snapshot })),
    async *range(from, to) {
      const iterator = database.iterator({ gte: from, lt: to, snapshot, highWaterMarkBytes: 256 * 1024 })
      try {
        for (;;) {
          const entries = await guarded(location, () => iterator.nextv(piece))
          if (entries.length === 0) return
          yield entries
        }
      } finally {
        await iterator.close()
      }
    },
    close: () => snapshot.close(),
  }
}

async function guarded<T>(location: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    if (isFull(error)) throw new StorageError('DISK_FULL', `${location}: the disk is full`, { cause: error })
    const corrupt = errorCode(error) === 'LEVEL_CORRUPTION'
    throw new StorageError(corrupt ? 'LEDGER_DAMAGED' : 'LEDGER_FAILED', `${location}: ${text}`, {
      cause: error,
    })
  }
}

function openingError(error: unknown, location: string): StorageError {
  const cause = error instanceof Error ? error.cause : undefined
  if (errorCode(cause) === 'LEVEL_LOCKED') {
    return new StorageError('LOCKED', `${location} is in use by another process`, { cause: error })
  }
  if (isFull(error) || isFull(cause)) {
    return new StorageError('DISK_FULL', `${location}: the disk is full`, { cause: error })
  }
  const text = cause instanceof Error ? cause.message : String(error)
  return new StorageError('LEDGER_DAMAGED', `${location} cannot be opened: ${text}`, { cause: error })
}

function isFull(error: unknown): boolean {
  return error instanceof Error && /No space left on device|Disk quota exceeded/i.test(error.message)
}
