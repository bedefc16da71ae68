import { createDirectory, ledgerNumber, nothing } from './directory.ts'
import type { Disk } from './disk.ts'
import { parentOf } from './disk.ts'
import { errorCode, StorageRefusal } from './errors.ts'
import { levelStores } from './level-stores.ts'
import { resolveLimits } from './limits.ts'
import { nodeDisk } from './node-disk.ts'
import type { OpenNodeStorageOptions } from './open-node-storage.ts'
import type { Stores } from './stores.ts'
import { readSuperblock } from './superblock.ts'

export interface ResetOptions extends Omit<OpenNodeStorageOptions, 'onRow' | 'initial'> {
  /** The count of starts that other members remember, if it is known: the new one begins above it. */
  readonly startsAtLeast?: number
}

/**
 * Sets a damaged directory aside and puts an empty one in its place that knows that it is `rejoining`: the
 * node takes part without a vote until it has caught up. Nothing is deleted. Refuses with LOCKED while a
 * process uses the directory. A crash at any moment leaves the old directory or the new one.
 */
export async function resetForRejoin(options: ResetOptions): Promise<{ setAside?: string; starts: number }> {
  const disk = options.disk ?? nodeDisk('.')
  const stores = options.stores ?? levelStores('.')
  const { directory } = options
  // When not even the superblock can be read, only the others know the count.
  const old = await readSuperblock(disk, directory).catch((error: unknown) => {
    if (errorCode(error) === 'CRASHED') throw error
    return undefined
  })
  await refuseIfLocked(disk, stores, directory)
  const starts = Math.max(old?.state.starts ?? 0, options.startsAtLeast ?? 0)
  const fresh = `${directory}.rejoin`
  // What an interrupted try left there was never in use.
  await disk.remove(fresh)
  await stores.remove(fresh)
  const context = {
    directory: fresh,
    clusterId: options.clusterId,
    nodeId: options.nodeId,
    disk,
    stores,
    limits: resolveLimits(options.limits),
  }
  await disk.makeDirectory(fresh)
  const ledger = await createDirectory(context, nothing, { starts, rejoining: true })
  await ledger.close()

  const aside = (await disk.exists(directory)) ? await freeName(disk, directory) : undefined
  if (aside !== undefined) await disk.rename(directory, aside)
  await disk.rename(fresh, directory)
  await disk.syncDirectory(parentOf(directory))
  return { ...(aside !== undefined && { setAside: aside }), starts }
}

/** Tries every ledger that lies there: without a superblock nobody can say which one is in use. */
async function refuseIfLocked(disk: Disk, stores: Stores, directory: string): Promise<void> {
  const names = await disk.list(directory).catch((error: unknown) => {
    if (errorCode(error) === 'NOT_FOUND') return []
    throw error
  })
  for (const name of names) {
    if (ledgerNumber(name) === 0) continue
    try {
      const store = await stores.open(`${directory}/${name}`, { create: false })
      await store.close()
    } catch (error) {
      if (errorCode(error) !== 'LOCKED') continue
      throw new StorageRefusal('LOCKED', 'a process uses the directory', { file: directory, cause: error })
    }
  }
}

async function freeName(
  disk: { exists(path: string): Promise<boolean> },
  directory: string,
): Promise<string> {
  for (let number = 1; ; number++) {
    const name = `${directory}.damaged-${number}`
    if (!(await disk.exists(name))) return name
  }
}
