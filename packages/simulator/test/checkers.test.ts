import type { ClientCommand, InternalCommand, LedgerEvent, Operation, Result } from '@tranca/ledger'
import t from 'tap'
import { Agreement } from '../src/check/agreement.ts'
import type { Checker, Happening, Step, Who } from '../src/check/checker.ts'
import { FailedDisk } from '../src/check/failed-disk.ts'
import { Fencing } from '../src/check/fencing.ts'
import { Invariants } from '../src/check/invariants.ts'
import { Numbers } from '../src/check/numbers.ts'
import { Once } from '../src/check/once.ts'
import { OneHolder } from '../src/check/one-holder.ts'
import { OneLeader } from '../src/check/one-leader.ts'
import { Seen } from '../src/check/seen.ts'
import { Sessions } from '../src/check/sessions.ts'
import { Units } from '../src/check/units.ts'
import { Watched, type Watching } from '../src/check/watched.ts'

// Each checker sees something that must never happen: none of them may be silently dead.

let nowMs = 0
const n1: Who = { id: 1, name: 'n1', nowMs: () => nowMs }
const n2: Who = { id: 2, name: 'n2', nowMs: () => nowMs }
const OK: Result = { ok: true, value: {} }

function step(index: number, log: readonly Happening[], more: Partial<Step> = {}): Step {
  const ledger = { query: () => OK, liveSessions: function* () {}, checkInvariants: () => {}, revision: 0 }
  return { index, term: 1, bytes: 1, outcome: 1, log, ledger, ...more }
}

function event(kind: LedgerEvent['kind'], more: Partial<LedgerEvent> = {}): Happening {
  const event = { revision: 1, kind, namespace: 'erp', name: 'x', session: 1, owner: 'u', ...more }
  return { kind: 'event', event }
}

function asked(id: number, result: Result | undefined, more: Partial<ClientCommand> = {}): Happening {
  const operation: Operation = { op: 'owner.release', owner: 'u' }
  return {
    kind: 'executed',
    command: { session: 1, generation: 1, id, acks: [], operation, ...more },
    result,
  }
}

function duty(command: InternalCommand): Happening {
  return { kind: 'executed', command, result: OK }
}

/** What a checker says of what is shown to it. */
function complaints<C extends Checker>(
  make: (complain: (reason: string) => void) => C,
  show: (checker: C) => void,
): string[] {
  const said: string[] = []
  show(make((reason) => said.push(reason)))
  return said
}

function happened(checker: Checker, ...logs: Happening[][]): void {
  logs.forEach((log, at) => void checker.happened?.(n1, step(at + 1, log)))
}

t.test('two leaders in one term', async (t) => {
  const said = complaints(
    (complain) => new OneLeader(complain),
    (checker) => {
      checker.leadership(n1, { term: 3, role: 'leader', leader: 1 })
      checker.leadership(n2, { term: 4, role: 'leader', leader: 2 })
      checker.leadership(n2, { term: 3, role: 'leader', leader: 2 })
    },
  )
  t.same(said, ['n1 and n2 both lead term 3'])
})

t.test('a committed entry that changes, disappears or comes out otherwise', async (t) => {
  const see = (show: (checker: Agreement) => void) => complaints((complain) => new Agreement(complain), show)
  t.same(
    see((checker) => {
      checker.applied(n1, step(2, []))
      checker.applied(n2, step(2, []))
      checker.serving(n2, { term: 2, lastIndex: 3 })
    }),
    [],
  )
  t.match(
    see((checker) => {
      checker.applied(n1, step(2, []))
      checker.applied(n2, step(2, [], { bytes: 9 }))
    }),
    [/applies another/],
  )
  t.match(
    see((checker) => {
      checker.applied(n1, step(2, []))
      checker.applied(n2, step(2, [], { outcome: 9 }))
    }),
    [/came out otherwise/],
  )
  t.match(
    see((checker) => {
      checker.applied(n1, step(2, []))
      checker.applied(n1, step(4, []))
    }),
    [/nobody has applied 3/],
  )
  t.match(
    see((checker) => {
      checker.applied(n1, step(2, []))
      checker.serving(n2, { term: 2, lastIndex: 1 })
    }),
    [/without entry 2/],
  )
})

