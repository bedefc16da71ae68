import { crc32 } from 'node:zlib'
import type { HardState, IndexTerm } from '../types.ts'
import {
  isZero,
  marker,
  readU48,
  sectorSize,
  segmentHeaderSize,
  segmentMagic,
  walVersion,
  writeU48,
} from './layout.ts'

/** The first sector of a segment: how the log stood when the segment was begun. */
export interface SegmentHeader {
  readonly segment: number
  readonly size: number
  /** Number of the segment's first frame. */
  readonly firstRecord: number
  /** The log's last entry before this segment. */
  readonly base: IndexTerm
  /** Body crc of the frame before the first. */
  readonly chain: number
  readonly owner: number
  readonly hardState: HardState
}

export type SegmentHeaderFinding =
  | { readonly kind: 'header'; readonly header: SegmentHeader }
  /** Prepared and never used, or its first write was cut off. */
  | { readonly kind: 'unused' }
  | { readonly kind: 'damaged'; readonly text: string }
  | { readonly kind: 'unknownVersion'; readonly version: number }

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const sector = Buffer.alloc(sectorSize)
  sector.writeUInt32BE(marker, 0)
  sector.writeUInt32BE(segmentMagic, 4)
  sector.writeUInt32BE(walVersion, 12)
  sector.writeUInt32BE(header.segment, 16)
  sector.writeUInt32BE(header.size, 20)
  writeU48(sector, header.firstRecord, 24)
  writeU48(sector, header.base.index, 30)
  writeU48(sector, header.base.term, 36)
  sector.writeUInt32BE(header.chain, 42)
  sector.writeUInt32BE(header.owner, 46)
  writeU48(sector, header.hardState.term, 50)
  writeU48(sector, header.hardState.vote, 56)
  writeU48(sector, header.hardState.commit, 62)
  sector.writeUInt32BE(crc32(sector.subarray(12, segmentHeaderSize)), 8)
  return sector
}

export function decodeSegmentHeader(bytes: Buffer): SegmentHeaderFinding {
  const sector = bytes.subarray(0, segmentHeaderSize)
  if (isZero(sector)) return { kind: 'unused' }
  if (sector.length < segmentHeaderSize) return { kind: 'damaged', text: `only ${sector.length} bytes` }
  if (sector.readUInt32BE(4) !== segmentMagic || sector.readUInt32BE(8) !== crc32(sector.subarray(12))) {
    return { kind: 'damaged', text: 'the header of the segment does not match its checksum' }
  }
  const version = sector.readUInt32BE(12)
  if (version !== walVersion) return { kind: 'unknownVersion', version }
  return {
    kind: 'header',
    header: {
      segment: sector.readUInt32BE(16),
      size: sector.readUInt32BE(20),
      firstRecord: readU48(sector, 24),
      base: { index: readU48(sector, 30), term: readU48(sector, 36) },
      chain: sector.readUInt32BE(42),
      owner: sector.readUInt32BE(46),
      hardState: { term: readU48(sector, 50), vote: readU48(sector, 56), commit: readU48(sector, 62) },
    },
  }
}

export function segmentName(segment: number): string {
  return `${String(segment).padStart(10, '0')}.seg`
}

export function segmentOf(name: string): number | undefined {
  return /^\d{10}\.seg$/.test(name) ? Number(name.slice(0, 10)) : undefined
}
