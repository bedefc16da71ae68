import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import {
  type ClientCommand,
  Ledger,
  type LedgerEvent,
  type LockMode,
  type Operation,
  type Read,
  type Result,
  type SequenceSpec,
} from '../src/index.ts'
import { type Delivered, Model } from './model.ts'

// The ledger and the plain model get the same commands; after every step answers, holders, queues and
// numbers are equal, and the ledger's invariants hold. At random moments the ledger is replaced by one
// restored from its rows, or from the changes taken so far. A twin that is never restored must come to
// the same rows and events.

const NAMESPACES = ['production', 'test'] as const
const START_WALL = Date.UTC(2026, 11, 31, 22, 0)

interface Client {
  readonly session: number
  readonly key: Uint8Array
  generation: number
  nextId: number
  readonly sent: ClientCommand[]
}

type Action =
  | { readonly act: 'open'; readonly namespace: number; readonly delay: boolean }
  | { readonly act: 'resume'; readonly who: number; readonly drop: number }
  | { readonly act: 'expire'; readonly who: number; readonly stale: number }
  | { readonly act: 'time'; readonly ms: number; readonly wall: number }
  | { readonly act: 'retry'; readonly who: number; readonly back: number; readonly stale: boolean }
  | { readonly act: 'leader' }
  | { readonly act: 'restore'; readonly from: 'rows' | 'changes' }
  | { readonly act: 'do'; readonly who: number; readonly ack: number; readonly operation: Operation }
  | { readonly act: 'cancel'; readonly who: number; readonly back: number }
  | {
      readonly act: 'settle'
      readonly pick: number
      readonly how: 'confirm' | 'rollback'
      readonly mine: boolean
    }
  | { readonly act: 'gap'; readonly pick: number; readonly length: number }
  | { readonly act: 'giveBack'; readonly pick: number; readonly permits: boolean }

const index = fc.nat(5)
const owner = fc.constantFrom('u1', 'u2', 'u3')
const lockName = fc.constantFrom('A', 'B', 'C', 'D')
const mode = fc.constantFrom<LockMode>('exclusive', 'exclusive', 'shared')
const waitMs = fc.constantFrom(0, -1, -1, 1_000, 3_000, 3_000)
const scope = fc.constantFrom({ company: '01', branch: '' }, { company: '01', branch: '02' })

const base = { prefix: '', utcOffsetMinutes: -180, reservationTtlMs: 0, warnBelow: 5 } as const
const specs: Record<string, SequenceSpec> = {
  gapless: { ...base, kind: 'gapless', digits: 'soma1', width: 1, start: '1', reset: 'never' },
  yearly: {
    ...base,
    kind: 'gapless',
    digits: 'decimal',
    width: 2,
    start: '01',
    reset: 'year',
    reservationTtlMs: 4_000,
  },
  wide: { ...base, kind: 'gapless', digits: 'soma1', width: 2, start: '88', reset: 'never' },
  fast: { ...base, kind: 'fast', digits: 'soma1', width: 2, start: '90', reset: 'never' },
}
const sequenceName = fc.constantFrom('gapless', 'yearly', 'wide', 'fast')
const value = fc.constantFrom('3', 'B', 'Y', '05', '50', '95', '9C', '0C', 'AA', 'ZX', 'ZZ', '1C')

