import t from 'tap'
import type { Operation } from '../src/index.ts'
import { granted, lockOperation, openOperation, outcome, refused, unbound, World } from './kit.ts'

await t.test('O1: the expiry of a deposed leader, or of a resumed session, is ignored', async (t) => {
  const world = new World()
  const a = world.open('a')
  a.lock('u1', 'A')
  world.newLeader()
  world.expire(a, { term: 1 })
  t.equal(outcome(a.lock('u2', 'A')), 'held', 'the old term does nothing')
  a.resume()
  world.expire(a, { generation: 1 })
  t.equal(outcome(a.lock('u2', 'A')), 'held', 'the old generation does nothing')
  world.expire(a)
  t.equal(outcome(a.lock('u2', 'A')), 'sessionUnknown')
  t.equal(outcome(world.open('b').lock('u1', 'A')), 'ok')
})

await t.test('O3: a waiter whose session ends in the same entry is not granted', async (t) => {
  const world = new World()
  const [holder, dead, next] = [world.open('holder'), world.open('dead'), world.open('next')]
  holder.lock('u', 'A')
  dead.lock('u', 'A', -1)
  next.lock('u', 'A', -1)
  world.begin()
  const { ledger } = world
  ledger.applyInternal({ op: 'session.expire', session: dead.session, generation: 1, term: 1 })
  ledger.apply({
    session: holder.session,
    generation: 1,
    id: 2,
    acks: [],
    operation: { op: 'lock.release', owner: 'u', names: ['A'] },
  })
  t.equal(outcome(world.answerOf(dead, 1)), 'sessionUnknown')
  t.equal(outcome(world.answerOf(next, 1)), 'ok')
  ledger.checkInvariants()
})

await t.test('an acknowledgment forgets the answers that it names, and no others', async (t) => {
  const world = new World()
  const a = world.open('a')
  const [first, second, third] = ['A', 'B', 'C'].map((name) => a.do(lockOperation('u', name)))
  a.do(lockOperation('u', 'D'), [2])
  t.same(a.send(1, lockOperation('u', 'A')), first, 'an older answer is still there')
  t.same(a.send(3, lockOperation('u', 'C')), third, 'and a later one')
  t.equal(outcome(a.send(2, lockOperation('u', 'B'))), 'staleRequest')
  t.not(outcome(second), 'staleRequest')
  world.failOver()
  t.same(a.send(1, lockOperation('u', 'A')), first, 'after a failover, too')
})

await t.test('O4: a retry never takes a second lock, code, permit or number', async (t) => {
  const world = new World()
  const a = world.open('a')
  const spec = {
    kind: 'gapless',
    digits: 'decimal',
    width: 6,
    prefix: '',
    start: '000001',
    reset: 'never',
    utcOffsetMinutes: 0,
    reservationTtlMs: 0,
    warnBelow: 0,
  } as const
  const scope = { company: '', branch: '' }
  const operations: Operation[] = [
    lockOperation('u', 'A'),
    { op: 'code.reserve', owner: 'u', code: 'k' },
    { op: 'semaphore.acquire', owner: 'u', name: 'S', permits: 1, total: 5, waitMs: 0 },
    { op: 'sequence.reserve', owner: 'u', name: 'nf', scope, spec },
    { op: 'sequence.next', owner: 'u', name: 'id', scope, count: 1, spec: { ...spec, kind: 'fast' } },
    { op: 'lock.release', owner: 'u', names: ['B'] },
  ]
  for (const operation of operations) {
    const first = a.do(operation)
    const rows = world.rows().filter(([key]) => key !== 'x')
    t.same(a.send(a.id, operation), first, `${operation.op} again`)
    world.failOver()
    t.same(a.send(a.id, operation), first, `${operation.op} again, after a failover`)
    t.same(
      world.rows().filter(([key]) => key !== 'x'),
      rows,
      'nothing changed',
    )
  }
})