t.test('a token that falls, or that two have', async (t) => {
  const see = (...logs: Happening[][]) =>
    complaints(
      (complain) => new Fencing(complain),
      (checker) => happened(checker, ...logs),
    )
  const granted = (token: number, session = 1) => event('lock.granted', { token, session })
  t.same(see([granted(1), granted(1)], [granted(2)]), [])
  t.match(see([granted(2)], [granted(1)]), [/token 1 after 2/])
  t.match(see([granted(2)], [granted(2)]), [/token 2 after 2/])
  t.match(see([granted(2), granted(2, 7)]), [/token 2 after 2/])
})

t.test('two holders of an exclusive lock; more permits in use than there are', async (t) => {
  const see = (kind: LedgerEvent['kind'], value: Record<string, unknown>) =>
    complaints(
      (complain) => new OneHolder(complain),
      (checker) => {
        const ledger = { ...step(1, []).ledger, query: () => ({ ok: true as const, value }) }
        checker.applied(n1, step(1, [event(kind)], { ledger }))
      },
    )
  const holder = (session: number, mode: string, count = 1) => ({ session, owner: 'u', mode, count })
  t.same(see('lock.granted', { holders: [holder(1, 'shared'), holder(2, 'shared')] }), [])
  t.match(see('lock.granted', { holders: [holder(1, 'exclusive'), holder(2, 'shared')] }), [/held by/])
  t.match(see('semaphore.granted', { used: 4, total: 3, holders: [holder(1, 'shared', 4)] }), [/4 of 3/])
})

t.test('sessions that end as they must not, and grants to who is not there', async (t) => {
  const see = (show: (checker: Sessions) => void) => complaints((complain) => new Sessions(complain), show)
  const open = [
    duty({ op: 'leader.start', node: 1 }),
    event('session.opened'),
    asked(
      1,
      { ok: true, value: { session: 1, generation: 1, ttlMs: 2_000 } },
      {
        session: 0,
        operation: { op: 'session.open' } as Operation,
      },
    ),
  ]
  const expire = (generation: number, term: number) => [
    event('session.expired'),
    duty({ op: 'session.expire', session: 1, generation, term }),
  ]
  const after = (ms: number, log: Happening[]) =>
    see((checker) => {
      nowMs = 0
      checker.serving(n1, { term: 1, lastIndex: 1 })
      nowMs = ms
      happened(checker, open, log)
    })
  t.same(after(2_000, expire(1, 1)), [])
  t.match(after(1_999, expire(1, 1)), [/may live 2000 ms/], 'O2')
  t.match(after(2_000, expire(2, 1)), [/in generation 2/], 'O1')
  t.match(after(2_000, expire(1, 7)), [/by the leader of term 7/], 'O1')
  t.match(after(0, [event('session.closed'), event('lock.granted', { token: 1 })]), [/not there/], 'O3')
})

t.test('a request that is executed twice, or has lost its answer', async (t) => {
  const see = (...logs: Happening[][]) =>
    complaints(
      (complain) => new Once(complain),
      (checker) => happened(checker, ...logs),
    )
  const stale: Result = { ok: false, cause: 'staleRequest', detail: {} }
  const other: Result = { ok: true, value: { token: 2 } }
  t.same(see([asked(1, OK)], [asked(1, OK)], [asked(2, OK, { acks: [1] })], [asked(1, stale)]), [])
  t.match(see([asked(1, OK)], [asked(1, other)]), [/was answered/], 'O4')
  t.match(see([asked(1, OK)], [asked(1, stale)]), [/no answer any more/], 'O4')
  t.match(see([asked(1, undefined)], [asked(1, OK)]), [/was waiting/], 'O4')
  t.match(see([asked(1, OK)], [{ kind: 'answered', session: 1, id: 1, result: OK }]), [/twice/])
})

