import { crc32 } from 'node:zlib'
import type { Entry, HardState, IndexTerm } from '../types.ts'
import { entryTypes } from '../types.ts'
import type { FramePlace } from './frame-writer.ts'
import {
  entryHeaderSize,
  frameHeaderSize,
  frameMagic,
  frameStart,
  isZero,
  itemKind,
  itemSize,
  markerSize,
  readU48,
  sectorSize,
} from './layout.ts'

type FrameItem =
  | { readonly kind: 'hardState'; readonly hardState: HardState }
  | { readonly kind: 'mark'; readonly mark: IndexTerm }
  | { readonly kind: 'entries'; readonly prevTerm: number; readonly entries: readonly Entry[] }

/**
 * What lies at a place of a segment: a frame, nothing yet (`end`), a write that a crash cut off so that
 * nobody can have been told of it (`torn`), or bytes that were written and are not what was written.
 */
export type FrameFinding =
  | {
      readonly kind: 'frame'
      readonly items: readonly FrameItem[]
      readonly end: number
      readonly chain: number
    }
  | { readonly kind: 'end' }
  | { readonly kind: 'torn'; readonly text: string }
  | { readonly kind: 'damaged'; readonly offset: number; readonly text: string }

/** Reads the frame that begins at the first possible place from `offset` on. */
export function readFrame(segment: Buffer, offset: number, expected: FramePlace): FrameFinding {
  const at = frameStart(offset)
  if (at + frameHeaderSize > segment.length) return { kind: 'end' }
  const header = segment.subarray(at, at + frameHeaderSize)
  if (isZero(header)) return { kind: 'end' }
  const damaged = (text: string, where = at): FrameFinding => ({ kind: 'damaged', offset: where, text })

  if (header.readUInt32BE(0) !== frameMagic || header.readUInt32BE(4) !== crc32(header.subarray(8))) {
    return damaged('the header of a record does not match its checksum')
  }
  const length = header.readUInt32BE(12)
  const record = readU48(header, 16)
  if (record !== expected.record) return damaged(`record ${record} where ${expected.record} was expected`)
  if (header.readUInt32BE(24) !== expected.segment) {
    return damaged(`a record of segment ${header.readUInt32BE(24)} in segment ${expected.segment}`)
  }
  if (header.readUInt32BE(28) !== expected.chain) {
    return damaged('the record does not follow from the one before it')
  }
  const end = at + length
  if (length < frameHeaderSize || end > segment.length) {
    return damaged(`a record of ${length} bytes reaches over the end of the segment`)
  }
  const bodyCrc = header.readUInt32BE(8)
  if (crc32(segment.subarray(at + frameHeaderSize, end), expected.chain) !== bodyCrc) {
    const hole = unwrittenSector(segment, at, end)
    return hole === undefined
      ? damaged(`the ${length} bytes of the record do not match their checksum`)
      : { kind: 'torn', text: `the sector at ${hole} of the last write was never written` }
  }
  const items = new ItemReader(segment, at + frameHeaderSize, end).items(header.readUInt16BE(22))
  if (typeof items === 'string') return damaged(items)
  return { kind: 'frame', items, end, chain: bodyCrc }
}

/** The first sector of the range that is still all zeros although its marker should be there. */
function unwrittenSector(segment: Buffer, from: number, end: number): number | undefined {
  for (let at = from - (from % sectorSize) + sectorSize; at < end; at += sectorSize) {
    if (isZero(segment.subarray(at, Math.min(at + sectorSize, end)))) return at
  }
  return undefined
}

/** Walks the items of a frame whose checksum holds; anything odd is a mistake of the writer, not of the disk. */
class ItemReader {
  readonly #segment: Buffer
  readonly #end: number
  #at: number

  constructor(segment: Buffer, at: number, end: number) {
    this.#segment = segment
    this.#at = at
    this.#end = end
  }

  items(count: number): FrameItem[] | string {
    const items: FrameItem[] = []
    for (let i = 0; i < count; i++) {
      const item = this.#item()
      if (typeof item === 'string') return item
      items.push(item)
    }
    return this.#at === this.#end ? items : `${this.#end - this.#at} bytes too many in a record`
  }

  #item(): FrameItem | string {
    const at = this.#place(itemSize)
    if (at + itemSize > this.#end) return 'a record ends within an item'
    this.#at = at + itemSize
    const segment = this.#segment
    switch (segment[at]) {
      case itemKind.hardState:
        return {
          kind: 'hardState',
          hardState: {
            term: readU48(segment, at + 2),
            vote: readU48(segment, at + 8),
            commit: readU48(segment, at + 14),
          },
        }
      case itemKind.mark:
        return { kind: 'mark', mark: { index: readU48(segment, at + 2), term: readU48(segment, at + 8) } }
      case itemKind.entries:
        return this.#entries(at)
      default:
        return 'an unknown kind of item in a record'
    }
  }

  #entries(at: number): FrameItem | string {
    const count = this.#segment.readUInt32BE(at + 2)
    const first = readU48(this.#segment, at + 6)
    const prevTerm = readU48(this.#segment, at + 12)
    const entries: Entry[] = []
    for (let i = 0; i < count; i++) {
      const header = this.#place(entryHeaderSize)
      if (header + entryHeaderSize > this.#end) return 'a record ends within an entry'
      const type = entryTypes[this.#segment[header + 6]!]
      if (type === undefined) return `entry ${first + i} is of an unknown type`
      const length = this.#segment.readUInt32BE(header + 8)
      if (length > this.#end - header) return `entry ${first + i} reaches over the end of its record`
      this.#at = header + entryHeaderSize
      const data = this.#bytes(length)
      if (data === undefined) return `entry ${first + i} reaches over the end of its record`
      entries.push({ index: first + i, term: readU48(this.#segment, header), type, data })
    }
    return { kind: 'entries', prevTerm, entries }
  }

  #place(size: number): number {
    const within = this.#at % sectorSize
    if (within === 0) return this.#at + markerSize
    return sectorSize - within < size ? this.#at + sectorSize - within + markerSize : this.#at
  }

  #bytes(length: number): Buffer | undefined {
    const data = Buffer.allocUnsafe(length)
    let filled = 0
    while (filled < length) {
      const within = this.#at % sectorSize
      if (within === 0) this.#at += markerSize
      const room = sectorSize - (within === 0 ? markerSize : within)
      const count = Math.min(room, length - filled)
      if (this.#at + count > this.#end) return undefined
      this.#segment.copy(data, filled, this.#at, this.#at + count)
      this.#at += count
      filled += count
    }
    return data
  }
}
