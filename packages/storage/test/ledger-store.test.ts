import t from 'tap'
import { diskStores } from '../src/disk-stores.ts'
import { rowPrefix } from '../src/ledger-rows.ts'
import { LedgerStore } from '../src/ledger-store.ts'
import { resolveLimits } from '../src/limits.ts'
import { MemoryDisk } from '../src/memory-disk.ts'
import type { StoreOperation, Stores } from '../src/stores.ts'
import { confState, directory, entriesOf, hard, openOn, tiny } from './kit.ts'

const path = 'ledger'
const limits = resolveLimits(tiny)

/** Stores that note what is written, call by call. */
function noting(stores: Stores) {
  const writes: (readonly StoreOperation[])[] = []
  const noted: Stores = {
    ...stores,
    open: async (at, options) => {
      const store = await stores.open(at, options)
      return {
        get: (key) => store.get(key),
        view: () => store.view(),
        close: () => store.close(),
        write: (operations) => {
          writes.push(operations)
          return store.write(operations)
        },
      }
    },
  }
  return { noted, writes }
}

const changes = ['a', 'b', 'c'].map((key) => ({ key, value: { of: key } }))

await t.test('rows and the index that they stand for are one atomic write', async (t) => {
  const { noted, writes } = noting(diskStores(new MemoryDisk()))
  const ledger = await LedgerStore.create(noted, path, limits, { index: 0, term: 0, confState })
  writes.length = 0
  const prepared = await ledger.prepare(changes, { index: 7, term: 1, confState })
  t.equal(writes.length, 0)
  await prepared.write()
  t.equal(writes.length, 1)
  t.equal(writes[0]!.length, changes.length + 1, 'all rows, and the description')
  await ledger.close()
})

await t.test('a row that the store has lost is noticed at the next start', async (t) => {
  const stores = diskStores(new MemoryDisk())
  const ledger = await LedgerStore.create(stores, path, limits, { index: 0, term: 0, confState })
  await (await ledger.prepare(changes, { index: 7, term: 1, confState })).write()
  await ledger.close()
  const rows: string[] = []
  await (await LedgerStore.load(stores, path, limits, ({ key }) => rows.push(key))).close()
  t.strictSame(rows, ['a', 'b', 'c'])

  const store = await stores.open(path, { create: false })
  await store.write([{ type: 'del', key: `${rowPrefix}b` }])
  await store.close()
  await t.rejects(
    LedgerStore.load(stores, path, limits, () => {}),
    { code: 'LEDGER_DAMAGED', message: /2 rows with hash/ },
  )
})

await t.test('a log whose last segment is gone is refused', async (t) => {
  const disk = new MemoryDisk()
  const storage = await openOn(disk)
  for (let i = 1; i < 40; i += 5)
    await storage.log.append({ hardState: hard(1, 1, i), entries: entriesOf(i, 5, 1, 200) })
  await storage.close()
  const segments = [...disk.files()].filter(([name]) => name.includes('/log/')).sort()
  const used = segments.filter(([, bytes]) => bytes.some((byte) => byte !== 0))
  t.ok(used.length >= 2, `${used.length} segments in ${directory} were in use`)
  for (const [name] of segments) if (name >= used.at(-1)![0]) disk.plant(name, undefined)
  await t.rejects(openOn(disk), { code: 'LOG_SHORT' })
})

await t.test('a creation that fails leaves the store free for the next one', async (t) => {
  const disk = new MemoryDisk()
  const stores = diskStores(disk)
  const meta = { index: 0, term: 0, confState }
  disk.before = (call) => {
    if (call.operation === 'write') throw new Error('the disk has had enough')
  }
  await t.rejects(LedgerStore.create(stores, path, limits, meta), { message: /had enough/ })
  disk.before = undefined
  const ledger = await LedgerStore.create(stores, path, limits, meta)
  t.equal(ledger.meta.index, 0)
  await ledger.close()
})
