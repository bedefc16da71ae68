import { Buffer } from 'node:buffer'
import { crc32 } from 'node:zlib'
import { StorageError } from '../errors.ts'

/*
 *   chunk   := crc u32 (of all that follows), number u32 (from 0), bytes of the stream
 *   stream  := row*
 *   row     := key length u32, value length u32, key (UTF-8), value as it lies in the store
 */
const chunkHeaderSize = 8
const rowHeaderSize = 8

/** Cuts rows into chunks. A row may be longer than a chunk. */
export class ChunkWriter {
  readonly #size: number
  #chunk: Buffer
  #filled = chunkHeaderSize
  #number = 0

  constructor(chunkSize: number) {
    this.#size = chunkSize
    this.#chunk = Buffer.allocUnsafe(chunkSize)
  }

  *row(key: string, value: Buffer): Generator<Buffer> {
    const keyBytes = Buffer.from(key)
    const header = Buffer.allocUnsafe(rowHeaderSize)
    header.writeUInt32BE(keyBytes.length, 0)
    header.writeUInt32BE(value.length, 4)
    for (const part of [header, keyBytes, value]) {
      for (let from = 0; from < part.length; ) {
        const count = Math.min(part.length - from, this.#size - this.#filled)
        part.copy(this.#chunk, this.#filled, from, from + count)
        this.#filled += count
        from += count
        if (this.#filled === this.#size) yield this.#take()
      }
    }
  }

  *end(): Generator<Buffer> {
    if (this.#filled > chunkHeaderSize) yield this.#take()
  }

  #take(): Buffer {
    const chunk = this.#chunk.subarray(0, this.#filled)
    chunk.writeUInt32BE(this.#number++, 4)
    chunk.writeUInt32BE(crc32(chunk.subarray(4)), 0)
    this.#chunk = Buffer.allocUnsafe(this.#size)
    this.#filled = chunkHeaderSize
    return chunk
  }
}

/** Puts rows together again. Throws SNAPSHOT_DAMAGED on a chunk that is damaged, missing or out of order. */
export class ChunkReader {
  readonly #rowSizeMax: number
  #number = 0
  #parts: Buffer[] = []
  #length = 0

  constructor(rowSizeMax: number) {
    this.#rowSizeMax = rowSizeMax
  }

  /** Bytes of a row whose end has not come yet. */
  get unfinished(): number {
    return this.#length
  }

  rows(chunk: Buffer): [string, Buffer][] {
    if (chunk.length < chunkHeaderSize || chunk.readUInt32BE(0) !== crc32(chunk.subarray(4))) {
      throw damaged(`chunk ${this.#number} does not match its checksum`)
    }
    if (chunk.readUInt32BE(4) !== this.#number) {
      throw damaged(`chunk ${chunk.readUInt32BE(4)} came where ${this.#number} was expected`)
    }
    this.#number++
    this.#parts.push(chunk.subarray(chunkHeaderSize))
    this.#length += chunk.length - chunkHeaderSize
    if (this.#length < this.#wanted()) return []
    const bytes = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts)
    const rows: [string, Buffer][] = []
    let at = 0
    while (at + rowHeaderSize <= bytes.length) {
      const end = at + this.#rowSize(bytes, at)
      if (end > bytes.length) break
      const valueAt = at + rowHeaderSize + bytes.readUInt32BE(at)
      rows.push([
        bytes.toString('utf8', at + rowHeaderSize, valueAt),
        Buffer.from(bytes.subarray(valueAt, end)),
      ])
      at = end
    }
    this.#parts = at === bytes.length ? [] : [bytes.subarray(at)]
    this.#length = bytes.length - at
    return rows
  }

  // Chunks of a long row are joined once, when its end has come.
  #wanted(): number {
    const first = this.#parts[0]!
    return first.length < rowHeaderSize ? 0 : this.#rowSize(first, 0)
  }

  /** Refuses a row that is too long as soon as its length is known: nothing is gathered for it. */
  #rowSize(bytes: Buffer, at: number): number {
    const size = rowHeaderSize + bytes.readUInt32BE(at) + bytes.readUInt32BE(at + 4)
    if (size > this.#rowSizeMax + rowHeaderSize) throw damaged(`a row of ${size} bytes`)
    return size
  }
}

function damaged(text: string): StorageError {
  return new StorageError('SNAPSHOT_DAMAGED', `the snapshot is damaged on its way: ${text}`)
}
