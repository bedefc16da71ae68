import type { Disk } from '../disk.ts'
import { EntryTail } from '../entry-tail.ts'
import { StorageRefusal } from '../errors.ts'
import type { HardState, IndexTerm } from '../types.ts'
import { readFrame } from './frame-reader.ts'
import { firstFrameOffset, isZero, sectorSize } from './layout.ts'
import type { SegmentHeader } from './segment-header.ts'
import { decodeSegmentHeader, segmentName, segmentOf } from './segment-header.ts'

/** How far the log had got when the superblock was last written: a lower bound, kept outside of the log. */
export interface LogEvidence {
  /** The segment that was being written. Segments behind it were only prepared. */
  readonly segment: number
  readonly segmentSize: number
  /** Frames that were durable. */
  readonly record: number
  readonly lastIndex: number
  readonly lastTerm: number
  readonly hardTerm: number
}

export interface SegmentInfo {
  readonly segment: number
  readonly size: number
  /** The log's last entry when the segment was begun. */
  readonly base: IndexTerm
}

export interface LogState {
  readonly tail: EntryTail
  readonly hardState: HardState
  readonly segments: readonly SegmentInfo[]
  /** Number of the last frame, and its body crc. */
  readonly record: number
  readonly chain: number
  /** Where the next frame goes in the last segment; 0 when its header is yet to be written. */
  readonly position: number
  /** The last segment has bytes behind its end, left by a write that a crash cut off. */
  readonly dirty: boolean
  /** Segments behind the active one, prepared and never used. */
  readonly leftovers: readonly number[]
  /** What the cut-off write looked like. */
  readonly torn?: string
}

export interface ReadLogOptions {
  readonly disk: Disk
  readonly directory: string
  /** Left out by who only looks and knows no owner. */
  readonly owner?: number
  readonly evidence: LogEvidence
}

/**
 * Reads the whole log and decides whether it is all that was promised. Refuses with LOG_DAMAGED when bytes
 * are not what was written, LOG_SHORT when the log ends before what the superblock has seen.
 */
export async function readLog(options: ReadLogOptions): Promise<LogState> {
  const { disk, directory, evidence } = options
  const known = (await disk.list(directory)).map(segmentOf).filter((segment) => segment !== undefined)
  const live = known.filter((segment) => segment <= evidence.segment)
  const leftovers = known.filter((segment) => segment > evidence.segment)
  if (live.at(-1) !== evidence.segment) {
    throw new StorageRefusal('LOG_SHORT', `segment ${evidence.segment} was in use and is missing`, {
      file: `${directory}/${segmentName(evidence.segment)}`,
    })
  }
  for (const segment of leftovers) await mustBeUnused(disk, directory, segment, evidence)
  const reader = new LogReader(options)
  for (const [i, segment] of live.entries()) {
    if (segment !== live[0]! + i) {
      throw new StorageRefusal(
        'LOG_DAMAGED',
        `segment ${live[0]! + i} is missing before segment ${segment}`,
        {
          file: `${directory}/${segmentName(live[0]! + i)}`,
        },
      )
    }
    await reader.segment(segment)
  }
  reader.checkEvidence()
  return { ...reader.state(), leftovers }
}

/**
 * Evidence goes ahead of the first write into a segment. So one behind it that was written all the same says
 * that the superblock is older than the log; without this the log would end too early, and nobody would know.
 */
async function mustBeUnused(
  disk: Disk,
  directory: string,
  segment: number,
  evidence: LogEvidence,
): Promise<void> {
  const file = `${directory}/${segmentName(segment)}`
  if (isZero(await disk.read(file, { position: 0, length: sectorSize }))) return
  throw new StorageRefusal(
    'LOG_DAMAGED',
    `segment ${segment} was written, but the superblock knows of segments up to ${evidence.segment} only: it is an older copy`,
    { file, offset: 0 },
  )
}

class LogReader {
  readonly #options: ReadLogOptions
  readonly #tail = new EntryTail()
  readonly #segments: SegmentInfo[] = []
  #hardState: HardState = { term: 0, vote: 0, commit: 0 }
  #record = 0
  #chain = 0
  #position = 0
  #dirty = false
  #torn: string | undefined

  constructor(options: ReadLogOptions) {
    this.#options = options
  }

