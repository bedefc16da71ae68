import { isUtf8 } from 'node:buffer'
import { limits } from '../limits.ts'
import { Malformed, quote } from './malformed.ts'

const two32 = 4_294_967_296
const cacheSlots = 4_096
const cacheTextMax = 40

/**
 * Short texts met lately, by a hash of their bytes. Owners and names come again and again: a hit costs no
 * allocation, and all that hold the same name share one string. Slots are fixed, so it cannot grow.
 */
const textCache: (string | undefined)[] = new Array(cacheSlots).fill(undefined)

/**
 * Reads MessagePack from one frame. It trusts no length: each is compared with the bytes that are there
 * before anything is allocated, and nothing recurses as deep as the bytes say.
 *
 * All methods throw {@link Malformed}.
 */
export class Reader {
  buffer: Buffer
  pos = 0
  end = 0
  /** Fields not yet read of the array whose fields are being read. */
  left = 0
  /** How many fields of it were asked for: names the field in a refusal. */
  asked = 0
  /** Smallest byte of the text read last: below 0x20 it has control characters. */
  lowest = 0xff
  /** Its bytes. */
  textSize = 0

  constructor(view: Uint8Array) {
    this.buffer = asBuffer(view)
    this.end = view.length
  }

  reset(view: Uint8Array): void {
    this.buffer = asBuffer(view)
    this.pos = 0
    this.end = view.length
    this.left = 0
    this.asked = 0
  }

