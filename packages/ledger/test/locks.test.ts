import t from 'tap'
import type { Operation } from '../src/index.ts'
import { granted, lockOperation, outcome, refused, WALL, World } from './kit.ts'

await t.test(
  'a try is granted with a fencing token that only grows, or refused with the holder',
  async (t) => {
    const world = new World()
    const [a, b] = [world.open('a'), world.open('b')]
    t.same(a.lock('u', 'A'), { ok: true, value: { token: 1, counts: [1] } })
    world.pass(5_000)
    t.same(refused(b.lock('v', 'A')), {
      name: 'A',
      holders: [
        { session: a.session, client: 'a', owner: 'u', mode: 'exclusive', token: 1, sinceMs: WALL, count: 1 },
      ],
      queued: 0,
    })
    a.unlock('u', 'A')
    t.same(granted(b.lock('v', 'A')), { token: 2, counts: [1] })
    t.equal(outcome(world.open('c', { namespace: 'test' }).lock('v', 'A')), 'ok', 'another namespace')
  },
)

await t.test('re-entrance counts, keeps the token, and is released as often', async (t) => {
  const world = new World()
  const a = world.open('a')
  a.lock('u', 'A')
  t.same(granted(a.lock('u', 'A')), { token: 1, counts: [2] })
  t.same(granted(a.lock('u', 'A', 0, 'shared')), { token: 1, counts: [3] }, 'exclusive suffices for shared')
  t.same(granted(a.lock('u', ['A', 'B'])), { token: 2, counts: [4, 1] }, 'one new token for all')
  t.same(granted(a.unlock('u', 'A', 'B')), { counts: [3, 0] })
  for (const count of [2, 1, 0]) t.same(granted(a.unlock('u', 'A')), { counts: [count] })
  t.equal(outcome(a.unlock('u', 'A')), 'notHolder')
  t.equal(outcome(a.lock('u2', 'A')), 'ok')
})

await t.test("O8: a release touches all names or none, and is the owner's only", async (t) => {
  const world = new World()
  const [a, b] = [world.open('a'), world.open('b')]
  a.lock('u', ['A', 'B'])
  b.lock('v', 'C')
  t.equal(outcome(a.unlock('u', 'A', 'C')), 'notHolder')
  t.equal(refused(a.unlock('u', 'A', 'C')).name, 'C')
  t.equal(outcome(b.lock('v', 'A')), 'held', 'A was not half released')
  t.equal(outcome(a.unlock('u2', 'A')), 'notHolder', 'another owner of the same session')
  const wrong: Operation = { op: 'lock.release', owner: 'u', names: ['A'], token: 7 }
  t.equal(outcome(a.do(wrong)), 'notHolder')
  const first = a.do({ op: 'lock.release', owner: 'u', names: ['A', 'B'], token: 1 })
  t.same(first, { ok: true, value: { counts: [0, 0] } })
  t.same(a.send(a.id, { op: 'lock.release', owner: 'u', names: ['A', 'B'] }), first, 'again: the same answer')
})

await t.test('waiters are granted in the order of arrival, and a shared one does not overtake', async (t) => {
  const world = new World()
  const c = [1, 2, 3, 4, 5].map((n) => world.open(`c${n}`))
  c[0]!.lock('u', 'A', 0, 'shared')
  t.equal(outcome(c[1]!.lock('u', 'A', -1)), 'waits')
  t.equal(outcome(c[2]!.lock('u', 'A', -1, 'shared')), 'waits', 'behind the exclusive one')
  t.equal(outcome(c[3]!.lock('u', 'A', -1, 'shared')), 'waits')
  t.equal(outcome(c[4]!.lock('u', 'A', 0, 'shared')), 'held', 'a try does not overtake either')
  c[0]!.unlock('u', 'A')
  t.same(
    world.answers.map((waited) => waited.session),
    [c[1]!.session],
  )
  c[1]!.unlock('u', 'A')
  t.same(
    world.answers.map((waited) => waited.session),
    [c[1]!.session, c[2]!.session, c[3]!.session],
    'shared ones go together',
  )
  t.same(
    world.answers.map((waited) => granted(waited.result).token),
    [2, 3, 4],
  )
})