t.test('a number that is issued twice, or lost', async (t) => {
  const see = (show: (checker: Numbers) => void) => complaints((complain) => new Numbers(complain), show)
  const number = (kind: LedgerEvent['kind'], value: string) => event(kind, { value })
  const view = (last: string, free: number) =>
    ({ name: 'x', spec: { kind: 'gapless', start: '1' }, last, free, reserved: [] }) as never
  t.same(
    see((checker) => {
      happened(checker, [number('sequence.issued', '1'), number('sequence.returned', '1')])
      happened(checker, [number('sequence.issued', '1'), number('sequence.confirmed', '1')])
      checker.matches('erp', view('1', 0))
    }),
    [],
  )
  t.match(
    see((checker) => happened(checker, [number('sequence.issued', '1..3'), number('sequence.issued', '3')])),
    [/issued of 3/],
    'O17',
  )
  t.match(
    see((checker) => {
      happened(checker, [number('sequence.issued', '1'), number('sequence.confirmed', '1')])
      checker.matches('erp', view('2', 0))
    }),
    [/what became of 2/],
    'O17',
  )
})

t.test('an answer that nobody committed', async (t) => {
  const see = (token: string) =>
    complaints(
      (complain) => new Seen(complain),
      (checker) => {
        happened(checker, [event('lock.granted', { token: 4 })])
        checker.saw({ kind: 'lock.granted', session: 1, owner: 'u', name: 'x', what: token })
      },
    )
  t.same(see('4'), [])
  t.match(see('5'), [/nobody committed/])
})

t.test('more units in use than are in force, or than the ledger counts', async (t) => {
  const see = (...steps: { log: Happening[]; used: number; held?: number[] }[]) =>
    complaints(
      (complain) => new Units(complain, (serial) => new Map([[4_000, serial]])),
      (checker) => {
        for (const [at, { log, used, held = [] }] of steps.entries()) {
          const products = [{ product: 4_000, used }]
          const grants = held.map((unit) => ({ product: 4_000, unit, units: 1, status: 'inUse' }))
          const query: Step['ledger']['query'] = ({ op }) => ({
            ok: true,
            value: op === 'license.list' ? { products } : { grants },
          })
          checker.applied(n1, step(at + 1, log, { ledger: { ...step(1, []).ledger, query } }))
        }
      },
    )
  const key = (units: number) => event('license.key', { value: String(units) })
  const granted = event('license.granted', { name: '4000', value: '1' })
  const shared = event('license.granted', { name: '4000', value: '0' })
  const released = event('license.released', { name: '4000', value: '1' })
  t.same(
    see(
      { log: [key(2), granted, granted], used: 2, held: [1, 1, 2] },
      { log: [key(1), shared], used: 2, held: [1, 2] },
      { log: [released], used: 1, held: [2] },
    ),
    [],
  )
  t.match(see({ log: [key(1), granted, granted], used: 2 }), [/2 units of 4000 in use, 1 in force/])
  t.match(
    see({ log: [key(2), granted, granted], used: 2 }, { log: [key(1), released, granted], used: 2 }),
    [/2 units of 4000 in use, 1 in force/],
    'O22',
  )
  const lent = (id: string, value = 'ana') => event('license.borrowed', { name: '4000', value, reason: id })
  const back = (id: string) => event('license.returned', { name: '4000', reason: `${id} returned` })
  t.same(
    see(
      { log: [key(2), granted, lent('b1'), lent('b2')], used: 2, held: [1] },
      { log: [back('b1')], used: 2, held: [1] },
      { log: [back('b2'), lent('b3', 'bia')], used: 2, held: [1] },
    ),
    [],
    'what one user borrows is one unit',
  )
  t.match(see({ log: [key(1), granted, lent('b1')], used: 2 }), [/2 units of 4000 in use, 1 in force/])
  t.match(see({ log: [key(1), lent('b1'), back('b1'), back('b1')], used: 0 }), [/nobody has it/])
  t.match(see({ log: [key(2), lent('b1')], used: 0 }), [/0 units of 4000 in use, by what was granted 1/])
  t.match(see({ log: [key(2), granted], used: 0 }), [/0 units of 4000 in use, by what was granted 1/])
  t.match(see({ log: [key(2), granted], used: 1, held: [1, 2] }), [/grants hold 2 units of 4000, 1 count/])
})

