import { Buffer } from 'node:buffer'

/** A whole number below `below`, from a seed (xorshift). */
export type Random = (below: number) => number

export function randomFrom(seed: number): Random {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/** Bytes that mean something in MessagePack, in lengths and in text. */
const telling = [
  0x00, 0x01, 0x7f, 0x80, 0x90, 0x91, 0xa0, 0xc0, 0xc1, 0xc4, 0xc7, 0xd3, 0xd9, 0xdd, 0xdf, 0xff, 0x22, 0x7b,
]
const lengths = [0, 1, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff]
const sizeMax = 64 * 1024

/** One to five changes, each at a random place; sometimes with a piece of another sample. */
export function mutate(sample: Buffer, other: Buffer, random: Random): Buffer {
  let bytes: Buffer = Buffer.from(sample)
  for (let left = 1 + random(5); left > 0; left--) bytes = change(bytes, other, random)
  return bytes.subarray(0, sizeMax)
}

function change(bytes: Buffer, other: Buffer, random: Random): Buffer {
  const at = random(bytes.length + 1)
  const count = 1 + random(8)
  switch (random(7)) {
    case 0:
      if (at < bytes.length) bytes[at] = bytes[at]! ^ (1 << random(8))
      return bytes
    case 1:
      if (at < bytes.length) bytes[at] = telling[random(telling.length)]!
      return bytes
    case 2:
      if (at + 4 <= bytes.length) bytes.writeUInt32BE(lengths[random(lengths.length)]!, at)
      return bytes
    case 3:
      return bytes.subarray(0, at)
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + count))])
    case 5: {
      const piece = Buffer.alloc(random(64) === 0 ? 4096 : count, telling[random(telling.length)]!)
      return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)])
    }
    default: {
      const from = random(other.length + 1)
      return Buffer.concat([bytes.subarray(0, at), other.subarray(from, from + 64), bytes.subarray(at)])
    }
  }
}