await t.test('several names are taken at once or not at all; who waits holds nothing', async (t) => {
  const world = new World()
  const [a, b, c] = [world.open('a'), world.open('b'), world.open('c')]
  a.lock('u', 'B')
  t.equal(outcome(b.lock('u', ['A', 'B'], 10_000)), 'waits')
  t.same(granted(world.query({ op: 'lock.get', namespace: 'erp', name: 'A' })).holders, [])
  t.equal(outcome(c.lock('u', 'A')), 'held', 'its place in the queue of A counts')
  t.same(refused(c.lock('u', 'A')), { name: 'A', holders: [], queued: 1 })
  a.unlock('u', 'B')
  t.same(granted(world.answerOf(b, 1)), { token: 2, counts: [1, 1] })
  t.equal(outcome(b.lock('u', ['A', 'C', 'B'])), 'ok')
})

await t.test('a wait ends with its time-out and says who holds', async (t) => {
  const world = new World()
  const [a, b] = [world.open('a'), world.open('b')]
  a.lock('u', 'A')
  b.lock('v', 'A', 1_000)
  t.equal(world.ledger.nextDeadlineMs(), 1_000)
  world.pass(999)
  t.equal(world.answers.length, 0)
  world.pass(1)
  const answer = world.answerOf(b, 1)
  t.equal(outcome(answer), 'timeout')
  t.match(refused(answer), { name: 'A', holders: [{ owner: 'u' }], queued: 0 })
  t.equal(world.ledger.nextDeadlineMs(), undefined)
  t.same(b.send(1, lockOperation('v', 'A', 1_000)), answer, 'a retry gets the time-out')
})

await t.test('time never goes back, whatever the clock says', async (t) => {
  const world = new World()
  const [a, b] = [world.open('a'), world.open('b')]
  world.pass(10_000)
  a.lock('u', 'A')
  b.lock('v', 'A', 1_000)
  world.pass(-3_600_000)
  world.pass(3_600_500)
  t.equal(world.answers.length, 0, 'half a second has passed')
  t.equal(world.ledger.timeMs, 10_500)
  world.pass(500)
  t.equal(outcome(world.answerOf(b, 1)), 'timeout')
})

await t.test('O7: a canceled, timed-out or dead waiter leaves nothing in the queue', async (t) => {
  const world = new World()
  const [holder, a, b, c] = [world.open('h'), world.open('a'), world.open('b'), world.open('c')]
  holder.lock('u', 'A')
  const before = world.rows().filter(([key]) => key.startsWith('l/') || key.startsWith('w/'))
  a.lock('v', ['A', 'B'], -1)
  b.lock('v', ['A', 'C'], 1_000)
  c.lock('v', ['A', 'D'], -1)
  t.same(granted(a.do({ op: 'request.cancel', request: 1 })), { canceled: true })
  t.same(granted(a.do({ op: 'request.cancel', request: 1 })), { canceled: false })
  world.pass(1_000)
  world.expire(c)
  t.same(
    world.answers.map(({ result }) => outcome(result)),
    ['canceled', 'timeout', 'sessionUnknown'],
  )
  t.same(
    world.rows().filter(([key]) => key.startsWith('l/') || key.startsWith('w/')),
    before,
  )
  t.same(granted(world.query({ op: 'lock.get', namespace: 'erp', name: 'A' })).queue, [])
})