t.test('a file that is written again after a failure, and a process that goes on', async (t) => {
  const see = (show: (checker: FailedDisk) => void) => {
    const said: string[] = []
    show(new FailedDisk(n1, (reason) => said.push(reason)))
    return said
  }
  const log = { operation: 'sync', path: 'log' } as const
  t.same(
    see((checker) => {
      checker.called(log, 1)
      checker.failed(log, 1)
      checker.called({ operation: 'write', path: 'other' }, 1)
      checker.called(log, 2)
      checker.stillRuns(2)
    }),
    [],
  )
  t.match(
    see((checker) => {
      checker.failed(log, 1)
      checker.called({ operation: 'write', path: 'log' }, 1)
      checker.stillRuns(1)
    }),
    [/write of log after one that had failed/, /n1 runs on/],
  )
})

t.test('a ledger that contradicts itself', async (t) => {
  const said = complaints(
    (complain) => new Invariants(complain, 1),
    (checker) => {
      const ledger = {
        ...step(1, []).ledger,
        checkInvariants: () => {
          throw new Error('odd')
        },
      }
      checker.applied(n1, step(1, [], { ledger }))
    },
  )
  t.same(said, ['n1, entry 1: odd'])
})

t.test('a watch that misses something, tells it twice, or gives up without need', async (t) => {
  const follow = (show: (watching: Watching) => void) =>
    complaints(
      (complain) => new Watched(complain),
      (checker) => {
        for (const [at, name] of ['a', 'b', 'a', 'a'].entries())
          happened(checker, [event('lock.granted', { revision: 3 + at, name })])
        show(checker.follow('w', { namespace: 'erp', prefix: 'a', kinds: [] }))
      },
    )
  const told = (revision: number, more: Partial<LedgerEvent> = {}): LedgerEvent => {
    const shown = event('lock.granted', { revision, name: 'a', ...more })
    return (shown as Extract<Happening, { kind: 'event' }>).event
  }
  t.same(
    follow((watching) => {
      watching.startsAt(3)
      for (const revision of [3, 5]) watching.told(told(revision))
      t.equal(watching.due?.revision, 6)
      watching.told(told(6))
      t.equal(watching.due, undefined)
      watching.compacted(8)
    }),
    [],
  )
  t.same(
    follow((watching) => {
      watching.startsBy(6)
      for (const revision of [5, 6]) watching.told(told(revision))
    }),
    [],
    'it may begin before it was asked for the last time',
  )
  const see = (...revisions: number[]) =>
    follow((watching) => {
      watching.startsAt(3)
      for (const revision of revisions) watching.told(told(revision))
    })
  t.match(see(3, 6), [/told of event 6, and never of 5/])
  t.match(see(5), [/never of 3/])
  t.match(see(3, 3), [/after a later one/])
  t.match(see(3, 9), [/nobody emitted/])
  t.match(
    follow((watching) => {
      watching.startsAt(3)
      watching.told(told(4, { name: 'b' }))
    }),
    [/asked for/],
  )
  t.match(
    follow((watching) => {
      watching.startsAt(3)
      watching.told(told(3, { owner: 'somebody else' }))
    }),
    [/asked for/],
  )
  t.match(
    follow((watching) => {
      watching.startsAt(3)
      watching.compacted(3)
    }),
    [/gives up at 3/],
  )
  t.match(
    follow((watching) => {
      watching.startsBy(6)
      watching.told(told(3))
      watching.told(told(6))
    }),
    [/never of 5/],
  )
})
