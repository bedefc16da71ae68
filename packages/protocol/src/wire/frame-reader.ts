import { ProtocolError } from '../errors.ts'
import { limits } from '../limits.ts'

/**
 * Cuts a stream of chunks into frames. A frame that lies within one chunk is a view of it, not a copy; one that
 * does not is collected in a buffer that grows with the bytes that came, not with the length that was claimed.
 *
 * ```ts
 * frames.feed(chunk)
 * for (let body = frames.next(); body !== undefined; body = frames.next()) handle(body)
 * ```
 */
export class FrameReader {
  readonly #sizeMax: number
  #chunk: Buffer = empty
  #pos = 0
  /** A frame that began in an earlier chunk, header included. */
  #partial: Buffer = empty
  #partialSize = 0
  #dead = false

  constructor(options: { readonly frameSizeMax?: number } = {}) {
    this.#sizeMax = options.frameSizeMax ?? limits.frameSizeMax
  }

  /** Bytes held for a frame that is not complete. */
  get pendingSize(): number {
    return this.#partialSize + (this.#chunk.length - this.#pos)
  }

  /** The chunk must not be written again while its frames are in use. Call next() until it has no more before feeding on. */
  feed(chunk: Buffer): void {
    const unread = this.#chunk.subarray(this.#pos)
    this.#chunk = unread.length === 0 ? chunk : Buffer.concat([unread, chunk])
    this.#pos = 0
  }

  /**
   * The body of the next complete frame, if there is one.
   *
   * @throws ProtocolError `FRAME_TOO_LARGE` as soon as the length has come; then the stream cannot be read on.
   */
  next(): Buffer | undefined {
    if (this.#dead) throw new ProtocolError('FRAME_READER_DEAD', 'the stream had an oversize frame before')
    if (this.#partialSize > 0) return this.#finishPartial()
    const rest = this.#chunk.length - this.#pos
    if (rest < limits.frameHeaderSize) return this.#park(rest)
    const size = this.#checked(this.#chunk.readUInt32BE(this.#pos))
    if (rest - limits.frameHeaderSize < size) return this.#park(rest)
    const from = this.#pos + limits.frameHeaderSize
    this.#pos = from + size
    return this.#chunk.subarray(from, this.#pos)
  }

  #finishPartial(): Buffer | undefined {
    const header = limits.frameHeaderSize
    if (this.#partialSize < header) {
      this.#keep(Math.min(header - this.#partialSize, this.#chunk.length - this.#pos))
      if (this.#partialSize < header) return undefined
    }
    const size = this.#checked(this.#partial.readUInt32BE(0))
    const missing = header + size - this.#partialSize
    this.#keep(Math.min(missing, this.#chunk.length - this.#pos))
    if (this.#partialSize < header + size) return undefined
    const body = this.#partial.subarray(header, header + size)
    this.#partial = empty
    this.#partialSize = 0
    return body
  }

  #park(rest: number): undefined {
    if (rest > 0) this.#keep(rest)
    this.#chunk = empty
    this.#pos = 0
    return undefined
  }

  #keep(count: number): void {
    const size = this.#partialSize + count
    if (size > this.#partial.length) {
      const grown = Buffer.allocUnsafe(
        Math.min(Math.max(size, this.#partialSize * 2, 64), Math.max(size, this.#sizeMax + 4)),
      )
      this.#partial.copy(grown, 0, 0, this.#partialSize)
      this.#partial = grown
    }
    this.#chunk.copy(this.#partial, this.#partialSize, this.#pos, this.#pos + count)
    this.#partialSize = size
    this.#pos += count
  }

  #checked(size: number): number {
    if (size <= this.#sizeMax) return size
    this.#dead = true
    this.#chunk = empty
    this.#pos = 0
    this.#partial = empty
    this.#partialSize = 0
    throw new ProtocolError(
      'FRAME_TOO_LARGE',
      `a frame of ${size} bytes was announced, larger than the limit of ${this.#sizeMax}`,
      { field: 'frame', value: `${size} bytes`, expected: `at most ${this.#sizeMax} bytes` },
    )
  }
}

const empty = Buffer.alloc(0)
