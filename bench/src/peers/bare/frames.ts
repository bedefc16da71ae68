/** Bytes of a request and of its answer: about those of Tranca's smallest. */
export const REQUEST_SIZE = 48
export const ANSWER_SIZE = 24

const HEAD_SIZE = 4

/** What goes to followers and logs: the length of the rest, 4 bytes big-endian, and the requests. */
export function frameOf(requests: readonly Uint8Array[]): Buffer {
  let size = 0
  for (const request of requests) size += request.length
  const frame = Buffer.allocUnsafe(HEAD_SIZE + size)
  let at = frame.writeUInt32BE(size, 0)
  for (const request of requests) {
    frame.set(request, at)
    at += request.length
  }
  return frame
}

/** Cuts a stream into frames: whole ones are handed on, what is left is kept. */
export class Frames {
  #rest: Buffer = Buffer.alloc(0)

  take(data: Buffer): Buffer[] {
    const frames: Buffer[] = []
    let rest = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data])
    while (rest.length >= HEAD_SIZE) {
      const size = HEAD_SIZE + rest.readUInt32BE(0)
      if (rest.length < size) break
      frames.push(rest.subarray(0, size))
      rest = rest.subarray(size)
    }
    this.#rest = rest
    return frames
  }
}
