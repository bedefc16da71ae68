/** Bounds of this package; sizes in bytes. Each can be set when a directory is opened. */
export interface StorageLimits {
  /** A log segment, filled with zeros before use. Fixed for a segment once written. */
  readonly segmentSize: number
  /** One write to the log, which is one group commit. An entry must fit. */
  readonly frameSizeMax: number
  /** Kept free at the end of a segment for hard states once no next segment can be prepared. */
  readonly reserveSize: number
  /** Left to others on the disk: with less the log counts as full. Default: two segments. */
  readonly freeSpaceMin: number
  /** Entries kept behind a checkpoint for slow followers. */
  readonly tailBytesMax: number
  readonly tailEntriesMax: number
  /** Appends waiting for the disk. */
  readonly queueBytesMax: number
  readonly queueLengthMax: number
  /** A piece of a snapshot's stream. */
  readonly chunkSize: number
  /** A row, key and value, in a checkpoint or snapshot. */
  readonly rowSizeMax: number
  /** Rows handled before other work gets its turn. */
  readonly rowsPerTurn: number
}

export const defaultLimits: StorageLimits = {
  segmentSize: 16 * 1024 * 1024,
  frameSizeMax: 4 * 1024 * 1024,
  reserveSize: 16 * 1024,
  freeSpaceMin: 32 * 1024 * 1024,
  tailBytesMax: 16 * 1024 * 1024,
  tailEntriesMax: 100_000,
  queueBytesMax: 256 * 1024 * 1024,
  queueLengthMax: 100_000,
  chunkSize: 256 * 1024,
  rowSizeMax: 64 * 1024 * 1024,
  rowsPerTurn: 500,
}

/** Peers whose starts and log positions a superblock remembers. */
export const peersMax = 64
/** Cluster and node names, bytes of UTF-8. */
export const idSizeMax = 256

/** Fills in defaults and shrinks what depends on a small segment, so that tests may use tiny ones. */
export function resolveLimits(given: Partial<StorageLimits> = {}): StorageLimits {
  const limits = { ...defaultLimits, ...given }
  if (!Number.isInteger(limits.segmentSize) || limits.segmentSize < 4096 || limits.segmentSize % 512 !== 0) {
    throw new RangeError(`segmentSize is ${limits.segmentSize}; expected a multiple of 512 of at least 4096`)
  }
  const reserveSize = Math.min(limits.reserveSize, limits.segmentSize >> 2)
  return {
    ...limits,
    reserveSize,
    freeSpaceMin: given.freeSpaceMin ?? 2 * limits.segmentSize,
    frameSizeMax: Math.min(limits.frameSizeMax, limits.segmentSize - reserveSize - 1024),
  }
}
