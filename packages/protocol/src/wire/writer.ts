import { ProtocolError } from '../errors.ts'
import { limits } from '../limits.ts'
import { Malformed, quote } from './malformed.ts'

const chunkSizeMin = 512
const chunkSizeMax = 65_536
const shortTextMax = 64
const two32 = 4_294_967_296

/**
 * Appends frames to a buffer that grows, so that all frames of one turn of the event loop leave in one write.
 *
 * Bytes that {@link take} handed out are never written again: a socket may keep them for as long as it likes.
 * Memory that is not yet used up is kept for the next frames; the first byte allocates, not the constructor.
 */
export class Writer {
  buffer: Buffer = emptyBuffer
  pos = 0
  #start = 0
  #frame = -1
  #chunkSize = chunkSizeMin

  /** Bytes that wait for {@link take}. */
  get size(): number {
    return this.pos - this.#start
  }

  /** The frames written since the last take, as one buffer. */
  take(): Buffer {
    const bytes = this.buffer.subarray(this.#start, this.pos)
    this.#start = this.pos
    const wanted = bytes.length * 2
    if (wanted > this.#chunkSize) this.#chunkSize = Math.min(chunkSizeMax, this.#chunkSize * 2)
    else if (bytes.length * 16 < this.#chunkSize && this.#chunkSize > chunkSizeMin) this.#chunkSize /= 2
    return bytes
  }

  /** Forgets what was written since the last take. */
  clear(): void {
    this.pos = this.#start
    this.#frame = -1
  }

  beginFrame(): void {
    this.ensure(limits.frameHeaderSize)
    this.#frame = this.pos
    this.pos += limits.frameHeaderSize
  }

  /**
   * Closes the frame that was begun last.
   *
   * @throws ProtocolError `FRAME_TOO_LARGE`; the frame is taken back, those before it stay.
   */
  endFrame(): void {
    const size = this.pos - this.#frame - limits.frameHeaderSize
    if (size > limits.frameSizeMax) {
      this.abortFrame()
      throw new ProtocolError(
        'FRAME_TOO_LARGE',
        `a frame of ${size} bytes is larger than the limit of ${limits.frameSizeMax}`,
        { field: 'frame', value: `${size} bytes`, expected: `at most ${limits.frameSizeMax} bytes` },
      )
    }
    const at = this.#frame
    this.buffer[at] = size >>> 24
    this.buffer[at + 1] = size >>> 16
    this.buffer[at + 2] = size >>> 8
    this.buffer[at + 3] = size
    this.#frame = -1
  }

  /** Takes back the frame that was begun last, after an error in the middle of it. */
  abortFrame(): void {
    if (this.#frame >= 0) this.pos = this.#frame
    this.#frame = -1
  }

  ensure(count: number): void {
    if (this.pos + count > this.buffer.length) this.#grow(count)
  }

  #grow(count: number): void {
    const pending = this.pos - this.#start
    const needed = pending + count
    const size = needed > this.#chunkSize ? Math.max(needed, pending * 2) : this.#chunkSize
    const next = Buffer.allocUnsafe(size)
    this.buffer.copy(next, 0, this.#start, this.pos)
    if (this.#frame >= 0) this.#frame -= this.#start
    this.buffer = next
    this.pos = pending
    this.#start = 0
  }

  nil(): void {
    this.ensure(1)
    this.buffer[this.pos++] = 0xc0
  }

  boolean(value: boolean): void {
    this.ensure(1)
    this.buffer[this.pos++] = value ? 0xc3 : 0xc2
  }

  /** An integer in its shortest form; beyond 32 bits as uint64 or int64. */
  integer(value: number): void {
    this.ensure(9)
    if ((value & 127) === value) {
      this.buffer[this.pos++] = value
      return
    }
    this.#longInteger(value)
  }

  #longInteger(value: number): void {
    if (!Number.isSafeInteger(value)) throw new Malformed('', quote(value), 'an integer below 2^53')
    const buffer = this.buffer
    let pos = this.pos
    if (value < 0) {
      if (value >= -32) buffer[pos++] = value + 256
      else if (value >= -128) {
        buffer[pos++] = 0xd0
        buffer[pos++] = value + 256
      } else if (value >= -32_768) {
        buffer[pos++] = 0xd1
        pos = buffer.writeInt16BE(value, pos)
      } else if (value >= -2_147_483_648) {
        buffer[pos++] = 0xd2
        pos = buffer.writeInt32BE(value, pos)
      } else {
        buffer[pos++] = 0xd3
        pos = buffer.writeInt32BE(Math.floor(value / two32), pos)
        pos = buffer.writeUInt32BE(value >>> 0, pos)
      }
    } else if (value < 256) {
      buffer[pos++] = 0xcc
      buffer[pos++] = value
    } else if (value < 65_536) {
      buffer[pos++] = 0xcd
      buffer[pos++] = value >>> 8
      buffer[pos++] = value
    } else {
      if (value < two32) buffer[pos++] = 0xce
      else {
        buffer[pos++] = 0xcf
        pos = buffer.writeUInt32BE(Math.floor(value / two32), pos)
      }
      buffer[pos++] = value >>> 24
      buffer[pos++] = value >>> 16
      buffer[pos++] = value >>> 8
      buffer[pos++] = value
    }
    this.pos = pos
  }

  /** A number that need not be whole: float64. */
  float(value: number): void {
    this.ensure(9)
    this.buffer[this.pos++] = 0xcb
    this.pos = this.buffer.writeDoubleBE(value, this.pos)
  }

  text(value: string): void {
    const length = value.length
    if (length > shortTextMax) {
      this.#longText(value)
      return
    }
    this.ensure(length + 2)
    const buffer = this.buffer
    const before = this.pos
    let pos = before
    if (length < 32) buffer[pos++] = 0xa0 | length
    else {
      buffer[pos++] = 0xd9
      buffer[pos++] = length
    }
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i)
      if (code > 0x7f) {
        this.#longText(value)
        return
      }
      buffer[pos++] = code
    }
    this.pos = pos
  }

  #longText(value: string): void {
    const size = utf8Size(value)
    if (size < 0) throw new Malformed('', quote(value), 'text without lone surrogates')
    this.ensure(size + 5)
    const buffer = this.buffer
    if (size < 32) buffer[this.pos++] = 0xa0 | size
    else if (size < 256) {
      buffer[this.pos++] = 0xd9
      buffer[this.pos++] = size
    } else if (size < 65_536) {
      buffer[this.pos++] = 0xda
      this.pos = buffer.writeUInt16BE(size, this.pos)
    } else {
      buffer[this.pos++] = 0xdb
      this.pos = buffer.writeUInt32BE(size, this.pos)
    }
    this.pos += buffer.write(value, this.pos, size, 'utf8')
  }

  bytes(value: Uint8Array): void {
    const size = value.length
    this.ensure(size + 5)
    const buffer = this.buffer
    if (size < 256) {
      buffer[this.pos++] = 0xc4
      buffer[this.pos++] = size
    } else if (size < 65_536) {
      buffer[this.pos++] = 0xc5
      this.pos = buffer.writeUInt16BE(size, this.pos)
    } else {
      buffer[this.pos++] = 0xc6
      this.pos = buffer.writeUInt32BE(size, this.pos)
    }
    buffer.set(value, this.pos)
    this.pos += size
  }

  arrayHeader(count: number): void {
    this.#containerHeader(count, 0x90, 0xdc)
  }

  mapHeader(count: number): void {
    this.#containerHeader(count, 0x80, 0xde)
  }

  #containerHeader(count: number, short: number, long: number): void {
    this.ensure(5)
    const buffer = this.buffer
    if (count < 16) buffer[this.pos++] = short | count
    else if (count < 65_536) {
      buffer[this.pos++] = long
      this.pos = buffer.writeUInt16BE(count, this.pos)
    } else {
      buffer[this.pos++] = long + 1
      this.pos = buffer.writeUInt32BE(count, this.pos)
    }
  }

  /** Bytes that are MessagePack already, as they are. */
  raw(value: Uint8Array): void {
    this.ensure(value.length)
    this.buffer.set(value, this.pos)
    this.pos += value.length
  }
}

const emptyBuffer = Buffer.alloc(0)

/** Bytes of UTF-8 that a text needs, or -1 if it has a lone surrogate: that has no UTF-8. */
function utf8Size(value: string): number {
  let size = value.length
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code < 0x80) continue
    if (code < 0x800) size += 1
    else if (code < 0xd800 || code > 0xdfff) size += 2
    else {
      const low = value.charCodeAt(++i)
      if (code > 0xdbff || !(low >= 0xdc00 && low <= 0xdfff)) return -1
      size += 2
    }
  }
  return size
}
