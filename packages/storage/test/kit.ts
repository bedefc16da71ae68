import { Buffer } from 'node:buffer'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskStores, forgetLocks } from '../src/disk-stores.ts'
import type { StorageLimits } from '../src/limits.ts'
import type { MemoryDisk } from '../src/memory-disk.ts'
import type { NodeStorage } from '../src/node-storage.ts'
import type { OpenNodeStorageOptions } from '../src/open-node-storage.ts'
import { openNodeStorage } from '../src/open-node-storage.ts'
import type { ConfState, Entry, HardState } from '../src/types.ts'

export const confState: ConfState = {
  voters: [1, 2, 3],
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
}

export const directory = 'n1'

/** So small that a handful of entries fills a segment. */
export const tiny: Partial<StorageLimits> = {
  segmentSize: 4096,
  tailBytesMax: 0,
  tailEntriesMax: 3,
  chunkSize: 64,
}

export function entriesOf(first: number, count: number, term: number, size = 40): Entry[] {
  return Array.from({ length: count }, (_, i) => ({
    index: first + i,
    term,
    type: i % 5 === 4 ? 'confChangeV2' : 'normal',
    data: Buffer.alloc(size + i, first + i),
  }))
}

export function hard(term: number, vote: number, commit: number): HardState {
  return { term, vote, commit }
}

export function openOn(
  disk: MemoryDisk,
  options: Partial<OpenNodeStorageOptions> = {},
): Promise<NodeStorage> {
  return openNodeStorage({
    directory,
    clusterId: 'erp',
    nodeId: '1',
    disk,
    stores: diskStores(disk),
    limits: tiny,
    initial: { index: 0, term: 0, confState },
    ...options,
  })
}

/** The power fails and comes back; the process that held the directory is gone. */
export function powerCycle(disk: MemoryDisk): void {
  disk.crash()
  forgetLocks(disk)
}

export function allEntries(storage: NodeStorage): Entry[] {
  const { log } = storage
  if (log.lastIndex() < log.firstIndex()) return []
  const entries = log.entries(log.firstIndex(), log.lastIndex() + 1, Number.POSITIVE_INFINITY)
  if (typeof entries === 'string') throw new Error(entries)
  return [...entries]
}

/** A small generator of numbers from 0 up to 1 that a seed repeats (xorshift). */
export function randomFrom(seed: number): () => number {
  let state = (seed + 1) * 0x9e3779b1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'tranca-storage-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