await t.test('an upgrade is for the only holder, ahead of the queue, and never waits', async (t) => {
  const world = new World()
  const [a, b] = [world.open('a'), world.open('b')]
  a.lock('u', 'A', 0, 'shared')
  b.lock('v', 'A', 0, 'shared')
  t.equal(outcome(a.lock('u', 'A', -1)), 'upgrade', 'two of them would wait for each other')
  t.equal((refused(a.lock('u', 'A', -1)).holders as unknown[]).length, 2)
  b.unlock('v', 'A')
  b.lock('v', 'A', -1)
  t.same(granted(a.lock('u', 'A')), { token: 3, counts: [2] })
  t.equal(outcome(b.lock('w', 'A', 0, 'shared')), 'held')
  t.equal(outcome(b.lock('w', 'B')), 'ok')
  a.lock('u', 'C', 0, 'shared')
  t.equal(outcome(a.lock('u', ['C', 'B'], -1)), 'held', 'with a name that is held it is a try')
})

await t.test('an owner that waits for what it shares is upgraded when the others have let go', async (t) => {
  const world = new World()
  const [holder, a, b, c] = [world.open('h'), world.open('a'), world.open('b'), world.open('c')]
  holder.lock('h', 'A')
  a.lock('u', 'A', -1, 'shared')
  b.lock('v', 'A', -1, 'shared')
  c.lock('x', 'A', -1)
  a.lock('u', 'A', -1)
  holder.unlock('h', 'A')
  t.same(
    world.answers.map(({ session }) => session),
    [a.session, b.session],
    'both share; the upgrade waits for b',
  )
  world.failOver()
  b.unlock('v', 'A')
  t.same(granted(world.answerOf(a, 2)), { token: 4, counts: [2] }, 'ahead of x, which waits for u anyway')
  a.unlock('u', 'A')
  t.equal(world.answerOf(c, 1), undefined)
  a.unlock('u', 'A')
  t.equal(outcome(world.answerOf(c, 1)), 'ok')
})

await t.test('an owner that comes to share a lock goes on with all its waits for it', async (t) => {
  const world = new World()
  const [a, b, c, d] = [world.open('a'), world.open('b'), world.open('c'), world.open('d')]
  a.lock('u', 'A')
  t.equal(outcome(b.lock('u', 'A', -1, 'shared')), 'waits')
  t.equal(outcome(c.lock('u', 'A', -1, 'shared')), 'waits')
  t.equal(outcome(d.lock('u', 'A', -1)), 'waits')
  t.equal(
    outcome(c.lock('u', 'A', -1, 'shared')),
    'waits',
    'behind an exclusive one, and holding nothing yet',
  )
  a.unlock('u', 'A')
  world.ledger.checkInvariants()
  t.same(granted(world.answerOf(c, 2)), { token: 3, counts: [2] })
  t.equal(world.answerOf(d, 1), undefined)
})

await t.test('deadlock: found also when a grant to a waiting owner closes the circle', async (t) => {
  const world = new World()
  const [a, b, c] = [world.open('a'), world.open('b'), world.open('c')]
  c.lock('w', 'A')
  b.lock('v', 'B')
  t.equal(outcome(a.lock('u', 'B', -1)), 'waits')
  t.equal(outcome(a.lock('u', 'A', -1)), 'waits', 'another thread of u')
  t.equal(outcome(b.lock('v', 'A', -1)), 'waits', 'behind u')
  c.unlock('w', 'A')
  // Now u holds A and waits for v, which waits for u.
  t.equal(outcome(world.answerOf(a, 2)), 'ok')
  t.equal(outcome(world.answerOf(b, 2)), 'deadlock')
  b.unlock('v', 'B')
  t.equal(outcome(world.answerOf(a, 1)), 'ok')
})

await t.test('deadlock: found also behind one who waits in the queue for what it shares', async (t) => {
  const world = new World()
  const [a, b, c, d] = [world.open('a'), world.open('b'), world.open('c'), world.open('d')]
  a.lock('u', 'A')
  b.lock('u', 'B')
  world.open('e').lock('u', 'C')
  t.equal(outcome(c.lock('u', 'A', -1, 'shared')), 'waits')
  t.equal(outcome(d.lock('u', ['A', 'B'], -1)), 'waits')
  t.equal(outcome(c.lock('u', ['A', 'C'], -1, 'shared')), 'waits')
  a.unlock('u', 'A')
  t.equal(outcome(world.answerOf(c, 1)), 'ok')
  t.equal(outcome(b.lock('u', 'A', -1, 'shared')), 'deadlock', 'd is ahead, and waits for B')
})

