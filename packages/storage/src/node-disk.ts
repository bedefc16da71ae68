import * as fs from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Disk, DiskFile } from './disk.ts'
import { errorCode, StorageError } from './errors.ts'

/**
 * A write that held up the process longer than this was slow: the next ones are left to a thread. On a busy machine
 * one in a hundred takes so long because the process had to wait for its turn, so that is soon tried again.
 */
const blockedMsMax = 4
const slowWrites = 32
/** Larger writes take long on any disk. */
const blockingSizeMax = 64 * 1024

const zeros = Buffer.alloc(1024 * 1024)

/** The machine's own disk. Relative paths are taken from `root`. */
export function nodeDisk(root = '.'): Disk {
  const at = (path: string) => resolve(root, path)
  return {
    async open(path, { durable, create }) {
      const { O_RDWR, O_CREAT, O_DSYNC } = fs.constants
      const flags = O_RDWR | (create ? O_CREAT : 0) | (durable ? (O_DSYNC ?? 0) : 0)
      // Where the system has no O_DSYNC, a sync after each write keeps the promise.
      const syncEach = durable && O_DSYNC === undefined
      return new NodeFile(path, await guarded(path, () => openFile(at(path), flags)), syncEach)
    },
    read: (path, part) => guarded(path, () => readPart(at(path), part)),
    list: (path) => guarded(path, async () => (await fs.promises.readdir(at(path))).sort()),
    exists: (path) =>
      fs.promises.access(at(path)).then(
        () => true,
        () => false,
      ),
    size: (path) => guarded(path, async () => (await fs.promises.stat(at(path))).size),
    rename: (from, to) => guarded(from, () => fs.promises.rename(at(from), at(to))),
    remove: (path) => guarded(path, () => fs.promises.rm(at(path), { recursive: true, force: true })),
    async makeDirectory(path) {
      const made = await guarded(path, () => fs.promises.mkdir(at(path), { recursive: true }))
      if (made === undefined) return
      // Each folder above the first that was made has a new name in it.
      for (let folder = at(path); folder.length >= made.length; folder = dirname(folder)) {
        await guarded(path, () => syncFolder(dirname(folder)))
      }
    },
    syncDirectory: (path) => guarded(path, () => syncFolder(at(path))),
    async preallocate(path, size) {
      await guarded(path, () => fillWithZeros(at(path), size))
      await guarded(path, () => syncFolder(dirname(at(path))))
    },
    freeSpace: (path) =>
      guarded(path, async () => {
        const status = await fs.promises.statfs(at(path))
        return status.bavail * status.bsize
      }),
  }
}

class NodeFile implements DiskFile {
  readonly #path: string
  readonly #descriptor: number
  readonly #syncEach: boolean
  /** Writes that do not block, after a slow one. */
  #unblocked = 0

  constructor(path: string, descriptor: number, syncEach: boolean) {
    this.#path = path
    this.#descriptor = descriptor
    this.#syncEach = syncEach
  }

  // Callbacks rather than fs/promises: this is the one call on the path of every request.
  write(data: Uint8Array, position: number, mayBlock = false): Promise<void> {
    if (mayBlock && !this.#syncEach && data.length <= blockingSizeMax) {
      if (this.#unblocked === 0) return this.#writeHere(data, position)
      this.#unblocked--
    }
    return new Promise((done, failed) => {
      const step = (from: number) => {
        fs.write(this.#descriptor, data, from, data.length - from, position + from, (error, written) => {
          if (error) failed(wrap(error, this.#path))
          else if (written === 0) failed(new StorageError('IO', `${this.#path}: the disk took no byte`))
          else if (from + written < data.length) step(from + written)
          else if (this.#syncEach) this.sync().then(done, failed)
          else done()
        })
      }
      step(0)
    })
  }

  /** Spares the way to a thread and back, which takes a good part of a quick disk's time. */
  #writeHere(data: Uint8Array, position: number): Promise<void> {
    const startedMs = performance.now()
    try {
      for (let from = 0; from < data.length; ) {
        const written = fs.writeSync(this.#descriptor, data, from, data.length - from, position + from)
        if (written === 0) throw new StorageError('IO', `${this.#path}: the disk took no byte`)
        from += written
      }
    } catch (error) {
      return Promise.reject(error instanceof StorageError ? error : wrap(error, this.#path))
    }
    if (performance.now() - startedMs > blockedMsMax) this.#unblocked = slowWrites
    return Promise.resolve()
  }

  sync(): Promise<void> {
    return new Promise((done, failed) => {
      fs.fdatasync(this.#descriptor, (error) => (error ? failed(wrap(error, this.#path)) : done()))
    })
  }

  close(): Promise<void> {
    return new Promise((done, failed) => {
      fs.close(this.#descriptor, (error) => (error ? failed(wrap(error, this.#path)) : done()))
    })
  }
}

function openFile(path: string, flags: number): Promise<number> {
  return new Promise((done, failed) => {
    fs.open(path, flags, 0o640, (error, descriptor) => (error ? failed(error) : done(descriptor)))
  })
}

async function readPart(path: string, part?: { position: number; length: number }): Promise<Buffer> {
  if (part === undefined) return fs.promises.readFile(path)
  const file = await fs.promises.open(path, 'r')
  try {
    const buffer = Buffer.alloc(part.length)
    let filled = 0
    while (filled < part.length) {
      const { bytesRead } = await file.read(buffer, filled, part.length - filled, part.position + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return buffer.subarray(0, filled)
  } finally {
    await file.close()
  }
}

async function fillWithZeros(path: string, size: number): Promise<void> {
  const file = await fs.promises.open(path, 'w', 0o640)
  try {
    for (let position = 0; position < size; ) {
      const { bytesWritten } = await file.write(zeros, 0, Math.min(zeros.length, size - position), position)
      position += bytesWritten
    }
    await file.sync()
  } finally {
    await file.close()
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await fs.promises.open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function guarded<T>(path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw wrap(error, path)
  }
}

function wrap(error: unknown, path: string): StorageError {
  const code = errorCode(error)
  const text = error instanceof Error ? error.message : String(error)
  if (code === 'ENOENT') return new StorageError('NOT_FOUND', `${path} does not exist`, { cause: error })
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new StorageError('DISK_FULL', `${path}: the disk is full`, { cause: error })
  }
  return new StorageError('IO', `${path}: ${text}`, { cause: error })
}