function lockAcquire(): fc.Arbitrary<Operation> {
  return fc
    .record({
      owner,
      locks: fc.uniqueArray(fc.record({ name: lockName, mode }), {
        minLength: 1,
        maxLength: 3,
        selector: (lock) => lock.name,
      }),
      waitMs,
      priority: fc.constantFrom(0, 0, 0, 1, -1),
    })
    .map((fields): Operation => ({ op: 'lock.acquire', ...fields }))
}

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 8, arbitrary: lockAcquire() },
  {
    weight: 4,
    arbitrary: fc
      .record({ owner, names: fc.uniqueArray(lockName, { minLength: 1, maxLength: 2 }) })
      .map((fields): Operation => ({ op: 'lock.release', ...fields })),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ owner, name: lockName, token: fc.integer({ min: 1, max: 9 }) })
      .map(({ owner, name, token }): Operation => ({ op: 'lock.release', owner, names: [name], token })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ owner, code: fc.constantFrom('k1', 'k2', 'k3', 'k4') })
      .map((fields): Operation => ({ op: 'code.reserve', ...fields })),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ owner, code: fc.constantFrom('k1', 'k2', 'k3', 'k4') })
      .map((fields): Operation => ({ op: 'code.release', ...fields })),
  },
  { weight: 1, arbitrary: owner.map((owner): Operation => ({ op: 'code.releaseAll', owner })) },
  {
    weight: 1,
    arbitrary: fc
      .record({ name: fc.constantFrom('S', 'T'), total: fc.integer({ min: 1, max: 4 }) })
      .map((fields): Operation => ({ op: 'semaphore.set', ...fields })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('S', 'T').map((name): Operation => ({ op: 'semaphore.delete', name })),
  },
  {
    weight: 4,
    arbitrary: fc
      .record(
        {
          owner,
          name: fc.constantFrom('S', 'T'),
          permits: fc.integer({ min: 1, max: 3 }),
          total: fc.constantFrom(3),
          waitMs,
        },
        { requiredKeys: ['owner', 'name', 'permits', 'waitMs'] },
      )
      .map((fields): Operation => ({ op: 'semaphore.acquire', ...fields })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ owner, name: fc.constantFrom('S', 'T'), permits: fc.integer({ min: 1, max: 3 }) })
      .map((fields): Operation => ({ op: 'semaphore.release', ...fields })),
  },
  {
    weight: 6,
    arbitrary: fc
      .record(
        {
          owner,
          name: sequenceName,
          scope,
          ttlMs: fc.constantFrom(0, 1_000, 3_000),
        },
        { requiredKeys: ['owner', 'name', 'scope'] },
      )
      .map((fields): Operation => ({ op: 'sequence.reserve', ...fields, spec: specs[fields.name]! })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ owner, name: sequenceName, scope, count: fc.constantFrom(1, 1, 2, 30) })
      .map((fields): Operation => ({ op: 'sequence.next', ...fields, spec: specs[fields.name]! })),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ owner, scope, seedIfAbsent: fc.constantFrom('0C', '42', '99', 'ZZ') })
      .map((fields): Operation => ({ op: 'sequence.reserve', name: 'wide', ...fields, spec: specs.wide! })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({
        op: fc.constantFrom('sequence.ensureAtLeast' as const, 'sequence.set' as const),
        owner,
        name: sequenceName,
        scope,
        value,
      })
      .filter(({ name, value: v }) => {
        const { width, digits } = specs[name]!
        return v.length === width && (digits === 'soma1' || /^[0-9]+$/.test(v))
      })
      .map((fields): Operation => ({ ...fields, spec: specs[fields.name]!, reason: 'found in the table' })),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ name: sequenceName, as: sequenceName, warnBelow: fc.nat(9) })
      .map(({ name, as, warnBelow }): Operation => {
        return { op: 'sequence.define', name, spec: { ...specs[as]!, warnBelow } }
      }),
  },
  { weight: 1, arbitrary: owner.map((owner): Operation => ({ op: 'owner.release', owner })) },
)

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .record({ namespace: fc.nat(5), delay: fc.boolean() })
      .map((fields): Action => ({ act: 'open', ...fields })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ who: index, drop: fc.nat(3) })
      .map((fields): Action => ({ act: 'resume', ...fields })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ who: index, stale: fc.nat(3) })
      .map((fields): Action => ({ act: 'expire', ...fields })),
  },
  {
    weight: 1,
    arbitrary: index.map((who): Action => {
      return { act: 'do', who, ack: 0, operation: { op: 'session.close' } }
    }),
  },
  {
    weight: 8,
    arbitrary: fc
      .record({
        ms: fc.constantFrom(0, 1, 500, 1_000, 2_000, -700),
        wall: fc.constantFrom(0, 3_600_000, -3_600_000),
      })
      .map((fields): Action => ({ act: 'time', ...fields })),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({ who: index, back: fc.nat(4), stale: fc.boolean() })
      .map((fields): Action => ({ act: 'retry', ...fields })),
  },
  { weight: 1, arbitrary: fc.constant<Action>({ act: 'leader' }) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom('rows' as const, 'changes' as const)
      .map((from): Action => ({ act: 'restore', from })),
  },
  {
    weight: 50,
    arbitrary: fc
      .record({ who: index, ack: fc.nat(3), operation })
      .map((fields): Action => ({ act: 'do', ...fields })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ who: index, back: fc.nat(6) })
      .map((fields): Action => ({ act: 'cancel', ...fields })),
  },
  {
    weight: 6,
    arbitrary: fc
      .record({
        pick: fc.nat(5),
        how: fc.constantFrom('confirm' as const, 'rollback' as const),
        mine: fc.constantFrom(true, true, true, false),
      })
      .map((fields): Action => ({ act: 'settle', ...fields })),
  },
  {
    weight: 8,
    arbitrary: fc
      .record({ pick: fc.nat(20), permits: fc.constantFrom(false, false, true) })
      .map((fields): Action => ({ act: 'giveBack', ...fields })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ pick: fc.nat(5), length: fc.nat(2) })
      .map((fields): Action => ({ act: 'gap', ...fields })),
  },
)