await t.test('deadlock: found also when a lock is given back that the same owner waits for', async (t) => {
  const world = new World()
  const [a, b, c] = [world.open('a'), world.open('b'), world.open('c')]
  a.lock('u', ['A', 'B'])
  c.lock('u', 'C')
  t.equal(outcome(b.lock('u', ['A', 'B'], -1)), 'waits')
  t.equal(outcome(a.lock('u', ['A', 'C'], -1)), 'waits', 'another thread; A is its own')
  a.unlock('u', 'A')
  t.equal(outcome(world.answerOf(a, 2)), 'deadlock', 'behind b, which waits for B')
})

await t.test('deadlock: found also behind the one who gave a lock back', async (t) => {
  const world = new World()
  const [a, b, c] = [world.open('a'), world.open('b'), world.open('c')]
  world.open('d').lock('u', 'B')
  a.lock('u', 'A', 0, 'shared')
  c.lock('u', 'A', 0, 'shared')
  t.equal(outcome(b.lock('u', 'A', -1)), 'waits')
  t.equal(outcome(a.lock('u', ['A', 'B'], -1, 'shared')), 'waits', 'another thread; A is its own')
  t.equal(outcome(c.lock('u', 'B', -1)), 'waits', 'behind a')
  a.unlock('u', 'A')
  t.same(refused(world.answerOf(c, 2)!).cycle, [
    { session: a.session, owner: 'u', name: 'A' },
    { session: b.session, owner: 'u', name: 'A' },
    { session: c.session, owner: 'u', name: 'B' },
  ])
})

await t.test('deadlock: found also when a shared lock is upgraded', async (t) => {
  const world = new World()
  const [a, b] = [world.open('a'), world.open('b')]
  world.open('c').lock('u', 'B')
  a.lock('u', 'A', 0, 'shared')
  t.equal(outcome(b.lock('u', ['A', 'B'], -1, 'shared')), 'waits')
  t.equal(outcome(a.lock('u', 'B', -1, 'shared')), 'waits', 'another thread, behind b')
  t.equal(outcome(a.lock('u', 'A')), 'ok')
  t.equal(outcome(world.answerOf(a, 2)), 'deadlock')
})

await t.test('deadlock: found also when a total is lowered', async (t) => {
  const world = new World()
  const [a, b, c] = [world.open('a'), world.open('b'), world.open('c')]
  a.do({ op: 'semaphore.set', name: 'S', total: 2 })
  a.do({ op: 'semaphore.acquire', owner: 'u', name: 'S', permits: 1, waitMs: 0 })
  c.do({ op: 'semaphore.acquire', owner: 'u', name: 'S', permits: 1, waitMs: 0 })
  b.lock('u', 'A')
  t.equal(outcome(b.do({ op: 'semaphore.acquire', owner: 'u', name: 'S', permits: 1, waitMs: -1 })), 'waits')
  t.equal(outcome(a.lock('u', 'A', -1)), 'waits', 'c can give a permit')
  c.do({ op: 'semaphore.set', name: 'S', total: 1 })
  t.equal(outcome(world.answerOf(a, 3)), 'deadlock')
})

await t.test("lock-delay: a dead holder's lock rests before the next gets it", async (t) => {
  const world = new World()
  const a = world.open('a', { lockDelayMs: 5_000 })
  const [b, c] = [world.open('b'), world.open('c')]
  a.lock('u', ['A', 'B'])
  b.lock('v', 'A', -1)
  world.expire(a)
  t.equal(world.answers.length, 0)
  t.same(c.lock('w', 'B'), { ok: false, cause: 'lockDelay', detail: { name: 'B', remainingMs: 5_000 } })
  t.equal(outcome(c.lock('w', 'B', 2_000)), 'waits')
  world.failOver()
  world.pass(2_000)
  t.equal(outcome(world.answerOf(c, 2)), 'timeout')
  t.equal(granted(world.query({ op: 'lock.get', namespace: 'erp', name: 'B' })).delayMs, 3_000)
  world.pass(3_000)
  t.equal(outcome(world.answerOf(b, 1)), 'ok')
  t.equal(outcome(c.lock('w', 'B')), 'ok')
})