await t.test('O5: a resumed session keeps all it holds and its place in the queue', async (t) => {
  const world = new World()
  const [a, b] = [world.open('a'), world.open('b')]
  b.lock('u', 'B')
  a.lock('u', 'A')
  t.equal(outcome(a.lock('u', 'B', -1)), 'waits')
  const waiting = a.id
  const stale = a.generation
  t.same(granted(a.resume([waiting])), { session: a.session, generation: 2, ttlMs: 30_000 })
  t.equal(outcome(a.send(waiting, lockOperation('u', 'B', -1))), 'waits', 'sent again: attached again')
  a.generation = stale
  t.equal(outcome(a.lock('u', 'C')), 'staleGeneration', 'the replaced connection is not heard')
  t.equal(outcome(a.send(waiting, lockOperation('u', 'B', -1))), 'staleGeneration')
  a.generation = 2
  b.unlock('u', 'B')
  t.equal(outcome(world.answerOf(a, waiting)), 'ok')
  t.equal(outcome(b.lock('u', 'A')), 'held')
})

await t.test('O9: the same key opens one session, also after a failover', async (t) => {
  const world = new World()
  const a = world.open('a')
  const again = world.ledger.apply(unbound(openOperation(a.key, 'a')))
  t.same(granted(again), { session: a.session, generation: 1, ttlMs: 30_000 })
  world.failOver()
  t.same(world.ledger.apply(unbound(openOperation(a.key, 'a'))), again)
  t.equal(world.events.filter((event) => event.kind === 'session.opened').length, 1)
})

await t.test('the rules of exactly-once, in their order', async (t) => {
  const world = new World({ answersPerSessionMax: 3 })
  const a = world.open('a')
  const lock = (name: string): Operation => lockOperation('u', name)
  t.equal(
    outcome(world.ledger.apply({ session: 99, generation: 1, id: 1, acks: [], operation: lock('A') })),
    'sessionUnknown',
  )
  t.equal(
    outcome(world.ledger.apply({ session: 0, generation: 0, id: 1, acks: [], operation: lock('A') })),
    'sessionUnknown',
  )
  t.equal(outcome(a.send(5, lock('A'))), 'ok')
  t.equal(outcome(a.send(4, lock('B'))), 'staleRequest', 'ids grow')
  t.equal(outcome(a.send(6, lock('B'))), 'ok')
  t.equal(outcome(a.send(7, lock('C'))), 'ok')
  t.equal(outcome(a.send(8, lock('D'))), 'tooManyOutstanding')
  t.equal(outcome(a.send(8, lock('D'), [5, 5, 77])), 'ok', 'it was not executed, so it may come again')
  t.equal(outcome(a.send(5, lock('A'))), 'staleRequest', 'an acknowledged answer is forgotten')
  t.equal(outcome(a.send(6, lock('B'))), 'ok', 'another is kept')
})

await t.test('resume: only with the key; answers that are not outstanding are dropped', async (t) => {
  const world = new World()
  const a = world.open('a')
  a.lock('u', 'A')
  a.lock('u', 'B')
  const key = new Uint8Array(16)
  const wrong = unbound({ op: 'session.resume', session: a.session, key, outstanding: [] })
  t.equal(outcome(world.ledger.apply(wrong)), 'badKey')
  a.resume([2])
  t.equal(outcome(a.send(1, lockOperation('u', 'A'))), 'staleRequest')
  t.equal(outcome(a.send(2, lockOperation('u', 'B'))), 'ok')
  a.do({ op: 'session.close' })
  t.equal(outcome(a.resume()), 'sessionUnknown')
})

await t.test('closing gives everything back in one step, without lock-delay', async (t) => {
  const world = new World()
  const a = world.open('a', { lockDelayMs: 10_000 })
  const b = world.open('b')
  a.lock('u1', ['A', 'B'])
  a.do({ op: 'code.reserve', owner: 'u2', code: 'k' })
  a.permits('u1', 'S', 2, 0, 2)
  b.lock('v', ['A', 'C'], -1)
  b.permits('v', 'S', 1, -1)
  t.same(a.do({ op: 'session.close' }), { ok: true, value: {} })
  t.same(
    world.answers.map(({ id, result }) => [id, outcome(result)]),
    [
      [1, 'ok'],
      [2, 'ok'],
    ],
  )
  t.equal(outcome(b.do({ op: 'code.reserve', owner: 'v', code: 'k' })), 'ok')
  t.equal(outcome(a.do({ op: 'session.close' })), 'sessionUnknown')
})