/** How often each operation came to each end: shows that the runs go everywhere. */
class Outcomes {
  readonly counts = new Map<string, number>()

  count(what: string, result: Result | undefined): void {
    const how = result === undefined ? 'waits' : result.ok ? 'ok' : result.cause
    const key = `${what} ${how}`
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1)
  }

  report(): string[] {
    return [...this.counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, count]) => `${key}: ${count}`)
  }
}

class Run {
  readonly outcomes: Outcomes
  readonly model = new Model()
  readonly clients: Client[] = []
  readonly checkpoint = new Map<string, unknown>()
  readonly delivered: Delivered[] = []
  readonly events: LedgerEvent[] = []
  readonly twinEvents: LedgerEvent[] = []
  readonly sink = {
    answer: (session: number, id: number, result: Result) => {
      this.outcomes.count('waiting', result)
      this.delivered.push({ session, id, result })
    },
    event: (event: LedgerEvent) => this.events.push(event),
  }
  ledger = new Ledger({ sink: this.sink })
  readonly twin = new Ledger({
    sink: { answer: () => {}, event: (event: LedgerEvent) => this.twinEvents.push(event) },
  })
  time = 1_000
  wall = START_WALL
  index = 0
  #ghost: Client | undefined = undefined

  constructor(outcomes: Outcomes) {
    this.outcomes = outcomes
  }

  step(action: Action): void {
    this.begin()
    this.act(action)
    this.compare()
    this.forgetEnded()
  }

  begin(): void {
    this.index += 1
    const stamp = { index: this.index, term: 1 + this.model.term, timeMs: this.time, wallMs: this.wall }
    this.ledger.begin(stamp)
    this.twin.begin(stamp)
    this.model.begin(this.time, this.wall)
  }

  act(action: Action): void {
    switch (action.act) {
      case 'open': {
        // Some keys come again: the same session.
        const key = new Uint8Array(16).fill(action.namespace + 10 * (this.index % 7))
        const operation: Operation = {
          op: 'session.open',
          key,
          namespace: NAMESPACES[action.namespace === 0 ? 1 : 0],
          client: `client-${action.namespace}`,
          installation: 'production',
          ttlMs: 30_000,
          lockDelayMs: action.delay ? 1_500 : 0,
          codesMax: 3,
        }
        const result = this.send({ session: 0, generation: 0, id: 1, acks: [], operation })
        if (result?.ok !== true) return
        const { session, generation } = result.value as { session: number; generation: number }
        if (this.clients.some((client) => client.session === session)) return
        this.clients.push({ session, key, generation, nextId: 1, sent: [] })
        return
      }
      case 'resume': {
        const client = this.client(action.who)
        if (client === undefined) return
        const key = action.drop === 3 ? new Uint8Array(16) : client.key
        const outstanding = client.sent.slice(-action.drop || client.sent.length).map((sent) => sent.id)
        const { session } = client
        const operation: Operation = { op: 'session.resume', session, key, outstanding }
        const result = this.send({ session: 0, generation: 0, id: 1, acks: [], operation })
        if (result?.ok === true) client.generation = result.value.generation as number
        return
      }
      case 'expire': {
        const client = this.client(action.who)
        if (client === undefined) return
        const { session } = client
        const generation = client.generation - (action.stale === 1 ? 1 : 0)
        const term = this.model.term - (action.stale === 2 ? 1 : 0)
        const command = { op: 'session.expire', session, generation, term } as const
        this.ledger.applyInternal(command)
        this.twin.applyInternal(command)
        this.model.expire(session, generation, term)
        return
      }
      case 'time':
        this.time += action.ms
        this.wall += action.wall + action.ms
        return
      case 'retry': {
        const client = this.client(action.who)
        const sent = client?.sent.at(-1 - action.back)
        if (client === undefined || sent === undefined) return
        const generation = action.stale && action.back === 0 ? client.generation - 1 : client.generation
        this.send({ ...sent, generation, acks: [] })
        return
      }
      case 'leader':
        this.ledger.applyInternal({ op: 'leader.start', node: 1 })
        this.twin.applyInternal({ op: 'leader.start', node: 1 })
        this.model.term += 1
        return
      case 'restore':
        this.restore(action.from)
        return
      case 'do':
        this.request(action.who, action.operation, action.ack)
        return
      case 'cancel': {
        const client = this.client(action.who)
        if (client === undefined) return
        const request = client.sent.at(-1 - action.back)?.id ?? 1
        this.request(action.who, { op: 'request.cancel', request }, 0)
        return
      }
      case 'settle': {
        const { reserved } = this.model
        const found = reserved[action.pick % Math.max(1, reserved.length)]
        if (found === undefined) return
        const op = `sequence.${action.how}` as const
        const { counter, value } = found
        const owner = action.mine ? found.owner : 'u1'
        const operation: Operation = { op, owner, name: counter.plain, scope: counter.scope, value }
        this.requestOf(found.session.id, operation)
        return
      }
      case 'giveBack': {
        const held = action.permits ? this.model.permits : this.model.locks
        const found = held[action.pick % Math.max(1, held.length)]
        if (found === undefined) return
        const name = found.name.slice(found.name.indexOf('\0') + 1)
        const { owner } = found
        const operation: Operation = action.permits
          ? { op: 'semaphore.release', owner, name, permits: 1 }
          : { op: 'lock.release', owner, names: [name], token: found.token }
        this.requestOf(found.session.id, operation)
        return
      }
      case 'gap': {
        const counter = this.model.counters[action.pick % Math.max(1, this.model.counters.length)]
        const session = this.model.sessions.find((s) => counter?.name.startsWith(`${s.namespace}\0`))?.id
        const from = counter?.free[0] ?? counter?.last
        if (counter === undefined || from === undefined || session === undefined) return
        const to = counter.free[action.length] ?? from
        const reason = 'cancelled before it was printed'
        const { plain: name, scope } = counter
        this.requestOf(session, { op: 'sequence.gap', owner: 'fiscal', name, scope, from, to, reason })
      }
    }
  }