await t.test('deadlock: the circle is found at once, and the youngest is refused with it', async (t) => {
  const world = new World()
  const [a, b, c] = [world.open('a'), world.open('b'), world.open('c')]
  a.lock('u', 'A')
  b.lock('v', 'B')
  c.lock('w', 'C')
  t.equal(outcome(a.lock('u', 'B', -1)), 'waits')
  t.equal(outcome(b.lock('v', 'C', -1)), 'waits')
  t.same(c.lock('w', 'A', -1), {
    ok: false,
    cause: 'deadlock',
    detail: {
      cycle: [
        { session: c.session, owner: 'w', name: 'A' },
        { session: a.session, owner: 'u', name: 'B' },
        { session: b.session, owner: 'v', name: 'C' },
      ],
    },
  })
  c.unlock('w', 'C')
  t.equal(outcome(world.answerOf(b, 2)), 'ok', 'the others go on')
})

await t.test('deadlock: the lowest priority is the victim, also if it waits longer', async (t) => {
  const world = new World()
  const [a, b] = [world.open('a'), world.open('b')]
  a.lock('u', 'A')
  b.lock('v', 'B')
  t.equal(outcome(a.lock('u', 'B', -1, 'exclusive', -1)), 'waits')
  t.equal(outcome(b.lock('v', 'A', -1)), 'waits')
  t.equal(outcome(world.answerOf(a, 2)), 'deadlock')
  a.unlock('u', 'A')
  t.equal(outcome(world.answerOf(b, 2)), 'ok')
})

await t.test('deadlock: a request that is free once the victim has left is granted at once', async (t) => {
  const world = new World()
  const [a, b, c] = [world.open('a'), world.open('b'), world.open('c')]
  a.lock('h', 'A', 0, 'shared')
  c.lock('w', 'C')
  t.equal(outcome(a.lock('h', 'C', -1)), 'waits')
  t.equal(outcome(b.lock('x', 'A', -1, 'exclusive', -1)), 'waits')
  // w stands behind x, x waits for h, h for w. Without x, w shares A with h.
  t.same(granted(c.lock('w', 'A', -1, 'shared')), { token: 3, counts: [1] })
  t.equal(outcome(world.answerOf(b, 1)), 'deadlock')
  t.equal(world.answerOf(c, 2), undefined, 'answered by apply, not twice')
})

await t.test('deadlock: through the queue, and through permits that only one can give', async (t) => {
  const world = new World()
  const [a, b, c] = [world.open('a'), world.open('b'), world.open('c')]
  a.lock('u', 'A', 0, 'shared')
  b.lock('v', 'B')
  t.equal(outcome(b.lock('v', 'A', -1)), 'waits', 'for the sharing holder')
  // w waits only because v is ahead in the queue of A; u waits for w.
  c.lock('w', 'C')
  t.equal(outcome(c.lock('w', 'A', -1, 'shared')), 'waits')
  t.equal(outcome(a.lock('u', 'C', -1)), 'deadlock')

  const world2 = new World()
  const [d, e] = [world2.open('d'), world2.open('e')]
  d.permits('u', 'S', 2, 0, 3)
  e.lock('v', 'B')
  t.equal(outcome(e.permits('v', 'S', 2, -1)), 'waits')
  t.equal(outcome(d.lock('u', 'B', -1)), 'deadlock')
})

