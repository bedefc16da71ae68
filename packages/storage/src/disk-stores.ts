import { Buffer } from 'node:buffer'
import { crc32 } from 'node:zlib'
import type { Disk, DiskFile } from './disk.ts'
import { errorCode, StorageError } from './errors.ts'
import { packer } from './packer.ts'
import type { Store, StoreOperation, Stores, StoreView } from './stores.ts'

/** Two handles on one path within one process are refused, as LevelDB does between processes. */
const opened = new WeakMap<Disk, Set<string>>()

type Batch = [string, Buffer | null][]

/**
 * A small ordered store on an injected `Disk`: for tests and simulation, where LevelDB cannot run. Every
 * batch is appended to one file and synced. As LevelDB does, it drops a damaged tail without a word: what
 * stands above it must notice.
 */
export function diskStores(disk: Disk): Stores {
  return {
    async open(path, { create }) {
      const locks = opened.get(disk) ?? new Set()
      opened.set(disk, locks)
      if (locks.has(path)) throw new StorageError('LOCKED', `${path} is in use already`)
      locks.add(path)
      try {
        return await openStore(disk, path, create, () => locks.delete(path))
      } catch (error) {
        locks.delete(path)
        throw error
      }
    },
    remove: (path) => disk.remove(path),
    async inspect(path) {
      const { rows } = await readRows(disk, `${path}/rows`)
      return storeOf(rows, undefined, 0, async () => {})
    },
  }
}

/** Forgets the locks of handles that a crash has killed. */
export function forgetLocks(disk: Disk): void {
  opened.delete(disk)
}

async function openStore(disk: Disk, path: string, create: boolean, unlock: () => void): Promise<Store> {
  const name = `${path}/rows`
  if (!(await disk.exists(name))) {
    if (!create) throw new StorageError('LEDGER_DAMAGED', `${path} cannot be opened: it does not exist`)
    await disk.makeDirectory(path)
    const file = await disk.open(name, { durable: false, create: true })
    await file.sync()
    await disk.syncDirectory(path)
    return storeOf(new Map(), file, 0, async () => {
      await file.close()
      unlock()
    })
  }
  const { rows, end } = await readRows(disk, name)
  const file = await disk.open(name, { durable: false })
  return storeOf(rows, file, end, async () => {
    await file.close()
    unlock()
  })
}

async function readRows(disk: Disk, name: string): Promise<{ rows: Map<string, Buffer>; end: number }> {
  const rows = new Map<string, Buffer>()
  let bytes: Buffer
  try {
    bytes = await disk.read(name)
  } catch (error) {
    if (errorCode(error) !== 'NOT_FOUND') throw error
    throw new StorageError('LEDGER_DAMAGED', `${name} cannot be opened: it does not exist`)
  }
  let at = 0
  while (at + 8 <= bytes.length) {
    const length = bytes.readUInt32BE(at)
    const body = bytes.subarray(at + 8, at + 8 + length)
    if (length === 0 || body.length < length || crc32(body) !== bytes.readUInt32BE(at + 4)) break
    for (const [key, value] of packer.unpack(body) as Batch) {
      if (value === null) rows.delete(key)
      else rows.set(key, value)
    }
    at += 8 + length
  }
  return { rows, end: at }
}

function storeOf(
  rows: Map<string, Buffer>,
  file: DiskFile | undefined,
  end: number,
  close: () => Promise<void>,
): Store {
  let position = end
  let last: Promise<void> = Promise.resolve()
  const append = async (operations: readonly StoreOperation[]) => {
    if (file === undefined) throw new StorageError('LEDGER_FAILED', 'the store is open for looking only')
    const batch: Batch = operations.map((o) => [o.key, o.type === 'put' ? o.value : null])
    const body = packer.pack(batch)
    // Zeros behind the batch, so that what an older tail left there cannot follow it.
    const bytes = Buffer.alloc(8 + body.length + 8)
    bytes.writeUInt32BE(body.length, 0)
    bytes.writeUInt32BE(crc32(body), 4)
    body.copy(bytes, 8)
    await file.write(bytes, position)
    await file.sync()
    position += 8 + body.length
    for (const [key, value] of batch) {
      if (value === null) rows.delete(key)
      else rows.set(key, value)
    }
  }
  return {
    get: async (key) => rows.get(key),
    write(operations) {
      const done = last.then(() => append(operations))
      last = done.catch(() => {})
      return done
    },
    view: () => viewOf(new Map(rows)),
    close,
  }
}

function viewOf(rows: Map<string, Buffer>): StoreView {
  return {
    get: async (key) => rows.get(key),
    async *range(from, to) {
      const keys = [...rows.keys()].filter((key) => key >= from && key < to).sort()
      for (let at = 0; at < keys.length; at += 100) {
        yield keys.slice(at, at + 100).map((key) => [key, rows.get(key)!] as const)
      }
    },
    close: async () => {},
  }
}