  /** Mostly a living one; 5 is the one that ended last, which does not know it yet. */
  client(who: number): Client | undefined {
    if (who === 5 && this.#ghost !== undefined) return this.#ghost
    return this.clients[who % Math.max(1, this.clients.length)]
  }

  forgetEnded(): void {
    for (let at = this.clients.length - 1; at >= 0; at -= 1) {
      if (this.model.sessions.some((s) => s.id === this.clients[at]!.session)) continue
      this.#ghost = this.clients.splice(at, 1)[0]
    }
  }

  requestOf(session: number, operation: Operation): void {
    const at = this.clients.findIndex((client) => client.session === session)
    if (at >= 0) this.requestBy(this.clients[at]!, operation, 0)
  }

  request(who: number, operation: Operation, ack: number): void {
    const client = this.client(who)
    if (client !== undefined) this.requestBy(client, operation, ack)
  }

  requestBy(client: Client, operation: Operation, ack: number): void {
    const { session, generation, nextId: id, sent } = client
    const acks = ack === 0 ? [] : sent.slice(0, -ack).map((command) => command.id)
    const command = { session, generation, id, acks, operation }
    client.nextId += 1
    sent.push(command)
    this.send(command)
  }

  send(command: ClientCommand): Result | undefined {
    const result = this.ledger.apply(command)
    const expected = this.model.apply(command)
    deepStrictEqual(plain(result), plain(expected), JSON.stringify(command.operation))
    deepStrictEqual(plain(this.twin.apply(command)), plain(result))
    this.outcomes.count(command.operation.op, result)
    return result
  }

  restore(from: 'rows' | 'changes'): void {
    this.checkpoint_()
    const rows =
      from === 'rows'
        ? [...this.ledger.rows()]
        : [...this.checkpoint].map(([key, value]) => ({ key, value })).reverse()
    this.ledger = Ledger.restore(plain(rows), { sink: this.sink })
    this.checkpoint.clear()
    for (const { key, value } of this.ledger.rows()) this.checkpoint.set(key, plain(value))
  }

  /** Takes the changes, as a checkpoint does, and compares them with all rows. */
  checkpoint_(): void {
    for (const { key, value } of this.ledger.takeChanges()) {
      if (value === undefined) this.checkpoint.delete(key)
      else this.checkpoint.set(key, plain(value))
    }
    deepStrictEqual(sortedRows(this.checkpoint), sortedRows(rowsOf(this.ledger)))
  }

  compare(): void {
    this.ledger.checkInvariants()
    this.model.checkNoCircle()
    deepStrictEqual(plain(this.delivered), plain(this.model.delivered))
    this.delivered.length = 0
    this.model.delivered.length = 0
    deepStrictEqual(plain(observe(this.ledger)), plain(this.model.observe(NAMESPACES)))
    if (this.index % 10 !== 0) return
    this.checkpoint_()
    deepStrictEqual(sortedRows(rowsOf(this.twin)), sortedRows(rowsOf(this.ledger)))
    deepStrictEqual(this.twinEvents, this.events)
    this.events.forEach((event, at) => {
      deepStrictEqual(event.revision, at + 1)
    })
  }
}

function plain<T>(value: T): T {
  return value === undefined ? value : JSON.parse(JSON.stringify(value))
}

function rowsOf(ledger: Ledger): Map<string, unknown> {
  return new Map([...ledger.rows()].map(({ key, value }) => [key, plain(value)]))
}

function sortedRows(rows: Map<string, unknown>): [string, unknown][] {
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1))
}

