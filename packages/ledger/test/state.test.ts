import fc from 'fast-check'
import t from 'tap'
import { IdMap } from '../src/id-map.ts'
import { Ledger } from '../src/index.ts'
import { Timers } from '../src/timers.ts'
import { type Client, GAPLESS, granted, lockOperation, outcome, seeded, World } from './kit.ts'

function busyWorld(): { world: World; clients: Client[] } {
  const world = new World()
  const clients = ['a', 'b', 'c'].map((name) => world.open(name, { lockDelayMs: 1_000 }))
  const [a, b, c] = clients as [Client, Client, Client]
  const dead = world.open('dead', { lockDelayMs: 7_000 })
  a.lock('u', ['A', 'B'])
  a.lock('u', 'A')
  dead.lock('x', 'D')
  b.lock('v1', 'A', -1)
  c.lock('w', ['B', 'A'], 9_000)
  b.lock('v2', 'A', 8_000, 'shared')
  c.lock('w2', 'D', 9_000)
  a.permits('u', 'S', 2, 0, 2)
  b.permits('v1', 'S', 1, 9_000)
  a.do({ op: 'code.reserve', owner: 'u', code: 'k' })
  a.reserve('u', 'nf', { spec: GAPLESS, ttlMs: 9_000 })
  a.reserve('u', 'nf')
  a.reserve('u', 'nf')
  a.rollBack('u', 'nf', '000002')
  world.expire(dead)
  return { world, clients }
}

await t.test('O10: queues, holders, timers and numbers are identical after a failover', async (t) => {
  const one = busyWorld()
  const two = busyWorld()
  t.same(two.world.rows(), one.world.rows(), 'the same commands give the same rows')
  two.world.failOver()
  one.world.newLeader()
  t.same(two.world.rows(), one.world.rows())
  t.equal(two.world.ledger.nextDeadlineMs(), one.world.ledger.nextDeadlineMs())
  for (const { world, clients } of [one, two]) {
    const [a, b] = clients as [Client, Client]
    world.answers.length = 0
    world.pass(7_500)
    a.unlock('u', 'A')
    world.pass(600)
    world.expire(a)
    world.pass(2_000)
    b.unlock('v1', 'A')
    granted(b.reserve('v', 'nf'))
  }
  t.same(two.world.answers, one.world.answers)
  t.same(two.world.rows(), one.world.rows())
  t.same(two.world.events.slice(-20), one.world.events.slice(-20), 'with the same revisions')
  t.ok(one.world.answers.length >= 4)
})

await t.test('changes: only what changed, one for each key, nothing for what came and went', async (t) => {
  const world = new World()
  const a = world.open('a')
  world.ledger.takeChanges()
  a.lock('u', 'A')
  a.unlock('u', 'A')
  t.same(keys(world), ['a/1/1', 'a/1/2', 's/1', 'x'])
  a.do(lockOperation('u', 'B'), [1, 2])
  t.same(keys(world), ['a/1/1 -', 'a/1/2 -', 'a/1/3', 'l/erp\0B', 's/1', 'x'])
  a.unlock('u', 'B')
  a.lock('u', 'B')
  t.same(keys(world), ['a/1/4', 'a/1/5', 'l/erp\0B', 's/1', 'x'], 'ended and begun again')
  t.same(keys(world), [])
  world.begin()
  t.same(keys(world), ['x'])
})

function keys(world: World): string[] {
  return world.ledger
    .takeChanges()
    .map(({ key, value }) => (value === undefined ? `${key} -` : key))
    .sort()
}

await t.test('an unknown row is refused, not dropped', async (t) => {
  const options = { sink: { answer: () => {}, event: () => {} } }
  t.throws(
    () => Ledger.restore([{ key: 'zz/1', value: 1 }], options),
    /row "zz\/1": "zz\/1" is not the key of a known table/,
  )
})

await t.test('events have revisions without a hole, also over a failover', async (t) => {
  const { world, clients } = busyWorld()
  world.failOver()
  clients[1]!.do({ op: 'session.close' })
  t.same(
    world.events.map((event) => event.revision),
    world.events.map((_event, at) => at + 1),
  )
  t.equal(world.ledger.revision, world.events.length)
})

await t.test(
  'what is due at once happens in the order of deadlines, each settled before the next',
  async (t) => {
    const world = new World()
    const [a, b, c] = [world.open('a', { lockDelayMs: 1_000 }), world.open('b'), world.open('c')]
    a.lock('u', 'A')
    world.expire(a)
    b.lock('v', 'A', 1_001)
    c.lock('w', 'A', 1_002)
    world.pass(60_000)
    t.same(
      world.answers.map(({ session, result }) => [session, outcome(result)]),
      [
        [b.session, 'ok'],
        [c.session, 'timeout'],
      ],
    )
  },
)

await t.test('timers: earliest first, equal ones by order, cleared ones never', async (t) => {
  const timers = new Timers()
  const all = Array.from({ length: 500 }, (_, at) => {
    return { timer: 'wait' as const, deadlineMs: (at * 7_919) % 50, order: at, heapAt: -1 }
  })
  for (const timed of all) timers.set(timed)
  const cleared = all.filter((timed) => timed.order % 3 === 0)
  for (const timed of cleared) timers.clear(timed)
  for (const timed of cleared) timers.clear(timed)
  const fired: number[] = []
  for (let due = timers.popDue(49); due !== undefined; due = timers.popDue(49)) fired.push(due.order)
  const expected = all
    .filter((timed) => timed.order % 3 !== 0)
    .sort((x, y) => x.deadlineMs - y.deadlineMs || x.order - y.order)
  t.same(
    fired,
    expected.map((timed) => timed.order),
  )
  t.equal(timers.size, 0)
})

await t.test('an IdMap does what a Map does', async (t) => {
  const step = fc.record({
    id: fc.oneof(fc.nat(40), fc.constantFrom(2 ** 40, 2 ** 40 + 8, 2 ** 32)),
    add: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const map = new Map<number, { id: number }>()
      const mine = new IdMap<{ id: number }>()
      for (const { id, add } of steps) {
        if (!add) {
          map.delete(id)
          mine.delete(id)
        } else if (!map.has(id)) {
          const value = { id }
          map.set(id, value)
          mine.add(value)
        }
        for (const known of [id, id + 8, 3]) if (mine.get(known) !== map.get(known)) return false
        if (mine.size !== map.size) return false
      }
      return mine.values().every((value) => map.get(value.id) === value) && mine.values().length === map.size
    }),
    { verbose: 1, ...seeded() },
  )
  t.pass('over random additions and removals')
})
