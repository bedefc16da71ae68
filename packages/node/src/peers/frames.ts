import { limits } from '../limits.ts'

/** Kinds of frames between members. */
export const FrameKind = {
  hello: 1,
  welcome: 2,
  raft: 3,
  digest: 4,
  snapshotHello: 5,
  snapshotBegin: 6,
  snapshotChunk: 7,
  snapshotEnd: 8,
  snapshotResult: 9,
} as const

export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind]

const HEAD_SIZE = 5

/**
 * Frames of one kind, in one buffer so that they leave in one write. A body is given in parts.
 *
 *     frame = length(4, of what follows) kind(1) body
 */
export function peerFrames(kind: FrameKind, bodies: readonly (readonly Uint8Array[])[]): Buffer {
  const sizes = bodies.map((parts) => parts.reduce((sum, part) => sum + part.length, 0))
  const out = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + HEAD_SIZE + size, 0))
  let offset = 0
  for (let at = 0; at < bodies.length; at++) {
    out.writeUInt32BE(1 + sizes[at]!, offset)
    out[offset + 4] = kind
    offset += HEAD_SIZE
    for (const part of bodies[at]!) {
      out.set(part, offset)
      offset += part.length
    }
  }
  return out
}

export function peerFrame(kind: FrameKind, body: Uint8Array): Buffer {
  return peerFrames(kind, [[body]])
}

/** Cuts a stream of chunks into frames. A body is a view of the chunk where it came in one piece. */
export class PeerFrameReader {
  /** What has come of a frame that is not complete yet. */
  #held: Buffer[] = []
  #heldSize = 0
  /** Bytes needed before the next frame can be cut. */
  #wanted = HEAD_SIZE
  /** Longer frames are refused as soon as their length has come. */
  sizeMax: number

  constructor(sizeMax: number = limits.peerFrameSizeMax) {
    this.sizeMax = sizeMax
  }

  /** @throws RangeError if a frame claims to be longer than the limit */
  read(chunk: Buffer, onFrame: (kind: FrameKind, body: Buffer) => void): void {
    if (this.#heldSize > 0 && this.#heldSize + chunk.length < this.#wanted) {
      this.#held.push(chunk)
      this.#heldSize += chunk.length
      return
    }
    let view = chunk
    if (this.#heldSize > 0) {
      this.#held.push(chunk)
      view = Buffer.concat(this.#held, this.#heldSize + chunk.length)
      this.#held = []
      this.#heldSize = 0
    }
    this.#wanted = HEAD_SIZE
    let offset = 0
    while (view.length - offset >= HEAD_SIZE) {
      const length = view.readUInt32BE(offset)
      if (length < 1 || length > this.sizeMax) {
        throw new RangeError(`frame of ${length} bytes, expected 1 to ${this.sizeMax}`)
      }
      const end = offset + 4 + length
      if (end > view.length) {
        this.#wanted = 4 + length
        break
      }
      const kind = view[offset + 4] as FrameKind
      const body = view.subarray(offset + HEAD_SIZE, end)
      offset = end
      onFrame(kind, body)
    }
    if (offset < view.length) {
      const rest = view.subarray(offset)
      this.#held.push(rest)
      this.#heldSize = rest.length
    }
  }
}
