import type { Entry, HardState, StorageAppend } from '@tranca/raft-ts'
import type { NodeStorage } from '@tranca/storage'
import t from 'tap'
import { Storing } from '../src/replica/storing.ts'

/** A log that notes what it is asked to write. */
function storingOn(hardState: HardState) {
  const writes: { hardState?: HardState; entries: readonly Entry[] }[] = []
  const log = {
    hardState,
    status: 'open',
    append: (write: (typeof writes)[number]) => {
      writes.push(write)
      return Promise.resolve()
    },
  }
  const never = () => t.fail('nothing else is asked for')
  const storing = new Storing({ log } as unknown as NodeStorage, {
    restore: () => {
      throw new Error('no snapshot here')
    },
    installed: never,
    digest: never,
    checkpointWritten: never,
    failed: never,
  })
  return { storing, writes }
}

function request(hardState: HardState | undefined, entries: readonly Entry[] = []): StorageAppend {
  return {
    type: 'storageAppend',
    from: 1,
    to: -1,
    term: 0,
    hardState,
    entries,
    snapshot: undefined,
    responses: [],
  }
}

await t.test('a vote in a term that is known already is written', async (t) => {
  const { storing, writes } = storingOn({ term: 3, vote: 0, commit: 5 })
  const voted = { term: 3, vote: 2, commit: 5 }
  await storing.store(request(voted))
  t.strictSame(writes, [{ hardState: voted, entries: [] }])
})

await t.test('a term and the vote in it are one write', async (t) => {
  const { storing, writes } = storingOn({ term: 3, vote: 1, commit: 5 })
  const later = { term: 4, vote: 2, commit: 5 }
  await storing.store(request(later))
  t.strictSame(writes, [{ hardState: later, entries: [] }])
})

await t.test('a commit that moved waits for the next write', async (t) => {
  const { storing, writes } = storingOn({ term: 3, vote: 1, commit: 5 })
  const moved = { term: 3, vote: 1, commit: 6 }
  await storing.store(request(moved))
  t.strictSame(writes, [], 'no write of its own')
  const entry: Entry = { index: 7, term: 3, type: 'normal', data: new Uint8Array(0) }
  await storing.store(request(undefined, [entry]))
  t.strictSame(writes, [{ hardState: moved, entries: [entry] }])
})

// Found by the simulator, seed 3926 at 42baf71: entry 242 was given to the log before entry 241.
await t.test('what comes behind a snapshot reaches the log in order, however slow its disk is', async (t) => {
  const given: number[] = []
  const written: (() => void)[] = []
  const meta = { index: 5, term: 1, confState: {}, rows: 0, digest: '' }
  const log = {
    hardState: { term: 1, vote: 0, commit: 5 },
    append: ({ entries }: { entries: readonly Entry[] }) => {
      given.push(...entries.map(({ index }) => index))
      return new Promise<void>((resolve) => written.push(resolve))
    },
  }
  let isInstalled: () => void = () => t.fail('nothing installs')
  const finish = () =>
    new Promise((resolve) => {
      isInstalled = () => resolve({ meta, rows: [] })
    })
  const nothing = () => {}
  const storing = new Storing({ log } as unknown as NodeStorage, {
    restore: () => ({}) as never,
    installed: nothing,
    digest: nothing,
    checkpointWritten: nothing,
    failed: (error) => t.fail(error.message),
  })
  const entry = (index: number): Entry => ({ index, term: 1, type: 'normal', data: new Uint8Array(0) })
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  storing.hold({ from: 2, term: 1, meta, incoming: { finish } } as never)
  const all = [storing.store({ ...request(undefined), snapshot: { index: 5 } as never })]
  for (const index of [6, 7]) all.push(storing.store(request(undefined, [entry(index)])))
  await turn()
  isInstalled()
  await turn()
  all.push(storing.store(request(undefined, [entry(8)])))
  while (written.length > 0) {
    written.shift()!()
    await turn()
  }
  await Promise.all(all)
  t.strictSame(given, [6, 7, 8])
})
