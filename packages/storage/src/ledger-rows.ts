import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { packer } from './packer.ts'

/*
 * In the store:  'm'         -> the checkpoint's meta
 *                'r' + key   -> a row
 *   value := version u8, crc u32 (of key bytes, then value bytes), value (msgpack)
 */
export const metaKey = 'm'
export const rowPrefix = 'r'
/** First key behind all rows. */
export const rowsEnd = 's'
const rowVersion = 1
const headerSize = 5

/** Version and checksum around a value; throws nothing, for values that were checked when they were made. */
export function encodeRow(storeKey: string, value: unknown): Buffer {
  const body = packer.pack(value)
  const bytes = Buffer.allocUnsafe(headerSize + body.length)
  bytes[0] = rowVersion
  body.copy(bytes, headerSize)
  bytes.writeUInt32BE(crc32(bytes.subarray(headerSize), crc32(storeKey)), 1)
  return bytes
}

/** The value, or a sentence about what is wrong with it. */
export function decodeRow(storeKey: string, bytes: Buffer): { value: unknown } | string {
  if (bytes.length < headerSize) return `only ${bytes.length} bytes`
  if (bytes[0] !== rowVersion) return `of version ${bytes[0]}, which is not known here`
  if (bytes.readUInt32BE(1) !== crc32(bytes.subarray(headerSize), crc32(storeKey)))
    return 'does not match its checksum'
  try {
    return { value: packer.unpack(bytes.subarray(headerSize)) }
  } catch (error) {
    return `cannot be decoded: ${error instanceof Error ? error.message : String(error)}`
  }
}

const lanes = 4

/**
 * An order-free hash over all rows: the sum of each row's hash (SHA-256 cut to 128 bits, added in four
 * lanes), so that changing one row costs that row only. Remembers 16 bytes a row to take it out again.
 */
export class RowHashes {
  #slots = new Map<string, number>()
  #values = new Uint32Array(lanes * 1024)
  #free: number[] = []
  #used = 0
  readonly #sum = new Uint32Array(lanes)

  get rows(): number {
    return this.#slots.size
  }

  /** 32 hexadecimal digits. */
  get digest(): string {
    return [...this.#sum].map((lane) => lane.toString(16).padStart(8, '0')).join('')
  }

  set(storeKey: string, bytes: Buffer): void {
    let slot = this.#slots.get(storeKey)
    if (slot === undefined) {
      slot = this.#free.pop() ?? this.#used++
      this.#slots.set(storeKey, slot)
      if ((slot + 1) * lanes > this.#values.length) this.#grow()
    } else {
      this.#subtract(slot)
    }
    const digest = hashOf(storeKey, bytes)
    for (let lane = 0; lane < lanes; lane++) {
      const value = laneOf(digest, lane * 4)
      this.#values[slot * lanes + lane] = value
      this.#sum[lane] = this.#sum[lane]! + value
    }
  }

  delete(storeKey: string): void {
    const slot = this.#slots.get(storeKey)
    if (slot === undefined) return
    this.#subtract(slot)
    this.#slots.delete(storeKey)
    this.#free.push(slot)
  }

  #subtract(slot: number): void {
    for (let lane = 0; lane < lanes; lane++) {
      this.#sum[lane] = this.#sum[lane]! - this.#values[slot * lanes + lane]!
    }
  }

  #grow(): void {
    const larger = new Uint32Array(this.#values.length * 2)
    larger.set(this.#values)
    this.#values = larger
  }
}

let scratch = Buffer.allocUnsafe(64 * 1024)

/** SHA-256 over the key's length, key and value; one character a byte, which is twice as fast as a buffer. */
function hashOf(storeKey: string, bytes: Buffer): string {
  const most = 4 + storeKey.length * 3 + bytes.length
  if (most > scratch.length) scratch = Buffer.allocUnsafe(most * 2)
  const keySize = scratch.write(storeKey, 4)
  scratch.writeUInt32BE(keySize, 0)
  scratch.set(bytes, 4 + keySize)
  return hash('sha256', scratch.subarray(0, 4 + keySize + bytes.length), 'binary')
}

function laneOf(digest: string, at: number): number {
  const high = (digest.charCodeAt(at) << 8) | digest.charCodeAt(at + 1)
  return high * 0x10000 + ((digest.charCodeAt(at + 2) << 8) | digest.charCodeAt(at + 3))
}
