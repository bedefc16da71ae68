import { encodeConfChange } from '@tranca/raft-ts'
import t from 'tap'
import { addChange, promoteChange, removeChange } from '../src/members/changes.ts'
import { storedElectorates } from '../src/members/electorate.ts'
import { PeerMemory } from '../src/members/memory.ts'
import { type OwnState, RollCall } from '../src/members/roll-call.ts'
import type { Hello, Memory } from '../src/peers/greeting.ts'

function hello(id: number, more: Partial<Hello> = {}): Hello {
  return {
    version: 1,
    cluster: 'c',
    id,
    name: `n${id}`,
    peer: '127.0.0.1:1',
    client: '127.0.0.1:2',
    standing: 'member',
    starts: 1,
    run: `run-${id}`,
    lastIndex: 10,
    founders: 'f',
    ...more,
  }
}

const own: OwnState = { standing: 'member', starts: 5, run: 'r5', lastIndex: 100 }
const nothing: Memory = { starts: 0, run: '', lastIndex: 0, founders: [] }

function call(state: OwnState, voters = [1, 2, 3]): RollCall {
  return new RollCall({ self: 1, own: state, electorates: [{ index: 0, voters }] })
}

t.test('a node takes no part until a quorum has answered', async (t) => {
  const roll = call(own, [1, 2, 3, 4, 5])
  t.same(roll.verdict(), { kind: 'wait' })
  const memory = { starts: 4, run: 'r4', lastIndex: 100, founders: [] }
  t.same(roll.onWelcome({ self: hello(2), memory }), { kind: 'wait' })
  t.same(roll.onWelcome({ self: hello(2), memory }), { kind: 'wait' }, 'the same voice counts once')
  t.same(roll.onWelcome({ self: hello(9), memory }), { kind: 'wait' }, 'only voters count')
  t.same(roll.onWelcome({ self: hello(3), memory }), { kind: 'vouched' })
})

t.test('a single node vouches for itself', async (t) => {
  t.same(call(own, [1]).verdict(), { kind: 'vouched' })
  t.match(call({ ...own, standing: 'new' }, [1]).verdict(), { kind: 'found' })
})

t.test('an older copy of a directory is noticed by its start count', async (t) => {
  const verdict = call(own).onWelcome({
    self: hello(2),
    memory: { starts: 6, run: 'r6', lastIndex: 50, founders: [] },
  })
  t.match(verdict, { kind: 'join', starts: 7, reason: /6 starts/ })
})

t.test('two runs under one start number betray a copy', async (t) => {
  const same = call(own).onWelcome({
    self: hello(2),
    memory: { starts: 5, run: 'r5', lastIndex: 50, founders: [] },
  })
  t.same(same, { kind: 'vouched' }, 'the very run that is asking')
  const other = call(own).onWelcome({
    self: hello(2),
    memory: { starts: 5, run: 'other', lastIndex: 50, founders: [] },
  })
  t.match(other, { kind: 'join', starts: 6 })
})

t.test('a log that ends before what it had acknowledged is noticed', async (t) => {
  const verdict = call(own).onWelcome({
    self: hello(2),
    memory: { starts: 4, run: 'r4', lastIndex: 101, founders: [] },
  })
  t.match(verdict, { kind: 'join', reason: /up to 101, its log ends at 100/ })
})

const fresh: OwnState = { standing: 'new', starts: 1, run: 'r1', lastIndex: 0 }

t.test('all founders must be empty together to begin a cluster', async (t) => {
  const roll = call(fresh)
  t.same(roll.onWelcome({ self: hello(2, { standing: 'new' }), memory: nothing }), { kind: 'wait' })
  const found = roll.onWelcome({ self: hello(3, { standing: 'new' }), memory: nothing })
  t.match(found, { kind: 'found' })
  if (found.kind === 'found')
    t.same(
      [...found.runs],
      [
        [2, 'run-2'],
        [3, 'run-3'],
      ],
    )
})

t.test('an empty node that meets a member joins: its directory may not always have been empty', async (t) => {
  t.match(call(fresh).onWelcome({ self: hello(2), memory: nothing }), { kind: 'join', starts: 2 })
  const known = { starts: 3, run: '', lastIndex: 44, founders: [] }
  t.match(call(fresh).onWelcome({ self: hello(2), memory: known }), { kind: 'join', starts: 4 })
})

t.test('a founder that was a moment faster says that it met this very run', async (t) => {
  const founders: [number, string][] = [
    [1, 'r1'],
    [3, 'run-3'],
  ]
  const met = { starts: 1, run: 'r1', lastIndex: 0, founders }
  const verdict = call(fresh).onWelcome({ self: hello(2), memory: met })
  t.match(verdict, { kind: 'found' })
  if (verdict.kind === 'found') {
    t.equal(verdict.runs.get(2), 'run-2')
    t.equal(verdict.runs.get(3), 'run-3', 'whom only the other one has met is a founder as well')
  }
  const memory = new PeerMemory()
  memory.founded(new Map([[2, 'run-2']]))
  t.strictSame(memory.greeted(hello(2)).founders, [[2, 'run-2']])
  t.strictSame(
    memory.greeted(hello(2, { run: 'another', starts: 2 })).founders,
    [],
    'another run is another matter',
  )
})