  #need(count: number): number {
    const at = this.pos
    if (count > this.end - at) throw truncated(this.end)
    this.pos = at + count
    return at
  }

  #head(): number {
    if (this.pos >= this.end) throw truncated(this.end)
    return this.buffer[this.pos++]!
  }

  /** True, and the nil is consumed, if a nil comes next. */
  maybeNil(): boolean {
    if (this.pos < this.end && this.buffer[this.pos] === 0xc0) {
      this.pos++
      return true
    }
    return false
  }

  boolean(): boolean {
    const at = this.pos
    const head = this.#head()
    if (head === 0xc3) return true
    if (head === 0xc2) return false
    throw this.unexpected(at, 'true or false')
  }

  /** Any form that holds a whole number: also a float64 without a fraction, as some packers write it. */
  integer(expected = 'an integer'): number {
    const at = this.pos
    const head = this.#head()
    if (head < 0x80) return head
    const value = this.#number(head)
    if (value === undefined || !Number.isSafeInteger(value)) throw this.unexpected(at, expected)
    return value === 0 ? 0 : value
  }

  float(expected = 'a number'): number {
    const at = this.pos
    const value = this.#number(this.#head())
    if (value === undefined || !Number.isFinite(value)) throw this.unexpected(at, expected)
    return value
  }

  /** Integers beyond 2^53 come out rounded: callers check. `undefined` = not a number. */
  #number(head: number): number | undefined {
    const buffer = this.buffer
    if (head < 0x80) return head
    if (head >= 0xe0) return head - 256
    switch (head) {
      case 0xcc:
        return buffer[this.#need(1)]!
      case 0xcd:
        return buffer.readUInt16BE(this.#need(2))
      case 0xce:
        return buffer.readUInt32BE(this.#need(4))
      case 0xcf: {
        const at = this.#need(8)
        return buffer.readUInt32BE(at) * two32 + buffer.readUInt32BE(at + 4)
      }
      case 0xd0:
        return buffer.readInt8(this.#need(1))
      case 0xd1:
        return buffer.readInt16BE(this.#need(2))
      case 0xd2:
        return buffer.readInt32BE(this.#need(4))
      case 0xd3: {
        const at = this.#need(8)
        return buffer.readInt32BE(at) * two32 + buffer.readUInt32BE(at + 4)
      }
      case 0xca:
        return buffer.readFloatBE(this.#need(4))
      case 0xcb:
        return buffer.readDoubleBE(this.#need(8))
      default:
        return undefined
    }
  }

  text(expected = 'text'): string {
    const at = this.pos
    const head = this.#head()
    let size: number
    if (head >= 0xa0 && head < 0xc0) size = head & 0x1f
    else if (head === 0xd9) size = this.buffer[this.#need(1)]!
    else if (head === 0xda) size = this.buffer.readUInt16BE(this.#need(2))
    else if (head === 0xdb) size = this.buffer.readUInt32BE(this.#need(4))
    else throw this.unexpected(at, expected)
    const from = this.#need(size)
    this.textSize = size
    if (size <= cacheTextMax) {
      const buffer = this.buffer
      let all = 0
      let lowest = 0xff
      let hash = size
      for (let i = from; i < this.pos; i++) {
        const byte = buffer[i]!
        all |= byte
        if (byte < lowest) lowest = byte
        hash = (Math.imul(hash, 31) + byte) | 0
      }
      this.lowest = lowest
      if (all < 0x80) return this.#cached(from, size, hash)
    }
    return this.#longText(at, from)
  }

  #cached(from: number, size: number, hash: number): string {
    const slot = (hash ^ (hash >>> 15)) & (cacheSlots - 1)
    const known = textCache[slot]
    if (known !== undefined && known.length === size) {
      let i = 0
      while (i < size && known.charCodeAt(i) === this.buffer[from + i]) i++
      if (i === size) return known
    }
    const text = this.buffer.toString('latin1', from, from + size)
    textCache[slot] = text
    return text
  }

  #longText(at: number, from: number): string {
    const bytes = this.buffer.subarray(from, this.pos)
    if (!isUtf8(bytes)) {
      this.pos = at
      throw new Malformed('', `${bytes.length} bytes`, 'text in valid UTF-8')
    }
    let lowest = 0xff
    for (let i = 0; i < bytes.length; i++) if (bytes[i]! < lowest) lowest = bytes[i]!
    this.lowest = lowest
    return bytes.toString('utf8')
  }

  /** A copy: the frame it came from may go. */
  bytes(expected = 'bytes'): Uint8Array {
    const at = this.pos
    const head = this.#head()
    let size: number
    if (head === 0xc4) size = this.buffer[this.#need(1)]!
    else if (head === 0xc5) size = this.buffer.readUInt16BE(this.#need(2))
    else if (head === 0xc6) size = this.buffer.readUInt32BE(this.#need(4))
    else throw this.unexpected(at, expected)
    const from = this.#need(size)
    return new Uint8Array(this.buffer.subarray(from, this.pos))
  }

  arrayHeader(expected = 'an array'): number {
    const at = this.pos
    const head = this.#head()
    if (head >= 0x90 && head < 0xa0) return this.#count(head & 0x0f, 1)
    if (head === 0xdc) return this.#count(this.buffer.readUInt16BE(this.#need(2)), 1)
    if (head === 0xdd) return this.#count(this.buffer.readUInt32BE(this.#need(4)), 1)
    throw this.unexpected(at, expected)
  }

  mapHeader(expected = 'a map'): number {
    const at = this.pos
    const head = this.#head()
    if (head >= 0x80 && head < 0x90) return this.#count(head & 0x0f, 2)
    if (head === 0xde) return this.#count(this.buffer.readUInt16BE(this.#need(2)), 2)
    if (head === 0xdf) return this.#count(this.buffer.readUInt32BE(this.#need(4)), 2)
    throw this.unexpected(at, expected)
  }

  /** Each item takes a byte at least: a count that cannot be true is refused before anything is made for it. */
  #count(count: number, bytesEach: number): number {
    if (count * bytesEach > this.end - this.pos) throw truncated(this.end)
    return count
  }

  /**
   * Passes over one value of any type except extensions, in a loop: nesting costs no stack. Unknown fields of
   * newer clients go this way.
   */
  skip(): void {
    let left = 1
    while (left > 0) {
      left--
      const at = this.pos
      const head = this.#head()
      if (head < 0x80 || head >= 0xe0) continue
      if (head < 0x90) left += this.#count(head & 0x0f, 2) * 2
      else if (head < 0xa0) left += this.#count(head & 0x0f, 1)
      else if (head < 0xc0) this.#need(head & 0x1f)
      else {
        this.pos = at
        left += this.#skipLong(at, head)
      }
      if (left > this.end - this.pos) throw truncated(this.end)
    }
  }

  #skipLong(at: number, head: number): number {
    this.pos = at + 1
    switch (head) {
      case 0xc0:
      case 0xc2:
      case 0xc3:
        return 0
      case 0xc4:
      case 0xd9:
        this.#need(this.buffer[this.#need(1)]!)
        return 0
      case 0xc5:
      case 0xda:
        this.#need(this.buffer.readUInt16BE(this.#need(2)))
        return 0
      case 0xc6:
      case 0xdb:
        this.#need(this.buffer.readUInt32BE(this.#need(4)))
        return 0
      case 0xdc:
      case 0xdd:
        this.pos = at
        return this.arrayHeader()
      case 0xde:
      case 0xdf:
        this.pos = at
        return this.mapHeader() * 2
      default: {
        this.pos = at
        const value = this.#number(this.#head())
        if (value === undefined) throw this.unexpected(at, 'a value without extension types')
        return 0
      }
    }
  }

  /** The refusal for the value that stands at a place, quoted as far as it can be read. */
  unexpected(at: number, expected: string): Malformed {
    this.pos = at
    return new Malformed('', this.#describe(at), expected)
  }

  #describe(at: number): string {
    if (at >= this.end) return 'nothing'
    const head = this.buffer[at]!
    try {
      if (head === 0xc0) return 'nil'
      if (head === 0xc1) return 'a byte 0xc1'
      if (head === 0xc2 || head === 0xc3) return String(head === 0xc3)
      if ((head >= 0xa0 && head < 0xc0) || (head >= 0xd9 && head <= 0xdb)) return quote(this.text())
      if ((head >= 0x90 && head < 0xa0) || head === 0xdc || head === 0xdd)
        return `an array of ${this.arrayHeader()}`
      if ((head >= 0x80 && head < 0x90) || head === 0xde || head === 0xdf)
        return `a map of ${this.mapHeader()}`
      if (head >= 0xc4 && head <= 0xc6) return quote(this.bytes())
      const value = this.#number(this.#head())
      return value === undefined ? 'an extension type' : quote(value)
    } catch (error) {
      if (error instanceof Malformed) return 'a value that is cut off'
      throw error
    } finally {
      this.pos = at
    }
  }

  /** Nothing may follow. */
  finish(): void {
    if (this.pos !== this.end) {
      throw new Malformed('frame', `${this.end - this.pos} bytes more`, 'one MessagePack value')
    }
  }
}

function truncated(size: number): Malformed {
  return new Malformed('', `the end of ${quoteSize(size)}`, 'a complete value')
}

function quoteSize(size: number): string {
  return size > limits.frameSizeMax ? 'an oversize frame' : `${size} bytes`
}

function asBuffer(view: Uint8Array): Buffer {
  return Buffer.isBuffer(view) ? view : Buffer.from(view.buffer, view.byteOffset, view.byteLength)
}
