import type { Disk, DiskFile } from './disk.ts'
import { parentOf } from './disk.ts'
import { StorageError } from './errors.ts'

const sectorSize = 512

/** What a call is about to do; `mutates` is false for reads. */
export interface DiskCall {
  readonly number: number
  readonly operation:
    | 'open'
    | 'read'
    | 'list'
    | 'write'
    | 'sync'
    | 'rename'
    | 'remove'
    | 'makeDirectory'
    | 'syncDirectory'
    | 'preallocate'
  readonly path: string
  readonly mutates: boolean
  readonly position?: number
  readonly size?: number
}

export interface MemoryDiskOptions {
  /** Bytes of all files together. */
  readonly capacity?: number
  /** Numbers from 0 up to 1, for what a crash leaves behind. Without it a crash loses all that may be lost. */
  readonly random?: () => number
  /** Runs when a call may finish: a simulator puts its own latency here. Default: a microtask. */
  readonly schedule?: (call: DiskCall, finish: () => void) => void
  /** Called before each call; what it throws is the call's failure. */
  readonly before?: (call: DiskCall) => void
}

interface Inode {
  current: Buffer
  durable: Buffer
}

interface InFlight {
  readonly inode: Inode
  readonly data: Buffer
  readonly position: number
}

/**
 * A disk in memory that forgets what was not synced when `crash` is called.
 *
 * Each file has its current bytes and those that are durable; each name is current, durable, or both.
 * A crash takes everything back to what is durable; a write that was under way is lost, kept, or torn at
 * sectors of 512 bytes, as `random` says.
 */
export class MemoryDisk implements Disk {
  /** Calls that changed something so far; `crashAt` is compared with it. */
  mutations = 0
  /** The power fails during this mutating call, counted from 1: it and all later ones reject with CRASHED. */
  crashAt = Number.POSITIVE_INFINITY
  capacity: number
  before: ((call: DiskCall) => void) | undefined
  #calls = 0
  #names = new Map<string, Inode>()
  #durableNames = new Map<string, Inode>()
  #folders = new Set<string>(['.', '/'])
  #inFlight = new Set<InFlight>()
  #generation = 0
  #down = false
  readonly #random: (() => number) | undefined
  readonly #schedule: (call: DiskCall, finish: () => void) => void

  constructor(options: MemoryDiskOptions = {}) {
    this.capacity = options.capacity ?? Number.POSITIVE_INFINITY
    this.before = options.before
    this.#random = options.random
    this.#schedule = options.schedule ?? ((_call, finish) => queueMicrotask(finish))
  }