await t.test(
  'codes: reserve, once more, a cap for the session, and a release that is never an error',
  async (t) => {
    const world = new World()
    const a = world.open('a', { codesMax: 2 })
    const b = world.open('b')
    const reserve = (owner: string, code: string): Operation => ({ op: 'code.reserve', owner, code })
    t.same(granted(a.do(reserve('u', 'k1'))), { reserved: true })
    t.equal(outcome(a.do(reserve('u', 'k1'))), 'ok', 'it is mine already')
    t.equal(outcome(a.do(reserve('u2', 'k1'))), 'codeHeld', 'another owner of the session')
    t.match(refused(b.do(reserve('v', 'k1'))), { code: 'k1', holder: { client: 'a', owner: 'u', token: 0 } })
    a.do(reserve('u2', 'k2'))
    t.same(refused(a.do(reserve('u', 'k3'))), { max: 2 })
    t.same(granted(b.do({ op: 'code.release', owner: 'v', code: 'k1' })), { released: false })
    t.same(granted(b.do({ op: 'code.release', owner: 'v', code: 'nothing' })), { released: false })
    t.same(granted(a.do({ op: 'code.release', owner: 'u2', code: 'k2' })), { released: true })
    a.do(reserve('u', 'k4'))
    t.same(granted(a.do({ op: 'code.releaseAll', owner: 'u' })), { released: 2 })
    t.equal(outcome(b.do(reserve('v', 'k1'))), 'ok')
  },
)

await t.test('a semaphore gives its permits, in order, never more than there are', async (t) => {
  const world = new World()
  const [a, b, c] = [world.open('a'), world.open('b'), world.open('c')]
  t.equal(outcome(a.permits('u', 'S', 1)), 'unknownSemaphore')
  t.same(granted(a.permits('u', 'S', 2, 0, 3)), { token: 1, held: 2 }, 'created by its first user')
  t.equal(outcome(b.permits('v', 'S', 4)), 'permitsExceedTotal')
  t.equal(outcome(b.permits('v', 'S', 2, -1)), 'waits')
  t.match(refused(c.permits('w', 'S', 1)), {
    name: 'S',
    total: 3,
    used: 2,
    queued: 1,
    holders: [{ count: 2 }],
  })
  t.equal(outcome(c.permits('w', 'S', 1, 1_000)), 'waits', 'nobody overtakes the larger request')
  t.equal(outcome(a.do({ op: 'semaphore.release', owner: 'u', name: 'S', permits: 3 })), 'notHolder')
  t.same(granted(a.do({ op: 'semaphore.release', owner: 'u', name: 'S', permits: 1 })), { held: 1 })
  t.same(granted(world.answerOf(b, 2)), { token: 2, held: 2 })
  world.pass(1_000)
  t.match(refused(world.answerOf(c, 2)), { name: 'S', total: 3, used: 3, queued: 0 })
})

await t.test('O22: a total that is lowered is obeyed by who waits, and by new grants', async (t) => {
  const world = new World()
  const [a, b] = [world.open('a'), world.open('b')]
  a.do({ op: 'semaphore.set', name: 'S', total: 4 })
  a.permits('u', 'S', 4)
  b.permits('v', 'S', 3, -1)
  b.permits('w', 'S', 1, -1)
  t.same(granted(a.do({ op: 'semaphore.set', name: 'S', total: 2 })), { total: 2, used: 4 })
  t.equal(outcome(world.answerOf(b, 1)), 'permitsExceedTotal')
  a.do({ op: 'semaphore.release', owner: 'u', name: 'S', permits: 2 })
  t.equal(world.answerOf(b, 2), undefined, 'two of two are in use')
  a.do({ op: 'semaphore.release', owner: 'u', name: 'S', permits: 1 })
  t.equal(outcome(world.answerOf(b, 2)), 'ok')
})

