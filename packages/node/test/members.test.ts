import t from 'tap'
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
const nothing: Memory = { starts: 0, run: '', lastIndex: 0 }

function call(state: OwnState, voters = [1, 2, 3]): RollCall {
  return new RollCall({ self: 1, own: state, voters })
}

t.test('a node takes no part until a quorum has answered', async (t) => {
  const roll = call(own, [1, 2, 3, 4, 5])
  t.same(roll.begin(), { kind: 'wait' })
  const memory = { starts: 4, run: 'r4', lastIndex: 100 }
  t.same(roll.onWelcome({ self: hello(2), memory }), { kind: 'wait' })
  t.same(roll.onWelcome({ self: hello(2), memory }), { kind: 'wait' }, 'the same voice counts once')
  t.same(roll.onWelcome({ self: hello(9), memory }), { kind: 'wait' }, 'only voters count')
  t.same(roll.onWelcome({ self: hello(3), memory }), { kind: 'vouched' })
})

t.test('a single node vouches for itself', async (t) => {
  t.same(call(own, [1]).begin(), { kind: 'vouched' })
  t.same(call({ ...own, standing: 'new' }, [1]).begin(), { kind: 'found' })
})

t.test('an older copy of a directory is noticed by its start count', async (t) => {
  const verdict = call(own).onWelcome({ self: hello(2), memory: { starts: 6, run: 'r6', lastIndex: 50 } })
  t.match(verdict, { kind: 'join', starts: 7, reason: /6 starts/ })
})

t.test('two runs under one start number betray a copy', async (t) => {
  const same = call(own).onWelcome({ self: hello(2), memory: { starts: 5, run: 'r5', lastIndex: 50 } })
  t.same(same, { kind: 'vouched' }, 'the very run that is asking')
  const other = call(own).onWelcome({ self: hello(2), memory: { starts: 5, run: 'other', lastIndex: 50 } })
  t.match(other, { kind: 'join', starts: 6 })
})

t.test('a log that ends before what it had acknowledged is noticed', async (t) => {
  const verdict = call(own).onWelcome({ self: hello(2), memory: { starts: 4, run: 'r4', lastIndex: 101 } })
  t.match(verdict, { kind: 'join', reason: /up to 101, its log ends at 100/ })
})

t.test('a quorum of empty founders begins a cluster; a remembered one joins instead', async (t) => {
  const fresh: OwnState = { standing: 'new', starts: 1, run: 'r1', lastIndex: 0 }
  t.same(call(fresh).onWelcome({ self: hello(2, { standing: 'new' }), memory: nothing }), { kind: 'found' })
  const known = call(fresh).onWelcome({ self: hello(2), memory: { starts: 3, run: '', lastIndex: 44 } })
  t.match(known, { kind: 'join', starts: 4 })
})

t.test('a node that is not among the founders joins', async (t) => {
  const fresh: OwnState = { standing: 'new', starts: 1, run: 'r1', lastIndex: 0 }
  t.match(new RollCall({ self: 4, own: fresh, voters: [1, 2, 3] }).begin(), { kind: 'join' })
})

t.test('the memory answers what was known before the greeting, and only grows', async (t) => {
  const memory = new PeerMemory()
  t.same(memory.greeted(hello(2, { starts: 3, run: 'a' })), nothing)
  memory.acknowledged(2, 40)
  memory.acknowledged(2, 30)
  t.same(memory.greeted(hello(2, { starts: 4, run: 'b' })), { starts: 3, run: 'a', lastIndex: 40 })
  t.same(memory.greeted(hello(2, { starts: 2, run: 'old' })), { starts: 4, run: 'b', lastIndex: 40 })
  t.same(memory.of(2), { starts: 4, run: 'b', lastIndex: 40 }, 'an old copy changes nothing')
  memory.remember(2, { starts: 4, lastIndex: 50 })
  t.same(memory.of(2), { starts: 4, run: 'b', lastIndex: 50 })
  t.same(memory.all(), [{ id: 2, starts: 4, lastIndex: 50 }])
})