  /** The power fails and comes back: what was not durable is gone, files that were open are dead. */
  crash(): void {
    for (const write of this.#inFlight) this.#tear(write)
    this.#inFlight.clear()
    const keepNames = this.#random !== undefined && this.#random() < 0.5
    if (!keepNames) this.#names = new Map(this.#durableNames)
    for (const inode of this.#names.values()) inode.current = Buffer.from(inode.durable)
    this.#durableNames = new Map(this.#names)
    for (const path of this.#names.keys()) this.#foldersAbove(path)
    this.#generation++
    this.#down = false
    this.crashAt = Number.POSITIVE_INFINITY
  }

  /** The bytes of each file as they are now. */
  files(): Map<string, Buffer> {
    return new Map([...this.#names].map(([path, inode]) => [path, Buffer.from(inode.current)]))
  }

  /** Puts a file there, durable, past all faults: for damage and for bringing old copies back. */
  plant(path: string, bytes: Uint8Array | undefined): void {
    if (bytes === undefined) {
      this.#names.delete(path)
      this.#durableNames.delete(path)
      return
    }
    this.#foldersAbove(path)
    const inode = { current: Buffer.from(bytes), durable: Buffer.from(bytes) }
    this.#names.set(path, inode)
    this.#durableNames.set(path, inode)
  }

  /** Another disk with the same durable content. */
  clone(options: MemoryDiskOptions = {}): MemoryDisk {
    const copy = new MemoryDisk(options)
    for (const folder of this.#folders) copy.#folders.add(folder)
    for (const [path, inode] of this.#durableNames) copy.plant(path, inode.durable)
    return copy
  }

  async open(path: string, options: { durable: boolean; create?: boolean }): Promise<DiskFile> {
    const missing = !this.#names.has(path)
    await this.#call({ operation: 'open', path, mutates: missing && options.create === true }, () => {
      if (!missing) return
      if (!options.create || !this.#folders.has(parentOf(path))) throw notFound(path)
      this.#names.set(path, { current: Buffer.alloc(0), durable: Buffer.alloc(0) })
    })
    const inode = this.#names.get(path)
    if (inode === undefined) throw notFound(path)
    const generation = this.#generation
    let closed = false
    const check = () => {
      if (closed) throw new StorageError('CLOSED', `${path} is closed`)
      if (generation !== this.#generation) throw crashed(path)
    }
    return {
      write: async (data, position) => {
        check()
        await this.#write(path, inode, data, position, options.durable)
      },
      sync: async () => {
        check()
        await this.#call({ operation: 'sync', path, mutates: true }, () => {
          inode.durable = Buffer.from(inode.current)
        })
      },
      close: async () => {
        closed = true
      },
    }
  }

  async read(path: string, part?: { position: number; length: number }): Promise<Buffer> {
    await this.#call({ operation: 'read', path, mutates: false }, () => {})
    const inode = this.#names.get(path)
    if (inode === undefined) throw notFound(path)
    return Buffer.from(
      part === undefined ? inode.current : inode.current.subarray(part.position, part.position + part.length),
    )
  }

  async list(path: string): Promise<string[]> {
    await this.#call({ operation: 'list', path, mutates: false }, () => {})
    if (!this.#folders.has(path)) throw notFound(path)
    const names = new Set<string>()
    for (const known of [...this.#names.keys(), ...this.#folders]) {
      if (known.startsWith(`${path}/`)) names.add(known.slice(path.length + 1).split('/')[0]!)
    }
    return [...names].sort()
  }

  async exists(path: string): Promise<boolean> {
    await this.#call({ operation: 'read', path, mutates: false }, () => {})
    return this.#names.has(path) || this.#folders.has(path)
  }

  async size(path: string): Promise<number> {
    await this.#call({ operation: 'read', path, mutates: false }, () => {})
    const inode = this.#names.get(path)
    if (inode === undefined) throw notFound(path)
    return inode.current.length
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#call({ operation: 'rename', path: from, mutates: true }, () => {
      if (!this.#names.has(from) && !this.#folders.has(from)) throw notFound(from)
      const moved = (path: string) =>
        path === from ? to : path.startsWith(`${from}/`) ? to + path.slice(from.length) : undefined
      if (!this.#folders.has(from)) {
        const inode = this.#names.get(from)!
        this.#names.delete(from)
        this.#names.set(to, inode)
        return
      }
      // A folder moves with everything in it, durable and not; its own name is taken as durable at once.
      for (const folder of [...this.#folders]) {
        const target = moved(folder)
        if (target === undefined) continue
        this.#folders.delete(folder)
        this.#folders.add(target)
      }
      for (const names of [this.#names, this.#durableNames]) {
        for (const [path, inode] of [...names]) {
          const target = moved(path)
          if (target === undefined) continue
          names.delete(path)
          names.set(target, inode)
        }
      }
    })
  }

  async remove(path: string): Promise<void> {
    await this.#call({ operation: 'remove', path, mutates: true }, () => {
      for (const known of [...this.#names.keys()]) {
        if (known === path || known.startsWith(`${path}/`)) this.#names.delete(known)
      }
      for (const known of [...this.#folders]) {
        if (known === path || known.startsWith(`${path}/`)) this.#folders.delete(known)
      }
    })
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#call({ operation: 'makeDirectory', path, mutates: true }, () => {
      for (let folder = path; !this.#folders.has(folder); folder = parentOf(folder)) this.#folders.add(folder)
    })
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#call({ operation: 'syncDirectory', path, mutates: true }, () => this.#syncNames(path))
  }

  async preallocate(path: string, size: number): Promise<void> {
    await this.#call({ operation: 'preallocate', path, mutates: true, size }, () => {
      if (!this.#folders.has(parentOf(path))) throw notFound(path)
      if (this.#used() + size > this.capacity) throw full(path)
      this.#names.set(path, { current: Buffer.alloc(size), durable: Buffer.alloc(size) })
      this.#syncNames(parentOf(path))
    })
  }

  async freeSpace(): Promise<number> {
    return Math.max(0, this.capacity - this.#used())
  }

  async #write(path: string, inode: Inode, data: Uint8Array, position: number, durable: boolean) {
    const write: InFlight = { inode, data: Buffer.from(data), position }
    const end = position + data.length
    const call = { operation: 'write' as const, path, mutates: true, position, size: data.length }
    if (durable) this.#inFlight.add(write)
    try {
      await this.#call(call, () => {
        if (end > inode.current.length && this.#used() + end - inode.current.length > this.capacity) {
          throw full(path)
        }
        inode.current = overwritten(inode.current, write.data, position)
        if (durable) inode.durable = overwritten(inode.durable, write.data, position)
      })
      this.#inFlight.delete(write)
    } catch (error) {
      // After a power failure `crash` still has to decide what the disk kept of it.
      if (!this.#down) this.#inFlight.delete(write)
      throw error
    }
  }

  async #call(about: Omit<DiskCall, 'number'>, effect: () => void): Promise<void> {
    if (this.#down) throw crashed(about.path)
    const call = { ...about, number: ++this.#calls }
    if (about.mutates && ++this.mutations >= this.crashAt) {
      this.#down = true
      throw crashed(about.path)
    }
    this.before?.(call)
    const generation = this.#generation
    await new Promise<void>((done) => this.#schedule(call, done))
    if (this.#down || generation !== this.#generation) throw crashed(about.path)
    effect()
  }

  #tear(write: InFlight): void {
    const random = this.#random
    if (random === undefined) return
    const fate = random()
    if (fate < 0.25) return
    const end = write.position + write.data.length
    for (let at = write.position; at < end; ) {
      const next = Math.min(end, (Math.floor(at / sectorSize) + 1) * sectorSize)
      if (fate > 0.75 || random() < 0.5) {
        const piece = write.data.subarray(at - write.position, next - write.position)
        // A write never makes a file longer unless it is kept: sizes are metadata.
        if (next <= write.inode.durable.length) piece.copy(write.inode.durable, at)
      }
      at = next
    }
  }

  #syncNames(folder: string): void {
    for (const path of [...this.#durableNames.keys()]) {
      if (parentOf(path) === folder && !this.#names.has(path)) this.#durableNames.delete(path)
    }
    for (const [path, inode] of this.#names)
      if (parentOf(path) === folder) this.#durableNames.set(path, inode)
    // Folders that were removed take their files with them.
    for (const path of [...this.#durableNames.keys()]) {
      if (path.startsWith(`${folder}/`) && !this.#names.has(path) && !this.#folders.has(parentOf(path))) {
        this.#durableNames.delete(path)
      }
    }
  }

  #foldersAbove(path: string): void {
    for (let folder = parentOf(path); !this.#folders.has(folder); folder = parentOf(folder)) {
      this.#folders.add(folder)
    }
  }

  #used(): number {
    let used = 0
    for (const inode of new Set(this.#names.values())) used += inode.current.length
    return used
  }
}

function overwritten(bytes: Buffer, data: Buffer, position: number): Buffer {
  const end = position + data.length
  let target = bytes
  if (end > bytes.length) {
    target = Buffer.alloc(end)
    bytes.copy(target)
  }
  data.copy(target, position)
  return target
}

function notFound(path: string): StorageError {
  return new StorageError('NOT_FOUND', `${path} does not exist`)
}

function crashed(path: string): StorageError {
  return new StorageError('CRASHED', `${path}: the power failed`)
}

function full(path: string): StorageError {
  return new StorageError('DISK_FULL', `${path}: the disk is full`)
}
