/** Every code that this package throws. Codes are stable; sentences may change. */
export const storageErrorCodes = [
  // Refusals to open: the directory is not what it should be.
  'LOG_DAMAGED',
  'LOG_SHORT',
  'LEDGER_DAMAGED',
  'LEDGER_BEHIND',
  'SUPERBLOCK_DAMAGED',
  'WRONG_CLUSTER',
  'WRONG_NODE',
  'UNKNOWN_VERSION',
  'LOCKED',
  // Failures while running.
  'LOG_FAILED',
  'LEDGER_FAILED',
  'DISK_FULL',
  'CLOSED',
  'NOT_FOUND',
  'IO',
  'CRASHED',
  'ENTRY_TOO_LARGE',
  'QUEUE_FULL',
  'SNAPSHOT_DAMAGED',
  'SNAPSHOT_IN_PROGRESS',
  'LIMIT',
] as const
export type StorageErrorCode = (typeof storageErrorCodes)[number]

/** A promise of the disk that was broken, or a call that came too late. */
export class StorageError extends Error {
  readonly code: StorageErrorCode

  constructor(code: StorageErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

export interface RefusalPlace {
  readonly file?: string
  /** Byte within the file. */
  readonly offset?: number
  /** Log index or record number that was being read. */
  readonly index?: number
}

/**
 * The directory cannot be opened without the danger of having quietly lost something. The message names
 * the file, what was expected, what was found, and what to do.
 */
export class StorageRefusal extends StorageError {
  readonly place: RefusalPlace
  readonly advice: string
  /** The message without place and advice. */
  readonly finding: string

  constructor(
    code: StorageErrorCode,
    text: string,
    options: RefusalPlace & { cause?: unknown; advice?: string } = {},
  ) {
    const advice = options.advice ?? adviceFor(code)
    const where = [
      options.file === undefined ? undefined : `file ${options.file}`,
      options.offset === undefined ? undefined : `offset ${options.offset}`,
      options.index === undefined ? undefined : `record ${options.index}`,
    ].filter((part) => part !== undefined)
    const place = where.length === 0 ? '' : ` (${where.join(', ')})`
    super(
      code,
      `${text}${place}. ${advice}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    )
    this.advice = advice
    this.finding = text
    this.place = {
      ...(options.file === undefined ? {} : { file: options.file }),
      ...(options.offset === undefined ? {} : { offset: options.offset }),
      ...(options.index === undefined ? {} : { index: options.index }),
    }
  }
}

function adviceFor(code: StorageErrorCode): string {
  switch (code) {
    case 'WRONG_CLUSTER':
    case 'WRONG_NODE':
      return 'Check the data directory and the ids in the configuration; nothing was changed'
    case 'LOCKED':
      return 'Stop the other process first; nothing was changed'
    case 'UNKNOWN_VERSION':
      return 'Use the release that wrote it or a later one; nothing was changed'
    case 'DISK_FULL':
      return 'Free space on the disk and start the node again'
    default:
      return 'Do not start it with less: set the directory aside and let the node rejoin without a vote until it has caught up'
  }
}

/** The code of an error of this package, or of Node's, or `undefined`. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
