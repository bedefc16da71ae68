import { crc32 } from 'node:zlib'
import type { Entry, EntryType, HardState, IndexTerm } from '../types.ts'
import { entryTypes } from '../types.ts'
import {
  entryHeaderSize,
  frameHeaderSize,
  frameMagic,
  frameStart,
  itemKind,
  itemSize,
  marker,
  markerSize,
  sectorSize,
  writeU48,
} from './layout.ts'

/** What one append asks for. The mark comes first (it empties the log), the hard state next. */
export interface WalPiece {
  readonly mark: IndexTerm | undefined
  readonly hardState: HardState | undefined
  readonly entries: readonly Entry[]
  /** Term of the entry before the first; 0 without entries. */
  readonly prevTerm: number
}

export interface FramePlace {
  readonly record: number
  readonly segment: number
  readonly chain: number
}

const typeByte: Record<EntryType, number> = Object.fromEntries(
  entryTypes.map((type, byte) => [type, byte]),
) as Record<EntryType, number>

/** Bytes that a piece takes at most in a segment, markers and gaps included. */
export function pieceBound(piece: WalPiece): number {
  let bytes = 3 * itemSize + piece.entries.length * entryHeaderSize
  for (let i = 0; i < piece.entries.length; i++) bytes += piece.entries[i]!.data.length
  return boundOf(bytes)
}

/** Bytes that one entry takes at most in a segment. */
export function entryBound(size: number): number {
  return boundOf(size + entryHeaderSize)
}

// A sector holds 508 bytes behind its marker, and a fixed part that does not fit leaves at most 20 unused.
function boundOf(bytes: number): number {
  return bytes + Math.ceil(bytes / (sectorSize - markerSize - 20)) * (markerSize + 20) + 64
}

/**
 * Lays pieces out as one frame, copying each entry's bytes once. Holds one buffer that grows to the largest
 * write seen; `bytes` is valid until the next call.
 */
export class FrameWriter {
  #buffer = Buffer.alloc(64 * 1024)
  #base = 0
  #at = 0

  /**
   * Encodes at the first possible place from `offset` on. `prefix` (a segment's header sector) is put in
   * front, then `offset` is where it begins.
   */
  encode(pieces: readonly WalPiece[], offset: number, place: FramePlace, prefix?: Buffer) {
    let bound = 2 * sectorSize + (prefix?.length ?? 0)
    for (let i = 0; i < pieces.length; i++) bound += pieceBound(pieces[i]!)
    if (this.#buffer.length < bound) this.#buffer = Buffer.alloc(Math.ceil(bound / 65536) * 65536)

    const begin = frameStart(offset + (prefix?.length ?? 0))
    // A write that enters a new sector brings the sector's marker with it.
    const from =
      prefix !== undefined ? offset : begin % sectorSize === markerSize ? begin - markerSize : begin
    this.#base = from
    this.#at = from
    if (prefix !== undefined) {
      prefix.copy(this.#buffer, 0)
      this.#at += prefix.length
    }
    if (this.#at !== begin) this.#startSector()
    const header = begin - from
    this.#at = begin + frameHeaderSize
    let items = 0
    for (let i = 0; i < pieces.length; i++) items += this.#piece(pieces[i]!, i === pieces.length - 1, pieces)
    const end = this.#at - from

    const buffer = this.#buffer
    const bodyCrc = crc32(buffer.subarray(header + frameHeaderSize, end), place.chain)
    buffer.writeUInt32BE(frameMagic, header)
    buffer.writeUInt32BE(bodyCrc, header + 8)
    buffer.writeUInt32BE(end - header, header + 12)
    writeU48(buffer, place.record, header + 16)
    buffer.writeUInt16BE(items, header + 22)
    buffer.writeUInt32BE(place.segment, header + 24)
    buffer.writeUInt32BE(place.chain, header + 28)
    buffer.writeUInt32BE(crc32(buffer.subarray(header + 8, header + frameHeaderSize)), header + 4)
    return { bytes: buffer.subarray(0, end), position: from, end: this.#at, chain: bodyCrc }
  }

  #piece(piece: WalPiece, last: boolean, all: readonly WalPiece[]): number {
    let items = 0
    if (piece.mark !== undefined) {
      const at = this.#reserve(itemSize)
      this.#buffer[at] = itemKind.mark
      writeU48(this.#buffer, piece.mark.index, at + 2)
      writeU48(this.#buffer, piece.mark.term, at + 8)
      items++
    }
    if (piece.entries.length > 0) {
      this.#entries(piece)
      items++
    }
    // A frame holds whole or not at all, so only the newest hard state in it counts.
    const hardState = last ? newestHardState(all) : undefined
    if (hardState !== undefined) {
      const at = this.#reserve(itemSize)
      this.#buffer[at] = itemKind.hardState
      writeU48(this.#buffer, hardState.term, at + 2)
      writeU48(this.#buffer, hardState.vote, at + 8)
      writeU48(this.#buffer, hardState.commit, at + 14)
      items++
    }
    return items
  }

  #entries(piece: WalPiece): void {
    const entries = piece.entries
    const at = this.#reserve(itemSize)
    this.#buffer[at] = itemKind.entries
    this.#buffer.writeUInt32BE(entries.length, at + 2)
    writeU48(this.#buffer, entries[0]!.index, at + 6)
    writeU48(this.#buffer, piece.prevTerm, at + 12)
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i]!
      const header = this.#reserve(entryHeaderSize)
      writeU48(this.#buffer, entry.term, header)
      this.#buffer[header + 6] = typeByte[entry.type]
      this.#buffer[header + 7] = 0
      this.#buffer.writeUInt32BE(entry.data.length, header + 8)
      this.#bytes(entry.data)
    }
  }

  /** Room for a fixed part within one sector; returns its place in the buffer. */
  #reserve(size: number): number {
    const within = this.#at % sectorSize
    if (within === 0) this.#startSector()
    else if (sectorSize - within < size) {
      this.#buffer.fill(0, this.#at - this.#base, this.#at - this.#base + sectorSize - within)
      this.#at += sectorSize - within
      this.#startSector()
    }
    const at = this.#at - this.#base
    this.#buffer.fill(0, at, at + size)
    this.#at += size
    return at
  }

  #startSector(): void {
    this.#buffer.writeUInt32BE(marker, this.#at - this.#base)
    this.#at += markerSize
  }

  #bytes(data: Uint8Array): void {
    let from = 0
    while (from < data.length) {
      const within = this.#at % sectorSize
      if (within === 0) this.#startSector()
      const room = sectorSize - (within === 0 ? markerSize : within)
      const count = Math.min(room, data.length - from)
      this.#buffer.set(
        from === 0 && count === data.length ? data : data.subarray(from, from + count),
        this.#at - this.#base,
      )
      this.#at += count
      from += count
    }
  }
}

function newestHardState(pieces: readonly WalPiece[]): HardState | undefined {
  for (let i = pieces.length - 1; i >= 0; i--) {
    const hardState = pieces[i]!.hardState
    if (hardState !== undefined) return hardState
  }
  return undefined
}
