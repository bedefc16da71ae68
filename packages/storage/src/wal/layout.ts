import { crc32 } from 'node:zlib'

/*
 * A segment is a file of fixed size, filled with zeros before its first use:
 *
 *   sector 0      segment header
 *   sector 1..    frames, one per write
 *
 * Each sector of 512 bytes begins with a marker of four bytes, none of them zero. So a sector that a crash
 * kept from being written is told from one that was written and damaged since: the first is all zeros where
 * a marker (or a frame's header) must be, and one changed byte cannot make it so. That difference decides
 * whether a bad last record is a write that nobody was told of, or a broken promise.
 *
 *   frame   := header item* ; begins at a multiple of 4, its header lies within one sector
 *   header  := magic u32, header crc u32, body crc u32, length u32, record u48, items u16,
 *              segment u32, chain u32
 *   item    := hard state | mark | entries ; fixed parts lie within one sector, gaps are zero
 *
 * `record` counts frames from 1 without a gap, across segments; `chain` is the body crc of the frame before,
 * so that a frame that was left over, swapped or put back is not taken for a live one. The body crc covers
 * the bytes as they lie on disk, markers included, and starts from `chain`.
 */
export const sectorSize = 512
export const markerSize = 4
export const marker = 0xa5c396e7
export const frameMagic = 0x5472616e
export const frameHeaderSize = 32
export const segmentMagic = 0x54724c6f
export const walVersion = 1
export const segmentHeaderSize = 68
/** Where the first frame of a segment begins: behind the marker of the second sector. */
export const firstFrameOffset = sectorSize + markerSize

export const itemKind = { hardState: 1, mark: 2, entries: 3 } as const
/** The fixed part of every item, so that a reader finds its place before it knows the kind. */
export const itemSize = 20
export const entryHeaderSize = 12

export const indexMax = 2 ** 48 - 1

export function writeU48(buffer: Buffer, value: number, offset: number): void {
  buffer.writeUInt16BE(Math.floor(value / 0x1_0000_0000), offset)
  buffer.writeUInt32BE(value >>> 0, offset + 2)
}

export function readU48(buffer: Buffer, offset: number): number {
  return buffer.readUInt16BE(offset) * 0x1_0000_0000 + buffer.readUInt32BE(offset + 2)
}

/** Whose log it is, so that a segment of another node or cluster is not taken for one's own. */
export function ownerOf(clusterId: string, nodeId: string): number {
  return crc32(Buffer.from(`${clusterId}\0${nodeId}`))
}

const zeros = Buffer.alloc(64 * 1024)

export function isZero(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += zeros.length) {
    const part = bytes.subarray(at, at + zeros.length)
    if (!part.equals(part.length === zeros.length ? zeros : zeros.subarray(0, part.length))) return false
  }
  return true
}

/** Where a frame may begin at or after this offset of a segment. */
export function frameStart(offset: number): number {
  const aligned = (offset + 3) & ~3
  const within = aligned % sectorSize
  if (within === 0) return aligned + markerSize
  return sectorSize - within < frameHeaderSize ? aligned - within + sectorSize + markerSize : aligned
}
