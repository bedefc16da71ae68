import { ledgerNumber, logFolder } from './directory.ts'
import type { Disk } from './disk.ts'
import { errorCode, StorageRefusal } from './errors.ts'
import { joinLog } from './join-log.ts'
import { readLedger } from './ledger-store.ts'
import { levelStores } from './level-stores.ts'
import type { Stores } from './stores.ts'
import type { SuperblockState } from './superblock.ts'
import { readSuperblock, superblockName } from './superblock.ts'
import type { LedgerMeta } from './types.ts'
import { isZero, ownerOf } from './wal/layout.ts'
import type { LogEvidence, LogState } from './wal/read-log.ts'
import { readLog } from './wal/read-log.ts'
import { segmentName, segmentOf } from './wal/segment-header.ts'

export interface Finding {
  /** `error`: the node would refuse to start. `warning`: it would start and mend it. `note`: nothing is wrong. */
  readonly severity: 'error' | 'warning' | 'note'
  readonly file: string
  readonly offset?: number
  /** Log record. */
  readonly index?: number
  readonly text: string
}

export interface VerifySummary {
  readonly clusterId?: string
  readonly nodeId?: string
  readonly starts?: number
  readonly rejoining?: boolean
  /** The node was stopped in order. */
  readonly clean?: boolean
  readonly log?: {
    readonly firstIndex: number
    readonly lastIndex: number
    readonly term: number
    readonly vote: number
    readonly commit: number
    readonly records: number
    readonly segments: number
  }
  readonly checkpoint?: {
    readonly index: number
    readonly term: number
    readonly rows: number
    readonly digest: string
    /** The hash over the rows that were read is the one that was written. */
    readonly hashMatches: true
  }
}

export interface VerifyReport {
  /** No finding is an error. */
  readonly ok: boolean
  readonly findings: readonly Finding[]
  readonly summary: VerifySummary
}

/**
 * Looks through a node's directory without changing anything and tells what a start would find. Stop the
 * node first: what is being written looks unfinished. LevelDB is read from a temporary copy.
 */
export async function verifyDirectory(
  disk: Disk,
  directory: string,
  stores: Stores = levelStores('.'),
): Promise<VerifyReport> {
  const findings: Finding[] = []
  const tell = (error: unknown, file: string) => findings.push(findingOf(error, file))

  let superblock: SuperblockState | undefined
  const superblockFile = `${directory}/${superblockName}`
  try {
    const found = await readSuperblock(disk, directory)
    superblock = found?.state
    if (found === undefined) {
      findings.push({ severity: 'error', file: superblockFile, text: 'the superblock is missing' })
    }
    for (const { offset, text } of found?.problems ?? []) {
      findings.push({
        severity: 'warning',
        file: superblockFile,
        offset,
        text: `${text}; the other copy is good`,
      })
    }
  } catch (error) {
    tell(error, superblockFile)
  }

  const log = await verifyLog(disk, `${directory}/${logFolder}`, superblock, findings)
  const folder = superblock?.ledger.folder ?? (await newestLedger(disk, directory))
  const ledger =
    folder === undefined ? undefined : await verifyLedger(stores, `${directory}/${folder}`, findings)
  if (superblock !== undefined && log !== undefined && ledger !== undefined) {
    try {
      const behind = joinLog(log, superblock, ledger, `${directory}/${logFolder}`, `${directory}/${folder}`)
      if (behind) {
        const text = `the snapshot at ${ledger.index} is installed, the log not yet cut: the next start does it`
        findings.push({ severity: 'note', file: `${directory}/${logFolder}`, text })
      }
    } catch (error) {
      tell(error, directory)
    }
  }
  return {
    ok: findings.every((finding) => finding.severity !== 'error'),
    findings,
    summary: summaryOf(superblock, log, ledger),
  }
}

async function verifyLog(
  disk: Disk,
  directory: string,
  superblock: SuperblockState | undefined,
  findings: Finding[],
): Promise<LogState | undefined> {
  try {
    const evidence = superblock?.log ?? (await guessEvidence(disk, directory))
    if (evidence === undefined) {
      findings.push({ severity: 'error', file: directory, text: 'the log has no segment that was used' })
      return undefined
    }
    const owner = superblock === undefined ? {} : { owner: ownerOf(superblock.clusterId, superblock.nodeId) }
    const state = await readLog({ disk, directory, evidence, ...owner })
    const file = `${directory}/${segmentName(evidence.segment)}`
    if (state.torn !== undefined) {
      const text = `${state.torn}: it was cut off by a crash and never acknowledged`
      findings.push({ severity: 'note', file, offset: state.position, index: state.record + 1, text })
    } else if (state.dirty) {
      const text =
        'bytes behind the end of the log, left by a write that was cut off; the next start clears them'
      findings.push({ severity: 'note', file, offset: state.position, text })
    }
    return state
  } catch (error) {
    findings.push(findingOf(error, directory))
    return undefined
  }
}

async function verifyLedger(
  stores: Stores,
  path: string,
  findings: Finding[],
): Promise<LedgerMeta | undefined> {
  try {
    const store = await stores.inspect(path)
    try {
      return (await readLedger(store, path, () => {})).meta
    } finally {
      await store.close()
    }
  } catch (error) {
    findings.push(findingOf(error, path))
    return undefined
  }
}

/** Without a superblock the log itself has to say where it ends. */
async function guessEvidence(disk: Disk, directory: string): Promise<LogEvidence | undefined> {
  const segments = (await disk.list(directory)).map(segmentOf).filter((segment) => segment !== undefined)
  for (const segment of segments.reverse()) {
    const bytes = await disk.read(`${directory}/${segmentName(segment)}`)
    if (isZero(bytes)) continue
    return { segment, segmentSize: bytes.length, record: 0, lastIndex: 0, lastTerm: 0, hardTerm: 0 }
  }
  return undefined
}

async function newestLedger(disk: Disk, directory: string): Promise<string | undefined> {
  const names = await disk.list(directory).catch((): string[] => [])
  return names.filter((name) => ledgerNumber(name) > 0).sort((a, b) => ledgerNumber(b) - ledgerNumber(a))[0]
}

function findingOf(error: unknown, file: string): Finding {
  const text = error instanceof Error ? error.message : String(error)
  if (error instanceof StorageRefusal) return { severity: 'error', file, ...error.place, text: error.finding }
  return { severity: 'error', file, text: errorCode(error) === 'NOT_FOUND' ? 'it is missing' : text }
}

function summaryOf(
  superblock: SuperblockState | undefined,
  log: LogState | undefined,
  ledger: LedgerMeta | undefined,
): VerifySummary {
  return {
    ...(superblock === undefined
      ? {}
      : {
          clusterId: superblock.clusterId,
          nodeId: superblock.nodeId,
          starts: superblock.starts,
          rejoining: superblock.rejoining,
          clean: superblock.clean,
        }),
    ...(log === undefined
      ? {}
      : {
          log: {
            firstIndex: log.tail.base.index + 1,
            lastIndex: log.tail.last.index,
            term: log.hardState.term,
            vote: log.hardState.vote,
            commit: log.hardState.commit,
            records: log.record,
            segments: log.segments.length,
          },
        }),
    ...(ledger === undefined
      ? {}
      : {
          checkpoint: {
            index: ledger.index,
            term: ledger.term,
            rows: ledger.rows,
            digest: ledger.digest,
            hashMatches: true as const,
          },
        }),
  }
}