await t.test('releasing an owner gives back what it holds and cancels what it waits for', async (t) => {
  const world = new World()
  const a = world.open('a')
  a.lock('u1', ['A', 'B'])
  a.lock('u2', 'C')
  a.lock('u1', 'C', -1)
  const waiting = a.id
  a.do({ op: 'code.reserve', owner: 'u1', code: 'k' })
  t.same(granted(a.do({ op: 'owner.release', owner: 'u1' })), { released: 3 })
  t.equal(outcome(world.answerOf(a, waiting)), 'canceled')
  t.equal(outcome(a.lock('u3', ['A', 'B'])), 'ok')
  t.equal(outcome(a.lock('u3', 'C')), 'held', "another owner's is untouched")
  t.same(granted(a.do({ op: 'owner.release', owner: 'nobody' })), { released: 0 })
})

await t.test('what would break the ledger is refused by field, value and expectation', async (t) => {
  const world = new World()
  const key = new Uint8Array(16)
  const table: [object, string][] = [
    [{ key: new Uint8Array(15) }, 'key'],
    [{ namespace: '' }, 'namespace'],
    [{ namespace: 'a\0b' }, 'namespace'],
    [{ ttlMs: 1_999 }, 'ttlMs'],
    [{ ttlMs: 600_001 }, 'ttlMs'],
    [{ ttlMs: 2_000.5 }, 'ttlMs'],
    [{ lockDelayMs: 60_001 }, 'lockDelayMs'],
    [{ codesMax: 100_001 }, 'codesMax'],
    [{ installation: 'toy' }, 'installation'],
  ]
  for (const [options, field] of table) {
    const result = world.ledger.apply(unbound(openOperation(key, 'a', options)))
    t.equal(outcome(result), 'invalid')
    t.equal(refused(result).field, field)
  }
  const a = world.open('a')
  t.equal(outcome(a.send(1.5, lockOperation('u', 'A'))), 'invalid')
  const unknown = { op: 'lock.steal', owner: 'u' } as unknown as Operation
  t.equal(refused(a.do(unknown)).value, 'lock.steal')
  t.equal(outcome(a.do(openOperation(key, 'a'))), 'invalid')
})

await t.test('sessions are bounded', async (t) => {
  const world = new World({ sessionsMax: 1 })
  world.open('a')
  t.throws(() => world.open('b'), /sessionsExceeded/)
})

await t.test('members: an address book whose marks only grow', async (t) => {
  const world = new World()
  const { ledger } = world
  ledger.applyInternal({ op: 'member.set', id: 2, name: 'n2', peer: 'h:1', client: 'h:2' })
  ledger.applyInternal({ op: 'member.set', id: 1, name: 'n1', peer: 'g:1', client: 'g:2' })
  ledger.applyInternal({ op: 'member.seen', marks: [{ id: 1, starts: 3, run: '', lastIndex: 90 }] })
  ledger.applyInternal({
    op: 'member.seen',
    marks: [
      { id: 1, starts: 2, run: '', lastIndex: 95 },
      { id: 9, starts: 1, run: '', lastIndex: 1 },
    ],
  })
  ledger.applyInternal({ op: 'member.drain', id: 1, drained: true })
  ledger.applyInternal({ op: 'member.set', id: 1, name: 'n1', peer: 'g:9', client: 'g:2' })
  ledger.applyInternal({ op: 'member.remove', id: 2 })
  world.failOver()
  t.same(granted(world.query({ op: 'member.list' })).members, [
    { id: 1, name: 'n1', peer: 'g:9', client: 'g:2', drained: true, starts: 3, run: '', lastIndex: 95 },
  ])
  t.equal(outcome(ledger.applyInternal({ op: 'member.drain', id: 7, drained: true })), 'invalid')
})

await t.test('an entry is applied once', async (t) => {
  const world = new World()
  t.throws(() => world.ledger.begin({ index: 1, term: 1, timeMs: 0, wallMs: 0 }), /applied once/)
})

await t.test('sessions are listed in pages, of all namespaces', async (t) => {
  const world = new World()
  for (const name of ['a', 'b', 'c']) world.open(name, { namespace: name })
  world.failOver()
  const first = granted(world.query({ op: 'session.list', limit: 2 }))
  t.same([(first.sessions as unknown[]).length, first.next], [2, 2])
  const rest = granted(world.query({ op: 'session.list', after: 2, limit: 2 }))
  t.same(
    (rest.sessions as { client: string }[]).map((s) => s.client),
    ['c'],
  )
  t.equal(rest.next, undefined)
  t.equal(outcome(world.query({ op: 'session.get', session: 9 })), 'sessionUnknown')
})
