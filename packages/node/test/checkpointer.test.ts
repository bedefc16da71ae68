import type { Ledger } from '@tranca/ledger'
import type { ConfState, Entry } from '@tranca/raft-ts'
import t from 'tap'
import { Checkpointer } from '../src/replica/checkpointer.ts'

const confState: ConfState = {
  voters: [1],
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
}

function entry(index: number, size = 10, type: Entry['type'] = 'normal'): Entry {
  return { index, term: 2, type, data: new Uint8Array(size) }
}

/** The indexes at which a member that applies `entries` checkpoints. */
function checkpointsOf(entries: readonly Entry[], changedRows: () => number = () => 0): number[] {
  const indexes: number[] = []
  const checkpointer = new Checkpointer({
    ports: { checkpoint: (_, { index }) => indexes.push(index) },
    every: { entries: 10, size: 1000 },
    ledger: () => ({ takeChanges: () => [], changedRows: changedRows() }) as unknown as Ledger,
  })
  for (const each of entries) checkpointer.applied(each, confState)
  return indexes
}

function entries(from: number, to: number): Entry[] {
  return Array.from({ length: to - from + 1 }, (_, i) => entry(from + i))
}

await t.test('members checkpoint at the same indexes, wherever they began', async (t) => {
  t.strictSame(checkpointsOf(entries(1, 30)), [10, 20, 30])
  t.strictSame(checkpointsOf(entries(17, 30)), [20, 30])
})

await t.test('a log that grows fast is cut in between', async (t) => {
  t.strictSame(checkpointsOf([entry(11), entry(12, 990), entry(13), ...entries(14, 20)]), [12, 20])
})

await t.test('rows that changed do not pile up for one', async (t) => {
  t.strictSame(
    checkpointsOf(entries(11, 19), () => 39_999),
    [],
  )
  let rows = 0
  t.strictSame(
    checkpointsOf(entries(11, 14), () => (rows += 16_000)),
    [13, 14],
  )
})

await t.test('every change of members has a checkpoint', async (t) => {
  t.strictSame(checkpointsOf([entry(11), entry(12, 10, 'confChange'), entry(13)]), [12])
})
