import { nothing } from '../../src/directory.ts'
import { diskStores } from '../../src/disk-stores.ts'
import { MemoryDisk } from '../../src/memory-disk.ts'
import type { NodeStorage } from '../../src/node-storage.ts'
import { openNodeStorage } from '../../src/open-node-storage.ts'
import { resetForRejoin } from '../../src/rejoin.ts'
import { confState, directory, entriesOf, hard, tiny } from '../kit.ts'
import { live, makeLeader, Witness } from '../scenario.ts'

/** A node's directory that a real run left behind, with what was promised of it. */
export interface Image {
  readonly name: string
  readonly clusterId: string
  readonly nodeId: string
  readonly disk: MemoryDisk
  readonly witness: Witness
  readonly rejoining: boolean
  /** Nothing was ever acknowledged in it: without its superblock it is like a directory that is new. */
  readonly blank: boolean
  /** The directory as it was on the disk at earlier moments of the same run, oldest first. */
  readonly earlier: readonly MemoryDisk[]
}

export const imageNames = ['stopped', 'killed', 'snapshot', 'rejoin-marker', 'rejoined'] as const
export type ImageName = (typeof imageNames)[number]

export interface ImageOwner {
  readonly clusterId: string
  readonly nodeId: string
}

/** Old segments stay, so that there are several to be damaged. */
const limits = { ...tiny, tailEntriesMax: 1000, tailBytesMax: 1024 * 1024 }

/** Opens a directory as the node that it belongs to would. */
export function openImage(disk: MemoryDisk, owner: ImageOwner): Promise<NodeStorage> {
  const { clusterId, nodeId } = owner
  const stores = diskStores(disk)
  const initial = { index: 0, term: 0, confState }
  return openNodeStorage({ directory, clusterId, nodeId, disk, stores, limits, initial })
}

/** Runs a node's life in small and takes its directory. */
export async function makeImage(
  name: ImageName,
  owner: ImageOwner = { clusterId: 'erp', nodeId: '1' },
): Promise<Image> {
  const disk = new MemoryDisk()
  const rejoining = name.startsWith('rejoin')
  const witness = new Witness(rejoining ? nothing.confState : confState)
  const common = { name, ...owner, witness, rejoining }
  if (rejoining) {
    await (await openImage(disk, owner)).close()
    await resetForRejoin({ directory, ...owner, disk, stores: diskStores(disk), limits })
    // What was set aside is not the node's directory any more.
    for (const path of disk.files().keys()) if (!path.startsWith(`${directory}/`)) disk.plant(path, undefined)
    if (name === 'rejoin-marker') return { ...common, disk: disk.clone(), blank: true, earlier: [] }
  }
  const storage = await openImage(disk, owner)
  const earlier = rememberMoments(disk)
  if (name === 'rejoined') {
    witness.startsAcked = storage.starts
    const leader = await makeLeader()
    await witness.append(storage, { hardState: hard(4, 0, 0) })
    await witness.install(storage, leader, hard(4, 0, 55))
    await leader.close()
  } else {
    const leader = name === 'snapshot' ? await makeLeader() : undefined
    await live(storage, witness, leader)
    await leader?.close()
    if (name === 'killed') await goOn(storage, witness)
  }
  disk.before = undefined
  // The image of a node that was killed: nothing was tidied up, the last append was acknowledged.
  const killed = disk.clone()
  await storage.close()
  return { ...common, disk: name === 'stopped' ? disk.clone() : killed, blank: false, earlier }
}

/** Several segments behind the last checkpoint: nothing but the log knows what is in them. */
async function goOn(storage: NodeStorage, witness: Witness): Promise<void> {
  for (let i = 0; i < 8; i++) {
    const next = storage.log.lastIndex() + 1
    await witness.append(storage, { hardState: hard(5, 3, next - 1), entries: entriesOf(next, 6, 5, 200) })
  }
}

/** Takes the durable state before each call that changes something. */
function rememberMoments(disk: MemoryDisk): MemoryDisk[] {
  const moments: MemoryDisk[] = []
  disk.before = (call) => {
    if (call.mutates) moments.push(disk.clone())
  }
  return moments
}