function observe(ledger: Ledger) {
  const ask = <T>(read: Read): T => {
    const result = ledger.query(read)
    if (!result.ok) throw new Error(`${read.op} refused: ${result.cause}`)
    return result.value as unknown as T
  }
  const names = (list: unknown[]): string[] => (list as { name: string }[]).map(({ name }) => name)
  const sessions = ask<{ sessions: Record<string, number>[] }>({ op: 'session.list', limit: 1_000 })
  return {
    next: ledger.nextDeadlineMs(),
    sessions: sessions.sessions.map((s) => ({
      session: s.session,
      generation: s.generation,
      locks: s.locks,
      codes: s.codes,
      permits: s.permits,
      reservations: s.reservations,
      waiting: s.waiting,
    })),
    namespaces: NAMESPACES.map((namespace) => {
      const list = { namespace, prefix: '', limit: 1_000 }
      const { locks } = ask<{ locks: unknown[] }>({ op: 'lock.list', ...list })
      const { semaphores } = ask<{ semaphores: unknown[] }>({ op: 'semaphore.list', ...list })
      const { sequences } = ask<{
        sequences: { name: string; scope: { company: string; branch: string; period: string } }[]
      }>({ op: 'sequence.list', ...list })
      return {
        locks: names(locks).map((name) => ask({ op: 'lock.get', namespace, name })),
        codes: ask<{ codes: unknown[] }>({ op: 'code.list', ...list }).codes,
        semaphores: names(semaphores).map((name) => ask({ op: 'semaphore.get', namespace, name })),
        counters: sequences.map(({ name, scope }) => {
          const { left, gaps, ...rest } = ask<Record<string, unknown>>({
            op: 'sequence.get',
            namespace,
            name,
            scope,
          })
          const records = ask<{ gaps: Record<string, unknown>[] }>({
            op: 'sequence.gaps',
            namespace,
            name,
            scope,
            limit: 1_000,
          })
          deepStrictEqual(records.gaps.length, gaps)
          return {
            ...rest,
            gaps: records.gaps
              .filter((gap) => JSON.stringify(gap.scope) === JSON.stringify(scope))
              .map(({ from, to, count, kind }) => ({ from, to, count, kind })),
          }
        }),
      }
    }),
  }
}

t.setTimeout(3_600_000) // long runs on request; the runner has its own limit

await t.test('the ledger does what the plain model does, over long random runs', async (t) => {
  const seed = Number(process.env.TRANCA_SEED ?? Math.floor(Math.random() * 2 ** 31))
  const numRuns = Number(process.env.TRANCA_RUNS ?? 40)
  t.comment(`seed ${seed}, ${numRuns} runs`)
  const opens: Action[] = [1, 2, 3, 0].map((namespace) => ({
    act: 'open',
    namespace,
    delay: namespace === 2,
  }))
  const outcomes = new Outcomes()
  const details = fc.check(
    fc.property(fc.array(action, { minLength: 50, maxLength: 400, size: 'max' }), (actions) => {
      const run = new Run(outcomes)
      for (const each of [...opens, ...actions]) {
        try {
          run.step(each)
        } catch (cause) {
          throw new Error(`step ${run.index}: ${JSON.stringify(each)}`, { cause })
        }
      }
    }),
    { seed, numRuns, endOnFailure: process.env.TRANCA_SHRINK === undefined },
  )
  if (details.failed) {
    t.comment(
      `again: TRANCA_SEED=${seed}, with TRANCA_SHRINK=1 for a short run; path ${details.counterexamplePath}`,
    )
    if (process.env.TRANCA_SHRINK !== undefined) t.comment(JSON.stringify(details.counterexample))
    throw details.errorInstance
  }
  for (const line of outcomes.report()) t.comment(line)
  t.pass('all runs agree')
})
