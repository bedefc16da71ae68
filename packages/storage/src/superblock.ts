import { Buffer } from 'node:buffer'
import { crc32 } from 'node:zlib'
import type { Disk, DiskFile } from './disk.ts'
import { parentOf } from './disk.ts'
import { errorCode, StorageError, StorageRefusal } from './errors.ts'
import { packer } from './packer.ts'
import type { LogEvidence } from './wal/read-log.ts'

/** What this node knows of another: how often it started, and how far its log had got. */
export interface PeerMemory {
  readonly starts: number
  readonly lastIndex: number
}

export interface SuperblockState {
  readonly clusterId: string
  readonly nodeId: string
  /** Raised durably at each start, before anything else. */
  readonly starts: number
  /** The node lost its disk and takes part without a vote until it has caught up. */
  readonly rejoining: boolean
  readonly log: LogEvidence
  /** The ledger's folder, and the snapshot or first state that it was made from. */
  readonly ledger: { readonly folder: string; readonly baseIndex: number; readonly baseTerm: number }
  /** Index of the last checkpoint that was known to be durable. */
  readonly checkpoint: number
  readonly peers: Readonly<Record<string, PeerMemory>>
  /** The node was stopped in order. */
  readonly clean: boolean
}

/*
 * Two copies of one slot in a file of fixed size. Every update writes the first copy, then the second, each
 * durable, and is done only then. So after a crash at most one copy is bad, and the other is the newest that
 * anybody was promised; and one damaged copy never hides a newer state.
 *
 *   slot := magic u32, crc u32 (of all that follows), version u32, sequence u48, length u32, state (msgpack)
 */
const slotSize = 8192
const magic = 0x54725362
const headerSize = 22
const superblockVersion = 1
export const superblockName = 'superblock'

export class Superblock {
  readonly #file: DiskFile
  #state: SuperblockState
  #sequence: number
  #tail: Promise<void> = Promise.resolve()
  #failure: StorageError | undefined

  private constructor(file: DiskFile, state: SuperblockState, sequence: number) {
    this.#file = file
    this.#state = state
    this.#sequence = sequence
  }

  static async open(disk: Disk, directory: string, found: SuperblockFound): Promise<Superblock> {
    const file = await disk.open(`${directory}/${superblockName}`, { durable: true })
    return new Superblock(file, found.state, found.sequence)
  }

  /** Writes a first superblock; the file appears whole or not at all. */
  static async create(disk: Disk, directory: string, state: SuperblockState): Promise<SuperblockFound> {
    const path = `${directory}/${superblockName}`
    await disk.preallocate(`${path}.new`, 2 * slotSize)
    const file = await disk.open(`${path}.new`, { durable: true })
    try {
      const slot = encodeSlot(state, 1)
      await file.write(slot, 0)
      await file.write(slot, slotSize)
    } finally {
      await file.close()
    }
    await disk.rename(`${path}.new`, path)
    await disk.syncDirectory(parentOf(path))
    return { state, sequence: 1, problems: [] }
  }

  /** As it will be when the updates asked for are done. */
  get state(): SuperblockState {
    return this.#state
  }

  get failure(): StorageError | undefined {
    return this.#failure
  }

  /**
   * Updates run in order; resolves when both copies are durable. A failure to write is final; a state that
   * does not fit rejects with LIMIT and changes nothing.
   */
  update(change: Partial<SuperblockState>): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const state = { ...this.#state, ...change }
    let slot: Buffer
    try {
      slot = encodeSlot(state, this.#sequence + 1)
    } catch (error) {
      return Promise.reject(error)
    }
    this.#state = state
    this.#sequence++
    const done = this.#tail.then(() => this.#write(slot))
    this.#tail = done.catch(() => {})
    return done
  }

  async close(): Promise<void> {
    await this.#tail
    this.#failure ??= new StorageError('CLOSED', 'the superblock is closed')
    await this.#file.close()
  }

  async #write(slot: Buffer): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    try {
      await this.#file.write(slot, 0)
      await this.#file.write(slot, slotSize)
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      this.#failure = new StorageError('LOG_FAILED', `the superblock cannot be written: ${text}`, {
        cause: error,
      })
      throw this.#failure
    }
  }
}

export interface SuperblockFound {
  readonly state: SuperblockState
  readonly sequence: number
  /** A copy that is damaged or older; the next update mends it. */
  readonly problems: readonly { offset: number; text: string }[]
}

/** Reads the newest good copy; `undefined` when there is no superblock. Refuses when both copies are bad. */
export async function readSuperblock(disk: Disk, directory: string): Promise<SuperblockFound | undefined> {
  const file = `${directory}/${superblockName}`
  let bytes: Buffer
  try {
    bytes = await disk.read(file)
  } catch (error) {
    if (errorCode(error) === 'NOT_FOUND') return undefined
    throw error
  }
  const problems: { offset: number; text: string }[] = []
  let best: { state: SuperblockState; sequence: number } | undefined
  for (const offset of [0, slotSize]) {
    const slot = decodeSlot(bytes.subarray(offset, offset + slotSize))
    if (typeof slot === 'string') {
      problems.push({ offset, text: slot })
      continue
    }
    if ('version' in slot) {
      throw new StorageRefusal('UNKNOWN_VERSION', `the directory is of format ${slot.version}`, {
        file,
        offset,
      })
    }
    if (best === undefined || slot.sequence > best.sequence) best = slot
    else if (slot.sequence < best.sequence) problems.push({ offset, text: 'older than the other copy' })
  }
  if (best === undefined) {
    throw new StorageRefusal(
      'SUPERBLOCK_DAMAGED',
      `both copies are bad: ${problems[0]!.text}; ${problems[1]!.text}`,
      {
        file,
        offset: 0,
      },
    )
  }
  return { ...best, problems }
}

function encodeSlot(state: SuperblockState, sequence: number): Buffer {
  const body = packer.pack(state)
  if (headerSize + body.length > slotSize) {
    throw new StorageError(
      'LIMIT',
      `the superblock needs ${body.length} bytes, more than ${slotSize - headerSize}`,
    )
  }
  const slot = Buffer.alloc(slotSize)
  slot.writeUInt32BE(magic, 0)
  slot.writeUInt32BE(superblockVersion, 8)
  slot.writeUIntBE(sequence, 12, 6)
  slot.writeUInt32BE(body.length, 18)
  body.copy(slot, headerSize)
  slot.writeUInt32BE(crc32(slot.subarray(8, headerSize + body.length)), 4)
  return slot
}

function decodeSlot(
  slot: Buffer,
): { state: SuperblockState; sequence: number } | { version: number } | string {
  if (slot.length < headerSize) return `the copy is cut off after ${slot.length} bytes`
  const length = slot.readUInt32BE(18)
  if (slot.readUInt32BE(0) !== magic || length > slotSize - headerSize || headerSize + length > slot.length) {
    return 'the copy has no valid header'
  }
  if (slot.readUInt32BE(4) !== crc32(slot.subarray(8, headerSize + length))) {
    return 'the copy does not match its checksum'
  }
  const version = slot.readUInt32BE(8)
  if (version !== superblockVersion) return { version }
  const state = packer.unpack(slot.subarray(headerSize, headerSize + length)) as SuperblockState
  return { state, sequence: slot.readUIntBE(12, 6) }
}
