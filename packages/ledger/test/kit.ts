// A small world around a ledger, so that a test reads as a story.
import {
  type ClientCommand,
  Ledger,
  type LedgerEvent,
  type Limits,
  type LockMode,
  type Operation,
  type Read,
  type Result,
  type Scope,
  type SequenceSpec,
} from '../src/index.ts'

export const WALL = Date.UTC(2026, 10, 21, 15, 0)

export interface Waited {
  readonly session: number
  readonly id: number
  readonly result: Result
}

export class World {
  ledger: Ledger
  /** Answers of requests that waited, as they came. */
  answers: Waited[] = []
  events: LedgerEvent[] = []
  timeMs = 0
  wallMs = WALL
  term = 1
  readonly limits: Partial<Limits>
  /** What checkpoints have written, each row as JSON. */
  readonly #disk = new Map<string, string>()
  #index = 0
  #keys = 0

  constructor(limits: Partial<Limits> = {}) {
    this.limits = limits
    this.ledger = new Ledger({ sink: this, limits })
    this.begin()
    this.ledger.applyInternal({ op: 'leader.start', node: 1 })
  }

  answer(session: number, id: number, result: Result): void {
    this.answers.push({ session, id, result })
  }

  event(event: LedgerEvent): void {
    this.events.push(event)
  }

