import { Buffer } from 'node:buffer'
import type { Test } from 'tap'
import type { NodeStorage } from '../src/node-storage.ts'
import type { OpenNodeStorageOptions } from '../src/open-node-storage.ts'
import { allEntries, entriesOf, hard } from './kit.ts'

export interface LogFactory {
  /** Opens the same directory each time. */
  open(options?: Partial<OpenNodeStorageOptions>): Promise<NodeStorage>
}

/** What every log must do, whatever disk it lies on. */
export async function logConformance(t: Test, make: () => Promise<LogFactory>): Promise<void> {
  const shown = (storage: NodeStorage) => allEntries(storage).map((e) => `${e.index}/${e.term}`)

  await t.test('a new log is empty and answers as Raft expects', async (t) => {
    const storage = await (await make()).open()
    const { log } = storage
    t.equal(storage.isNew, true)
    t.same([log.firstIndex(), log.lastIndex(), log.term(0), log.term(1)], [1, 0, 0, 'unavailable'])
    t.same(log.initialState().hardState, hard(0, 0, 0))
    t.equal(log.entries(1, 2, 100), 'unavailable')
    await storage.close()
  })

  await t.test('what was appended is there at once, and after a restart', async (t) => {
    const factory = await make()
    const storage = await factory.open()
    const written = entriesOf(1, 7, 3)
    const done = storage.log.append({ hardState: hard(3, 2, 5), entries: written })
    t.equal(storage.log.lastIndex(), 7)
    t.equal(storage.log.lastDurableIndex, 0)
    await done
    t.same([storage.log.lastDurableIndex, storage.log.lastDurableTerm], [7, 3])
    await storage.close()
    const again = await factory.open()
    t.same(
      allEntries(again).map((e) => ({ ...e, data: Buffer.from(e.data) })),
      written,
    )
    t.same(again.log.hardState, hard(3, 2, 5))
    t.equal(again.starts, 2)
    t.equal(again.isNew, false)
    await again.close()
  })

  await t.test('entries are cut to a size, but one always comes', async (t) => {
    const storage = await (await make()).open()
    await storage.log.append({ entries: entriesOf(1, 10, 1, 100) })
    t.equal(storage.log.entries(1, 11, 0).length, 1)
    t.equal(storage.log.entries(1, 11, 330).length, 3)
    t.equal(storage.log.entries(4, 6, Number.POSITIVE_INFINITY).length, 2)
    await storage.close()
  })

  await t.test('a conflict replaces what was there from its first index on', async (t) => {
    const factory = await make()
    const storage = await factory.open()
    await storage.log.append({ entries: entriesOf(1, 6, 1) })
    await storage.log.append({ entries: entriesOf(4, 1, 2) })
    t.same(shown(storage), ['1/1', '2/1', '3/1', '4/2'])
    t.equal(storage.log.lastDurableIndex, 4)
    await storage.close()
    const again = await factory.open()
    t.same(shown(again), ['1/1', '2/1', '3/1', '4/2'])
    await again.close()
  })

  await t.test('with appends in flight, durable never says more than the view shows', async (t) => {
    const factory = await make()
    const storage = await factory.open()
    const { log } = storage
    const order: number[] = []
    const first = log.append({ entries: entriesOf(1, 5, 1) }).then(() => order.push(1))
    await Promise.resolve()
    await Promise.resolve()
    // The first write is under way; its entries 3..5 are replaced, and then some replaced again.
    const second = log.append({ entries: entriesOf(3, 4, 2) }).then(() => order.push(2))
    const third = log.append({ entries: entriesOf(5, 1, 3) }).then(() => {
      order.push(3)
      t.equal(log.lastDurableIndex, 5)
    })
    await first
    t.ok(log.lastDurableIndex <= 2 || order.length === 3, `durable up to ${log.lastDurableIndex}`)
    await Promise.all([second, third])
    t.same(order, [1, 2, 3])
    t.same(shown(storage), ['1/1', '2/1', '3/2', '4/2', '5/3'])
    await storage.close()
    const again = await factory.open()
    t.same(shown(again), ['1/1', '2/1', '3/2', '4/2', '5/3'])
    await again.close()
  })

  await t.test('appends of one turn share one write', async (t) => {
    const storage = await (await make()).open()
    const before = storage.log.counters.writes
    await Promise.all(
      Array.from({ length: 8 }, (_, i) => storage.log.append({ entries: entriesOf(i + 1, 1, 1, 8) })),
    )
    t.equal(storage.log.counters.writes - before, 1)
    await storage.close()
  })

  await t.test('a long log runs over many segments and is cut behind a checkpoint', async (t) => {
    const factory = await make()
    const storage = await factory.open()
    for (let i = 1; i <= 200; i += 2) {
      await storage.log.append({ hardState: hard(1, 1, i), entries: entriesOf(i, 2, 1, 90) })
    }
    t.ok(storage.log.sizes.segments > 5)
    await storage.checkpoint([{ key: 'k', value: 1 }], {
      index: 190,
      term: 1,
      confState: storage.meta.confState,
    })
    t.equal(storage.log.firstIndex(), 191)
    t.ok(storage.log.sizes.segments <= 3, `${storage.log.sizes.segments} segments`)
    t.equal(storage.log.term(190), 1)
    t.equal(storage.log.term(189), 'compacted')
    t.equal(storage.log.entries(190, 192, 100), 'compacted')
    t.match(storage.log.snapshot(), { index: 190, term: 1 })
    await storage.close()
    const again = await factory.open()
    t.equal(again.log.lastIndex(), 200)
    t.ok(again.log.firstIndex() <= 191)
    t.same(again.recovered, { fromIndex: 191, toIndex: 200, notes: [] })
    await again.close()
  })

  await t.test('a tail within its bounds stays for slow followers', async (t) => {
    const factory = await make()
    const storage = await factory.open({
      limits: { segmentSize: 4096, tailBytesMax: 1000, tailEntriesMax: 100 },
    })
    for (let i = 1; i <= 50; i++) await storage.log.append({ entries: entriesOf(i, 1, 1, 36) })
    await storage.checkpoint([], { index: 50, term: 1, confState: storage.meta.confState })
    const { entries, memoryBytes } = storage.log.sizes
    t.ok(entries >= 9 && entries <= 12 && memoryBytes >= 900, `${entries} entries, ${memoryBytes} bytes`)
    await storage.close()
  })

  await t.test('an append larger than a write is split, and nothing of it is lost', async (t) => {
    const factory = await make()
    const storage = await factory.open()
    const entries = entriesOf(1, 30, 1, 300)
    await storage.log.append({ hardState: hard(1, 1, 0), entries })
    t.equal(storage.log.lastDurableIndex, 30)
    t.ok(storage.log.counters.writes > 3)
    await t.rejects(storage.log.append({ entries: entriesOf(31, 1, 1, 5000) }), { code: 'ENTRY_TOO_LARGE' })
    t.equal(storage.log.status, 'open')
    await storage.close()
    const again = await factory.open()
    t.equal(allEntries(again).length, 30)
    t.same(Buffer.from(allEntries(again)[29]!.data), entries[29]!.data)
    await again.close()
  })

  await t.test('an append with a hole before it is refused without effect', async (t) => {
    const storage = await (await make()).open()
    await storage.log.append({ entries: entriesOf(1, 2, 1) })
    await t.rejects(storage.log.append({ entries: entriesOf(4, 1, 1) }), { code: 'LOG_FAILED' })
    await storage.log.append({ entries: entriesOf(3, 1, 1) })
    t.equal(storage.log.lastIndex(), 3)
    await storage.close()
    await t.rejects(storage.log.append({ entries: entriesOf(4, 1, 1) }), { code: 'CLOSED' })
  })
}