await t.test('O24: names that nobody uses vanish', async (t) => {
  const world = new World()
  const a = world.open('a')
  const b = world.open('b')
  const before = world.rows().filter(([key]) => !/^(x|s|a)/.test(key))
  a.lock('u', ['A', 'B'])
  b.lock('v', 'A', 500)
  a.permits('u', 'S', 1, 0, 1)
  b.permits('v', 'S', 1, 500)
  a.do({ op: 'semaphore.set', name: 'T', total: 1 })
  a.do({ op: 'code.reserve', owner: 'u', code: 'k' })
  world.pass(500)
  a.unlock('u', 'A', 'B')
  a.do({ op: 'semaphore.release', owner: 'u', name: 'S', permits: 1 })
  a.do({ op: 'code.releaseAll', owner: 'u' })
  t.same(granted(a.do({ op: 'semaphore.delete', name: 'T' })), { deleted: true })
  t.same(granted(a.do({ op: 'semaphore.delete', name: 'T' })), { deleted: false })
  t.same(
    world.rows().filter(([key]) => !/^(x|s|a)/.test(key)),
    before,
  )
  a.do({ op: 'session.close' })
  b.do({ op: 'session.close' })
  t.same(
    world.rows().map(([key]) => key),
    ['x'],
    'sessions take their answers along',
  )
})

await t.test('what would break the ledger is refused', async (t) => {
  const world = new World({ locksPerRequestMax: 3, queueLengthMax: 1, namesMax: 5 })
  const [a, b] = [world.open('a'), world.open('b')]
  const table: [Operation, string][] = [
    [lockOperation('u', []), 'locks'],
    [lockOperation('u', ['A', 'B', 'C', 'D']), 'locks'],
    [lockOperation('u', ['A', 'A']), 'locks.name'],
    [lockOperation('u', ''), 'locks.name'],
    [lockOperation('u', 'x'.repeat(513)), 'locks.name'],
    [lockOperation('u', 'A', -2), 'waitMs'],
    [lockOperation('u', 'A', 86_400_001), 'waitMs'],
    [lockOperation('u', 'A', 0.5), 'waitMs'],
    [lockOperation('u', 'A', 0, 'exclusive', Number.NaN), 'priority'],
    [lockOperation('u', 'A', 0, 'both' as never), 'locks.mode'],
    [lockOperation('x'.repeat(513), 'A'), 'owner'],
    [{ op: 'lock.release', owner: 'u', names: [] }, 'names'],
    [{ op: 'lock.release', owner: 'u', names: ['A', 'A'] }, 'names'],
    [{ op: 'semaphore.set', name: 'S', total: 0 }, 'total'],
    [{ op: 'semaphore.acquire', owner: 'u', name: 'S', permits: 0, waitMs: 0 }, 'permits'],
    [{ op: 'semaphore.release', owner: 'u', name: 'S', permits: 1e10 }, 'permits'],
    [{ op: 'code.reserve', owner: 'u', code: '' }, 'code'],
  ]
  for (const [operation, field] of table) {
    const result = a.do(operation)
    t.equal(outcome(result), 'invalid', `${operation.op} ${field}`)
    t.equal(refused(result).field, field)
  }
  a.lock('u', 'A')
  t.equal(outcome(b.lock('v', 'A', -1)), 'waits')
  t.equal(outcome(b.lock('w', 'A', -1)), 'queueFull')
  a.lock('u', ['B', 'C', 'D'])
  t.equal(outcome(a.lock('u', ['E', 'F'])), 'namesExceeded')
})

await t.test('lists are in the order of names, and paged', async (t) => {
  const world = new World()
  const a = world.open('a')
  for (const name of ['b', 'a', 'c', 'B']) a.lock('u', name)
  const names = (after?: string) => {
    const list = { op: 'lock.list', namespace: 'erp', prefix: '', limit: 2 } as const
    const value = granted(world.query(after === undefined ? list : { ...list, after }))
    return [(value.locks as { name: string }[]).map((lock) => lock.name), value.next]
  }
  t.same(names(), [['B', 'a'], 'a'])
  t.same(names('a'), [['b', 'c'], undefined])
  const own = world.ledger.query({ op: 'lock.get', namespace: '', name: 'b' }, { namespace: 'erp' })
  t.equal((granted(own).holders as unknown[]).length, 1, "the session's namespace")
})
