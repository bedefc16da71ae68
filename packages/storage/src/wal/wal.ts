import type { Disk, DiskFile } from '../disk.ts'
import { errorCode, StorageError } from '../errors.ts'
import type { StorageLimits } from '../limits.ts'
import type { HardState, IndexTerm } from '../types.ts'
import type { WalPiece } from './frame-writer.ts'
import { FrameWriter, pieceBound } from './frame-writer.ts'
import { sectorSize } from './layout.ts'
import type { LogEvidence, LogState, SegmentInfo } from './read-log.ts'
import { encodeSegmentHeader, segmentName } from './segment-header.ts'

export interface WalOptions {
  readonly disk: Disk
  readonly directory: string
  readonly owner: number
  readonly limits: StorageLimits
  readonly state: LogState
  /** Makes evidence durable in the superblock: before the first write into each segment. */
  readonly witness: (evidence: LogEvidence) => Promise<void>
}

/**
 * Writes frames: one call, one durable write. Calls must not overlap. While one segment is written, the next
 * is filled with zeros in the background.
 */
export class Wal {
  readonly #options: WalOptions
  readonly #writer = new FrameWriter()
  #file: DiskFile | undefined
  #segments: SegmentInfo[]
  #position: number
  #record: number
  #chain: number
  #last: IndexTerm
  #hardState: HardState
  #next: Promise<StorageError | undefined> | undefined
  #prepared: { segment: number; size: number } | undefined
  #closing: Promise<void>[] = []
  /** What the superblock says is being written; during a change of segments ahead of `#segments`. */
  #active: { readonly segment: number; readonly size: number }
  /** The next segment could not be prepared because the disk is full. */
  full = false
  /** See {@link DiskFile.write}. */
  mayBlock = false

  constructor(options: WalOptions) {
    this.#options = options
    const { state } = options
    this.#segments = [...state.segments]
    this.#active = state.segments.at(-1)!
    this.#position = state.position
    this.#record = state.record
    this.#chain = state.chain
    this.#last = state.tail.last
    this.#hardState = state.hardState
  }

  get evidence(): LogEvidence {
    return {
      segment: this.#active.segment,
      segmentSize: this.#active.size,
      record: this.#record,
      lastIndex: this.#last.index,
      lastTerm: this.#last.term,
      hardTerm: this.#hardState.term,
    }
  }

  get segmentCount(): number {
    return this.#segments.length
  }

  get bytesOnDisk(): number {
    return this.#segments.reduce((sum, info) => sum + info.size, this.#prepared?.size ?? 0)
  }

  /** Opens the active segment and begins to prepare the next. */
  async open(): Promise<void> {
    const active = this.#segments.at(-1)!
    this.#file = await this.#options.disk.open(this.#path(active.segment), { durable: true })
    this.#prepare()
  }

  /** Whether so many bytes still fit into the active segment, when there will be no next one. */
  fits(bytes: number, useReserve: boolean): boolean {
    const reserve = useReserve ? 0 : this.#options.limits.reserveSize
    return this.#position + sectorSize + bytes + reserve <= this.#segments.at(-1)!.size
  }

  /** Makes the pieces durable as one frame; resolves with the count of bytes written. */
  async write(pieces: readonly WalPiece[]): Promise<number> {
    let bound = 2 * sectorSize
    for (let i = 0; i < pieces.length; i++) bound += pieceBound(pieces[i]!)
    if (!this.fits(bound, false)) await this.#rotate(bound, pieces)

    const active = this.#segments.at(-1)!
    const record = this.#record + 1
    const place = { record, segment: active.segment, chain: this.#chain }
    const prefix = this.#position > 0 ? undefined : this.#header(active, record)
    const frame = this.#writer.encode(pieces, this.#position, place, prefix)
    await this.#file!.write(frame.bytes, frame.position, this.mayBlock)
    this.#position = frame.end
    this.#record = record
    this.#chain = frame.chain
    for (let i = 0; i < pieces.length; i++) this.#follow(pieces[i]!)
    return frame.bytes.length
  }

  /** Removes the segments that hold nothing after `index`. */
  async dropUntil(index: number): Promise<void> {
    let dropped = 0
    while (this.#segments.length > 1 && this.#segments[1]!.base.index <= index) {
      const segment = this.#segments.shift()!.segment
      // Oldest first, one by one: a crash in between leaves a log without a hole.
      await this.#options.disk.remove(this.#path(segment))
      dropped++
    }
    if (dropped > 0) await this.#options.disk.syncDirectory(this.#options.directory)
  }

  async close(): Promise<void> {
    await this.#next
    await Promise.all(this.#closing)
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }

  #header(active: SegmentInfo, firstRecord: number): Buffer {
    return encodeSegmentHeader({
      segment: active.segment,
      size: active.size,
      firstRecord,
      base: this.#last,
      chain: this.#chain,
      owner: this.#options.owner,
      hardState: this.#hardState,
    })
  }

  #follow(piece: WalPiece): void {
    if (piece.mark !== undefined) this.#last = { index: piece.mark.index, term: piece.mark.term }
    const last = piece.entries[piece.entries.length - 1]
    if (last !== undefined) this.#last = { index: last.index, term: last.term }
    if (piece.hardState !== undefined) this.#hardState = piece.hardState
  }

  async #rotate(bound: number, pieces: readonly WalPiece[]): Promise<void> {
    const failure = await this.#next
    if (failure !== undefined) {
      const small = pieces.every((piece) => piece.entries.length === 0)
      if (small && this.fits(bound, true)) return
      throw failure
    }
    const next = this.#prepared!
    this.#prepared = undefined
    // First the evidence, then the write: from now on the segment is one that must be there.
    this.#active = next
    await this.#options.witness(this.evidence)
    const before = this.#file
    this.#file = await this.#options.disk.open(this.#path(next.segment), { durable: true })
    if (before !== undefined) this.#closing = [before.close().catch(() => {})]
    this.#segments.push({ segment: next.segment, size: next.size, base: this.#last })
    this.#position = 0
    this.#prepare()
  }

  #prepare(): void {
    const { disk, limits } = this.#options
    const segment = this.#segments.at(-1)!.segment + 1
    this.#next = this.#fill(segment).then(
      () => {
        this.#prepared = { segment, size: limits.segmentSize }
        return undefined
      },
      async (error: unknown) => {
        this.full = errorCode(error) === 'DISK_FULL'
        // What was filled so far is given back: others need the space more.
        await disk.remove(this.#path(segment)).catch(() => {})
        if (error instanceof StorageError) return error
        return new StorageError('LOG_FAILED', String(error), { cause: error })
      },
    )
  }

  async #fill(segment: number): Promise<void> {
    const { disk, directory, limits } = this.#options
    const free = await disk.freeSpace(directory)
    if (free < limits.segmentSize + limits.freeSpaceMin) {
      throw new StorageError('DISK_FULL', `${directory}: only ${free} bytes are left on the disk`)
    }
    await disk.preallocate(this.#path(segment), limits.segmentSize)
  }

  #path(segment: number): string {
    return `${this.#options.directory}/${segmentName(segment)}`
  }
}