  state(): Omit<LogState, 'leftovers'> {
    return {
      tail: this.#tail,
      hardState: this.#hardState,
      segments: this.#segments,
      record: this.#record,
      chain: this.#chain,
      position: this.#position,
      dirty: this.#dirty,
      ...(this.#torn === undefined ? {} : { torn: this.#torn }),
    }
  }

  checkEvidence(): void {
    const { evidence, directory } = this.#options
    if (this.#record < evidence.record || this.#hardState.term < evidence.hardTerm) {
      throw new StorageRefusal(
        'LOG_SHORT',
        `the log ends with record ${this.#record} in term ${this.#hardState.term}, but had reached record ` +
          `${evidence.record} in term ${evidence.hardTerm} (entry ${evidence.lastIndex})`,
        {
          file: `${directory}/${segmentName(evidence.segment)}`,
          offset: this.#position,
          index: this.#record,
        },
      )
    }
  }

  async segment(segment: number): Promise<void> {
    const { disk, directory, evidence } = this.#options
    const active = segment === evidence.segment
    const file = `${directory}/${segmentName(segment)}`
    const bytes = await disk.read(file)
    const found = decodeSegmentHeader(bytes)
    const sizeExpected = active
      ? evidence.segmentSize
      : found.kind === 'header'
        ? found.header.size
        : bytes.length
    if (bytes.length !== sizeExpected) {
      throw new StorageRefusal(
        'LOG_DAMAGED',
        `the file has ${bytes.length} bytes where ${sizeExpected} are expected`,
        {
          file,
          offset: Math.min(bytes.length, sizeExpected),
        },
      )
    }
    switch (found.kind) {
      case 'unknownVersion':
        throw new StorageRefusal('UNKNOWN_VERSION', `log format ${found.version} is not known here`, { file })
      case 'damaged':
        throw new StorageRefusal('LOG_DAMAGED', found.text, { file, offset: 0 })
      case 'unused':
        if (!active) {
          throw new StorageRefusal('LOG_DAMAGED', 'the segment is empty although later ones were in use', {
            file,
            offset: 0,
          })
        }
        this.#begin({ segment, size: bytes.length, base: this.#tail.last })
        this.#position = 0
        this.#dirty = !isZero(bytes)
        return
      case 'header':
        this.#join(found.header, segment, file)
        this.#begin({ segment, size: bytes.length, base: found.header.base })
        this.#frames(bytes, segment, active, file)
    }
  }

  #begin(info: SegmentInfo): void {
    this.#segments.push(info)
  }

  /** The header repeats how the log stood; it must agree with what the segments before it said. */
  #join(header: SegmentHeader, segment: number, file: string): void {
    const refuse = (text: string) => new StorageRefusal('LOG_DAMAGED', text, { file, offset: 0 })
    if (header.segment !== segment) throw refuse(`the file holds segment ${header.segment}`)
    if (this.#options.owner !== undefined && header.owner !== this.#options.owner)
      throw refuse('the segment belongs to another node or cluster')
    if (this.#segments.length === 0) {
      this.#tail.reset(header.base)
      this.#record = header.firstRecord - 1
      this.#chain = header.chain
      this.#hardState = header.hardState
      return
    }
    if (header.firstRecord !== this.#record + 1) {
      throw refuse(
        `it begins with record ${header.firstRecord}, but the segment before ends with ${this.#record}`,
      )
    }
    const { base, chain, hardState } = header
    const last = this.#tail.last
    if (
      chain !== this.#chain ||
      base.index !== last.index ||
      base.term !== last.term ||
      hardState.term !== this.#hardState.term ||
      hardState.vote !== this.#hardState.vote
    ) {
      throw refuse('it does not follow from the segment before')
    }
  }

  #frames(bytes: Buffer, segment: number, active: boolean, file: string): void {
    let at = firstFrameOffset
    this.#position = at
    for (;;) {
      const expected = { record: this.#record + 1, segment, chain: this.#chain }
      const found = readFrame(bytes, at, expected)
      switch (found.kind) {
        case 'frame':
          for (const item of found.items) {
            if (item.kind === 'hardState') this.#hardState = item.hardState
            else if (item.kind === 'mark') this.#tail.reset(item.mark)
            else this.#entries(item.entries, item.prevTerm, file, at)
          }
          this.#record++
          this.#chain = found.chain
          at = found.end
          this.#position = at
          continue
        case 'damaged':
          throw new StorageRefusal('LOG_DAMAGED', found.text, {
            file,
            offset: found.offset,
            index: expected.record,
          })
        case 'torn':
          if (!active) {
            throw new StorageRefusal('LOG_DAMAGED', `${found.text}, although later segments were in use`, {
              file,
              offset: at,
              index: expected.record,
            })
          }
          this.#torn = found.text
          this.#dirty = true
          return
        case 'end':
          this.#dirty = active && !isZero(bytes.subarray(at))
          return
      }
    }
  }

  #entries(
    entries: Parameters<EntryTail['append']>[0],
    prevTerm: number,
    file: string,
    offset: number,
  ): void {
    const first = entries[0]!.index
    const before = this.#tail.term(first - 1)
    if (first > this.#tail.last.index + 1 || (before !== undefined && before !== prevTerm)) {
      throw new StorageRefusal(
        'LOG_DAMAGED',
        `entry ${first} after term ${prevTerm} does not fit the log, which ends with entry ` +
          `${this.#tail.last.index} of term ${this.#tail.last.term}`,
        { file, offset, index: this.#record + 1 },
      )
    }
    this.#tail.append(entries, prevTerm)
  }
}

/** Zeros what a cut-off write left behind, so that it can never be read as something else. */
export async function cleanEnd(disk: Disk, directory: string, state: LogState): Promise<void> {
  if (!state.dirty) return
  const { segment, size } = state.segments.at(-1)!
  const path = `${directory}/${segmentName(segment)}`
  const bytes = await disk.read(path)
  const file = await disk.open(path, { durable: true })
  try {
    for (let at = state.position - (state.position % sectorSize); at < size; at += sectorSize) {
      const from = Math.max(at, state.position)
      const part = bytes.subarray(from, at + sectorSize)
      if (!isZero(part)) await file.write(Buffer.alloc(part.length), from)
    }
  } finally {
    await file.close()
  }
}
