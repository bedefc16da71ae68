import t from 'tap'
import { type BatchItem, batchTime, decodeBatch, encodeBatch } from '../src/replica/batch.ts'

const items: BatchItem[] = [
  { kind: 'client', session: 2 ** 40 + 7, generation: 3, bytes: Buffer.from([1, 2, 3]) },
  { kind: 'internal', bytes: Buffer.from([9]) },
  { kind: 'client', session: 0, generation: 0, bytes: Buffer.alloc(0) },
]
const time = { timeMs: 123_456, wallMs: 1_795_000_000_000 }

t.test('an entry gives back the items and times that were put in', async (t) => {
  const data = encodeBatch(items, { from: 0, to: 3 }, time)
  const batch = decodeBatch(data, 5)
  t.same({ timeMs: batch.timeMs, wallMs: batch.wallMs }, time)
  t.same(
    batch.items.map((item) => ({ ...item, bytes: [...item.bytes] })),
    items.map((item) => ({ ...item, bytes: [...item.bytes] })),
  )
  t.same(batchTime(data, 5), time)
})

t.test('a range of the items makes an entry of its own', async (t) => {
  const batch = decodeBatch(encodeBatch(items, { from: 1, to: 2 }, time), 5)
  t.equal(batch.items.length, 1)
  t.equal(batch.items[0]?.kind, 'internal')
})

t.test('an entry without items only carries the time', async (t) => {
  t.same(decodeBatch(encodeBatch([], { from: 0, to: 0 }, time), 5).items, [])
})

t.test('an entry that is cut or changed is refused by index, never skipped', async (t) => {
  const data = encodeBatch(items, { from: 0, to: 3 }, time)
  for (let size = 0; size < data.length; size++) {
    const cut = data.subarray(0, size)
    try {
      t.ok(decodeBatch(cut, 77).items.length < 3, `cut at ${size}: only whole items`)
    } catch (error) {
      t.match(error, { code: 'ENTRY_UNREADABLE', message: /log entry 77/ })
    }
  }
  const otherVersion = Buffer.from(data)
  otherVersion[0] = 2
  t.throws(() => decodeBatch(otherVersion, 77), { code: 'ENTRY_UNREADABLE' })
  for (const odd of [Number.NaN, Number.POSITIVE_INFINITY]) {
    for (const times of [
      { timeMs: odd, wallMs: 5 },
      { timeMs: 5, wallMs: odd },
    ]) {
      const timeless = encodeBatch(items, { from: 0, to: 3 }, times)
      t.throws(() => decodeBatch(timeless, 77), { code: 'ENTRY_UNREADABLE', message: /finite/ })
    }
  }
})