t.test('only members vouch for a member', async (t) => {
  const memory = { starts: 4, run: 'r4', lastIndex: 100, founders: [] }
  const roll = call(own)
  t.same(roll.onWelcome({ self: hello(2, { standing: 'joining' }), memory }), { kind: 'wait' })
  t.same(roll.onWelcome({ self: hello(3, { standing: 'new' }), memory }), { kind: 'wait' })
  t.same(roll.onWelcome({ self: hello(3), memory }), { kind: 'vouched' })
})

t.test('a node that is not among the founders joins', async (t) => {
  const founders = { index: 0, voters: [1, 2, 3] }
  t.match(new RollCall({ self: 4, own: fresh, electorates: [founders] }).verdict(), { kind: 'join' })
})

const agrees: Memory = { starts: 4, run: 'r4', lastIndex: 100, founders: [] }

// Found by the simulator, seeds 4000, 2937 and 3034 at ed146a1: all whom the directory knew had been replaced.
t.test('the newest electorate decides whose word counts', async (t) => {
  const roll = call(own, [1, 2, 3])
  const newer = { index: 150, voters: [1, 4, 5] }
  t.same(roll.onWelcome({ self: hello(2), memory: agrees }), { kind: 'vouched' }, 'for want of better')
  t.same(roll.onWelcome({ self: hello(9, { electorate: { index: 160, voters: [9] } }), memory: agrees }), {
    kind: 'vouched',
  })
  t.same(
    roll.onWelcome({ self: hello(4, { standing: 'joining', electorate: newer }), memory: agrees }),
    { kind: 'wait' },
    'the word of one that was replaced counts no more',
  )
  t.notOk(roll.hasHeardAll)
  t.same(roll.onWelcome({ self: hello(5), memory: agrees }), { kind: 'vouched' })
  t.ok(roll.hasHeardAll)
})

t.test('a stranger that remembers more is believed', async (t) => {
  const verdict = call(own).onWelcome({ self: hello(9), memory: { ...agrees, starts: 6, run: 'r6' } })
  t.match(verdict, { kind: 'join', starts: 7 })
})

t.test('one that waits to be added is no sign of a cluster', async (t) => {
  const roll = call(fresh)
  t.same(roll.onWelcome({ self: hello(4, { standing: 'joining' }), memory: nothing }), { kind: 'wait' })
  t.match(roll.onWelcome({ self: hello(4), memory: nothing }), { kind: 'join' })
})

// Found by the simulator, seed 40354 at e7ff8c1: the last checkpoint was damaged, the log was whole.
t.test('the log tells of electorates after the checkpoint', async (t) => {
  const changes = [removeChange(2), addChange({ id: 4, name: 'n4', peer: 'p', client: 'c' })]
  const log = (commit: number) => ({
    hardState: { term: 1, vote: 0, commit },
    lastIndex: () => 14,
    entries: () => [
      { index: 11, term: 1, type: 'normal' as const, data: new Uint8Array(0) },
      ...changes.map((change, at) => ({ index: 12 + at, term: 1, ...encodeConfChange(change) })),
      {
        index: 14,
        term: 1,
        ...encodeConfChange(promoteChange({ id: 4, starts: 1, run: 'r', lastIndex: 9 })),
      },
    ],
  })
  const before = { index: 10, voters: [1, 2, 3] }
  const stored = (commit: number) => storedElectorates(log(commit), before).map(({ voters }) => voters)
  t.same(
    stored(11),
    [
      [1, 2, 3],
      [1, 3],
      [1, 3],
      [1, 3, 4],
    ],
    'any of them may be in force',
  )
  t.same(stored(12), [
    [1, 3],
    [1, 3],
    [1, 3, 4],
  ])
  t.same(stored(14), [[1, 3, 4]])
  const away = { self: 1, own, electorates: storedElectorates(log(11), before) }
  t.same(new RollCall(away).onWelcome({ self: hello(5), memory: agrees }), { kind: 'wait' })
  t.same(new RollCall(away).onWelcome({ self: hello(2), memory: agrees }), { kind: 'vouched' })
  t.same(new RollCall(away).onWelcome({ self: hello(4), memory: agrees }), { kind: 'vouched' })
})

t.test('the memory answers what was known before the greeting, and only grows', async (t) => {
  const memory = new PeerMemory()
  t.same(memory.greeted(hello(2, { starts: 3, run: 'a' })), nothing)
  memory.acknowledged(2, 40)
  memory.acknowledged(2, 30)
  t.match(memory.greeted(hello(2, { starts: 4, run: 'b' })), { starts: 3, run: 'a', lastIndex: 40 })
  t.match(memory.greeted(hello(2, { starts: 2, run: 'old' })), { starts: 4, run: 'b', lastIndex: 40 })
  t.same(memory.of(2), { starts: 4, run: 'b', lastIndex: 40 }, 'an old copy changes nothing')
  memory.remember(2, { starts: 4, run: 'other', lastIndex: 50 })
  t.same(memory.of(2), { starts: 4, run: 'b', lastIndex: 50 })
  t.same(memory.all(), [{ id: 2, starts: 4, run: 'b', lastIndex: 50 }])
  memory.remember(3, { starts: 7, run: 'c', lastIndex: 9 })
  t.match(
    memory.greeted(hello(3, { starts: 7, run: 'd' })),
    { starts: 7, run: 'c' },
    'two runs under one number',
  )
})