  begin(): void {
    this.#index += 1
    this.ledger.begin({ index: this.#index, term: this.term, timeMs: this.timeMs, wallMs: this.wallMs })
  }

  /** Time goes by. */
  pass(ms: number): void {
    this.timeMs += ms
    this.wallMs += ms
    this.begin()
  }

  newLeader(): void {
    this.term += 1
    this.begin()
    this.ledger.applyInternal({ op: 'leader.start', node: 2 })
  }

  open(client: string, options: Partial<Extract<Operation, { op: 'session.open' }>> = {}): Client {
    this.#keys += 1
    const key = new Uint8Array(16).fill(this.#keys)
    const result = this.ledger.apply(unbound(openOperation(key, client, options)))
    if (result?.ok !== true) throw new Error(`no session: ${JSON.stringify(result)}`)
    return new Client(this, result.value.session as number, key)
  }

  expire(client: Client, of: { generation?: number; term?: number } = {}): Result {
    this.begin()
    const { generation = client.generation, term = this.term } = of
    return this.ledger.applyInternal({ op: 'session.expire', session: client.session, generation, term })
  }

  query(read: Read): Result {
    return this.ledger.query(read)
  }

  /** The answer that a waiting request got, if it did. */
  answerOf(client: Client, id: number): Result | undefined {
    return this.answers.find((waited) => waited.session === client.session && waited.id === id)?.result
  }

  rows(): [string, unknown][] {
    return [...this.ledger.rows()]
      .map(({ key, value }): [string, unknown] => [key, value])
      .sort(([a], [b]) => (a < b ? -1 : 1))
  }

  /** The rows that changed go to the disk. */
  checkpoint(): void {
    for (const { key, value } of this.ledger.takeChanges()) {
      if (value === undefined) this.#disk.delete(key)
      else this.#disk.set(key, JSON.stringify(value))
    }
  }

  /** @throws when a row changed, came or went, and no checkpoint was told */
  checkStored(): void {
    const gone = new Set(this.#disk.keys())
    for (const { key, value } of this.ledger.rows()) {
      const [stored, now] = [this.#disk.get(key), JSON.stringify(value)]
      if (stored !== now) throw new Error(`${key}: stored ${stored}, is ${now}`)
      gone.delete(key)
    }
    for (const key of gone) throw new Error(`${key} is stored and gone`)
  }

  /** The leader is gone; another node goes on with what is on the disk after a checkpoint. */
  failOver(): void {
    this.checkpoint()
    this.checkStored()
    const rows = [...this.#disk].reverse().map(([key, value]) => ({ key, value: JSON.parse(value) }))
    this.ledger = Ledger.restore(rows, { sink: this, limits: this.limits })
    this.newLeader()
  }
}

export class Client {
  readonly world: World
  readonly session: number
  readonly key: Uint8Array
  generation = 1
  /** Id of the latest request. */
  id = 0

  constructor(world: World, session: number, key: Uint8Array) {
    this.world = world
    this.session = session
    this.key = key
  }

  /** A new request in an entry of its own. */
  do(operation: Operation, acks: readonly number[] = []): Result | undefined {
    this.id += 1
    return this.send(this.id, operation, acks)
  }

  send(id: number, operation: Operation, acks: readonly number[] = []): Result | undefined {
    this.world.begin()
    const { session, generation } = this
    const result = this.world.ledger.apply({ session, generation, id, acks, operation })
    this.world.ledger.checkInvariants()
    return result
  }

  resume(outstanding: readonly number[] = []): Result | undefined {
    this.world.begin()
    const { session, key } = this
    const result = this.world.ledger.apply(unbound({ op: 'session.resume', session, key, outstanding }))
    if (result?.ok === true) this.generation = result.value.generation as number
    return result
  }

  lock(owner: string, names: string | string[], waitMs = 0, mode: LockMode = 'exclusive', priority = 0) {
    return this.do(lockOperation(owner, names, waitMs, mode, priority))
  }

  unlock(owner: string, ...names: string[]) {
    return this.do({ op: 'lock.release', owner, names })
  }

  permits(owner: string, name: string, permits: number, waitMs = 0, total?: number) {
    const operation = { op: 'semaphore.acquire', owner, name, permits, waitMs } as const
    return this.do(total === undefined ? operation : { ...operation, total })
  }

  reserve(owner: string, name: string, more: object = {}) {
    return this.do({ op: 'sequence.reserve', owner, name, scope: SCOPE, ...more })
  }

  confirm(owner: string, name: string, value: string, scope: Scope = SCOPE) {
    return this.do({ op: 'sequence.confirm', owner, name, scope, value })
  }

  rollBack(owner: string, name: string, value: string, scope: Scope = SCOPE) {
    return this.do({ op: 'sequence.rollback', owner, name, scope, value })
  }
}

export const SCOPE: Scope = { company: '01', branch: '0101' }

export const GAPLESS: SequenceSpec = {
  kind: 'gapless',
  digits: 'decimal',
  width: 6,
  prefix: 'A',
  start: '000001',
  reset: 'never',
  utcOffsetMinutes: -180,
  reservationTtlMs: 0,
  warnBelow: 0,
}

export const FAST: SequenceSpec = { ...GAPLESS, kind: 'fast', prefix: '' }

export function openOperation(key: Uint8Array, client: string, options: object = {}): Operation {
  return {
    op: 'session.open',
    key,
    namespace: 'erp',
    client,
    installation: 'production',
    ttlMs: 30_000,
    lockDelayMs: 0,
    codesMax: 20,
    ...options,
  }
}

export function unbound(operation: Operation): ClientCommand {
  return { session: 0, generation: 0, id: 1, acks: [], operation }
}

export function lockOperation(
  owner: string,
  names: string | string[],
  waitMs = 0,
  mode: LockMode = 'exclusive',
  priority = 0,
): Operation {
  const locks = (Array.isArray(names) ? names : [names]).map((name) => ({ name, mode }))
  return { op: 'lock.acquire', owner, locks, waitMs, priority }
}

/** `ok`, the cause of a refusal, or `waits`. */
export function outcome(result: Result | undefined): string {
  return result === undefined ? 'waits' : result.ok ? 'ok' : result.cause
}

export function granted(result: Result | undefined): Record<string, unknown> {
  if (result?.ok !== true) throw new Error(`not granted: ${JSON.stringify(result)}`)
  return result.value
}

export function refused(result: Result | undefined): Record<string, unknown> {
  if (result === undefined || result.ok) throw new Error(`not refused: ${JSON.stringify(result)}`)
  return result.detail
}

/** For properties: TRANCA_SEED fixes what fast-check would draw and print. */
export function seeded(): { seed?: number } {
  const seed = process.env.TRANCA_SEED
  return seed === undefined ? {} : { seed: Number(seed) }
}
