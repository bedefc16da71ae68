import type { AnyRequest, Session } from '@tranca/client'
import t from 'tap'
import { Order } from '../src/check/order.ts'
import type { Call } from '../src/history/calls.ts'

// What clients of a run saw, in the words of the history checker: neither blind nor too strict.

const first = { id: 1 } as Session
const second = { id: 2 } as Session

interface Seen {
  session: Session
  user?: string
  /** From the call to the answer; without an end there was none. */
  at: readonly [number, number?]
  request: AnyRequest
  /** Absent: refused, if there was an answer. */
  result?: unknown
}

/** What is said against it, and what cannot be decided. */
function judge(seen: readonly Seen[], endings: { session: Session; atMs: number }[] = []) {
  const said: string[] = []
  const order = new Order((reason) => said.push(reason))
  const calls = seen.map(({ session, user = 'u', at, request, result }): Call => {
    const [callMs, returnMs = Number.POSITIVE_INFINITY] = at
    const outcome = at[1] === undefined ? 'unknown' : result === undefined ? 'refused' : 'done'
    return { session, user, request, callMs, returnMs, outcome, result }
  })
  order.judge({ calls, endings })
  return [...said, ...order.undecided]
}

const acquire = (mode: 'exclusive' | 'shared' = 'exclusive', name = 'x'): AnyRequest => ({
  op: 'lock.acquire',
  owner: 'u',
  locks: [{ name, mode }],
  waitMs: 0,
  priority: 0,
})
const release: AnyRequest = { op: 'lock.release', owner: 'u', names: ['x'] }
const look: AnyRequest = { op: 'lock.get', namespace: 'erp', name: 'x' }
const granted = (token: number, count = 1) => ({ token, counts: [count] })
const left = (count = 0) => ({ counts: [count] })

t.test('locks', async (t) => {
  const held: Seen = { session: first, at: [0, 1], request: acquire(), result: granted(3) }
  t.same(
    judge([
      held,
      { session: first, at: [2, 3], request: acquire(), result: granted(3, 2) },
      { session: second, at: [2, 9], request: acquire() },
      { session: first, at: [4, 5], request: release, result: left(1) },
      { session: first, at: [6, 7], request: release, result: left() },
      { session: second, at: [8, 10], request: acquire(), result: granted(4) },
    ]),
    [],
    're-entrance, a refusal and a hand-over',
  )
  t.match(
    judge([held, { session: second, at: [2, 3], request: acquire(), result: granted(4) }]),
    [/^lock x/],
    'two holders',
  )
  t.match(
    judge([
      held,
      { session: first, at: [2, 3], request: acquire(), result: granted(3, 2) },
      { session: first, at: [4, 5], request: release, result: left(1) },
      { session: second, at: [6, 7], request: acquire(), result: granted(4) },
    ]),
    [/^lock x/],
    'the first of two releases frees nothing',
  )
  t.match(
    judge([
      held,
      { session: first, at: [2, 3], request: release, result: left() },
      { session: second, at: [4, 5], request: acquire(), result: granted(2) },
    ]),
    [/token 2 came after token 3/],
    'a token that falls',
  )
})

t.test('looks at locks', async (t) => {
  const held: Seen = { session: first, at: [0, 1], request: acquire(), result: granted(3) }
  const holders = (...list: [Session, number][]) => ({
    holders: list.map(([{ id }, token]) => ({ session: id, owner: 'u', token })),
  })
  t.same(judge([held, { session: second, at: [2, 3], request: look, result: holders([first, 3]) }]), [])
  t.match(judge([held, { session: second, at: [2, 3], request: look, result: holders() }]), [/^lock x/])
  t.same(
    judge([
      { session: first, at: [0], request: acquire('shared') },
      { session: second, at: [1, 2], request: acquire('shared'), result: granted(4) },
      { session: second, at: [3, 4], request: look, result: holders([first, 3], [second, 4]) },
      { session: second, at: [5, 6], request: look, result: holders([second, 4]) },
    ]),
    [],
    'a grant that nobody waited for is seen, and is given back',
  )
})

t.test('what a session held may be free after its end, and not before', async (t) => {
  const seen: Seen[] = [
    { session: first, at: [0, 1], request: acquire(), result: granted(3) },
    { session: second, at: [6, 9], request: acquire(), result: granted(4) },
  ]
  t.same(judge(seen, [{ session: first, atMs: 8 }]), [])
  t.match(judge(seen, [{ session: first, atMs: 10 }]), [/^lock x/])
  t.match(judge(seen, [{ session: second, atMs: 5 }]), [/^lock x/])
})

t.test('an acquire on top of one that nobody waited for', async (t) => {
  t.same(
    judge([
      { session: first, at: [0], request: acquire('shared') },
      { session: second, at: [2, 3], request: acquire('shared'), result: granted(4) },
      { session: first, at: [4, 5], request: acquire('shared'), result: granted(3, 2) },
      { session: first, at: [6, 7], request: release, result: left() },
    ]),
    [],
  )
})

t.test('numbers', async (t) => {
  const place = { owner: 'u', name: 'n', scope: { company: '', branch: '' } } as const
  const reserve: AnyRequest = { op: 'sequence.reserve', ...place }
  const next: AnyRequest = { op: 'sequence.next', ...place, count: 2 }
  const settle = (op: 'sequence.confirm' | 'sequence.rollback'): AnyRequest => ({
    op,
    ...place,
    scope: { ...place.scope, period: '' },
    value: '0001',
  })
  const number = (value: string, expiresInMs?: number) => ({ value, prefix: '', period: '', expiresInMs })
  t.same(judge([{ session: first, at: [0, 1], request: next, result: { first: '0001' } }]), [])
  t.match(
    judge([
      { session: first, at: [0, 1], request: next, result: { first: '0001' } },
      { session: second, at: [2, 3], request: next, result: { first: '0002' } },
    ]),
    [/^seq n/],
    'a number twice',
  )
  const again = (end: Seen): Seen[] => [
    { session: first, at: [0, 1], request: reserve, result: number('0001') },
    end,
    { session: second, at: [4, 5], request: reserve, result: number('0001') },
  ]
  const ended = (op: 'sequence.confirm' | 'sequence.rollback') =>
    judge(again({ session: first, at: [2, 3], request: settle(op), result: {} }))
  t.same(ended('sequence.rollback'), [])
  t.match(ended('sequence.confirm'), [/^seq n/], 'a number that was used')
  const late = (atMs: number): Seen[] => [
    { session: first, at: [0, 1], request: reserve, result: number('0001', 1_050) },
    { session: second, at: [atMs, atMs + 1], request: reserve, result: number('0001', 1_050) },
  ]
  t.same(judge(late(1_000)), [])
  t.match(judge(late(900)), [/^seq n/], 'a reservation that ended too early')
  t.same(judge(late(900), [{ session: first, atMs: 500 }]), [])
})

t.test('permits', async (t) => {
  const take = (permits: number): AnyRequest => ({
    op: 'semaphore.acquire',
    owner: 'u',
    name: 's',
    permits,
    total: 3,
    waitMs: 0,
  })
  const give: AnyRequest = { op: 'semaphore.release', owner: 'u', name: 's', permits: 2 }
  const seen: Seen[] = [
    { session: first, at: [0, 1], request: take(2), result: { token: 1, held: 2 } },
    { session: first, at: [2, 3], request: give, result: { held: 0 } },
    { session: second, at: [4, 5], request: take(2), result: { token: 2, held: 2 } },
  ]
  t.same(judge(seen), [])
  t.match(judge([seen[0]!, seen[2]!]), [/^pool s/], 'four of three')
})
