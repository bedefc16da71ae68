import type { Disk } from './disk.ts'
import { StorageRefusal } from './errors.ts'
import { LedgerStore } from './ledger-store.ts'
import type { StorageLimits } from './limits.ts'
import type { Stores } from './stores.ts'
import { Superblock } from './superblock.ts'
import type { CheckpointMeta } from './types.ts'
import { isZero } from './wal/layout.ts'
import { segmentName, segmentOf } from './wal/segment-header.ts'

/*
 *   superblock      who it belongs to, how far the log had got, which ledger is current
 *   log/            segments
 *   ledger-<n>/     rows of the last checkpoint; n grows with each installed snapshot
 */
export const logFolder = 'log'

/** Number of a ledger's folder; 0 for other names. */
export function ledgerNumber(name: string): number {
  return /^ledger-[1-9]\d{0,8}$/.test(name) ? Number(name.slice(7)) : 0
}

/** A directory and how to reach it. */
export interface Context {
  readonly directory: string
  readonly clusterId: string
  readonly nodeId: string
  readonly disk: Disk
  readonly stores: Stores
  readonly limits: StorageLimits
}

/** Where a log begins that never held anything. */
export const nothing: CheckpointMeta = {
  index: 0,
  term: 0,
  confState: { voters: [], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false },
}

/** Makes log and ledger, and last the superblock: from then on the directory counts. */
export async function createDirectory(
  context: Context,
  initial: CheckpointMeta,
  state: { starts: number; rejoining: boolean },
): Promise<LedgerStore> {
  const { directory, disk, stores, limits } = context
  const log = `${directory}/${logFolder}`
  await disk.makeDirectory(log)
  for (const name of await disk.list(log)) {
    if (segmentOf(name) === undefined || isZero(await disk.read(`${log}/${name}`))) continue
    throw new StorageRefusal('SUPERBLOCK_DAMAGED', 'the superblock is missing, but the log holds entries', {
      file: `${log}/${name}`,
    })
  }
  for (const name of await disk.list(directory)) {
    if (ledgerNumber(name) > 1) {
      throw new StorageRefusal('SUPERBLOCK_DAMAGED', 'the superblock is missing, but there is a ledger', {
        file: `${directory}/${name}`,
      })
    }
  }
  await mustHaveRoom(context)
  const folder = 'ledger-1'
  const ledger = await LedgerStore.create(stores, `${directory}/${folder}`, limits, initial)
  try {
    if (await disk.exists(`${directory}/superblock`)) {
      throw new StorageRefusal('LOCKED', 'another process made this directory at the same moment', {
        file: directory,
      })
    }
    await disk.preallocate(`${log}/${segmentName(1)}`, limits.segmentSize)
    await disk.syncDirectory(directory)
    await Superblock.create(disk, directory, {
      clusterId: context.clusterId,
      nodeId: context.nodeId,
      starts: state.starts,
      rejoining: state.rejoining,
      log: {
        segment: 1,
        segmentSize: limits.segmentSize,
        record: 0,
        lastIndex: 0,
        lastTerm: 0,
        hardTerm: 0,
      },
      ledger: { folder, baseIndex: initial.index, baseTerm: initial.term },
      checkpoint: initial.index,
      peers: {},
      clean: true,
    })
    return ledger
  } catch (error) {
    await ledger.close().catch(() => {})
    throw error
  }
}

/** A log that could not even prepare its second segment would stop the node after a few minutes of work. */
async function mustHaveRoom({ directory, disk, limits }: Context): Promise<void> {
  const free = await disk.freeSpace(directory)
  const needed = 2 * limits.segmentSize + limits.freeSpaceMin
  if (free >= needed) return
  const text = `a new directory needs ${needed} bytes on its disk, and ${free} are free`
  throw new StorageRefusal('DISK_FULL', text, { file: directory })
}
