import assert from 'node:assert/strict'
import type { CommandRequest, ReadRequest } from '@tranca/protocol'

export type FakeResult =
  | { readonly ok: true; readonly value: object }
  | { readonly ok: false; readonly cause: string; readonly detail: object }

interface FakeSession {
  readonly id: number
  readonly key: string
  readonly ttlMs: number
  generation: number
  lastId: number
  readonly answers: Map<number, { op: string; result: FakeResult }>
  readonly waiting: Map<number, Waiter>
}

interface Waiter {
  readonly session: number
  readonly id: number
  readonly owner: string
  readonly op: string
  /** Grants it if that is possible now. */
  readonly attempt: () => FakeResult | undefined
}

interface FakeGrant {
  readonly session: number
  readonly owner: string
  readonly product: number
  units: number
  readonly holders: Set<string>
}

interface Held {
  readonly session: number
  readonly owner: string
  readonly token: number
  count: number
}

export interface FakeCommand {
  readonly session: number
  readonly generation: number
  readonly id: number
  readonly acks: readonly number[]
  readonly operation: CommandRequest
}

const ok = (value: object): FakeResult => ({ ok: true, value })
const no = (cause: string, detail: object = {}): FakeResult => ({ ok: false, cause, detail })

/**
 * Just enough of a ledger to hold the client to its promises: sessions, exactly once by (session, id),
 * exclusive locks with a queue, licenses that are only counted, codes, and numbers.
 */
export class FakeLedger {
  readonly sessions = new Map<number, FakeSession>()
  readonly locks = new Map<string, Held>()
  readonly codes = new Map<string, string>()
  readonly counters = new Map<string, number>()
  readonly reserved = new Map<string, string>()
  readonly free = new Map<string, number[]>()
  /** Units in force, by product. */
  readonly products = new Map<number, number>([[4_000, 2]])
  readonly grants = new Map<number, FakeGrant>()
  /** Product and user of what is borrowed, by its id. */
  readonly borrows = new Map<string, { readonly product: number; readonly user: string }>()
  /** How often each operation has been executed, by its text. */
  readonly executed = new Map<string, number>()
  readonly opened: number[] = []
  answer: (session: number, id: number, op: string, result: FakeResult) => void = () => undefined
  event: (kind: string, name: string, session: number, owner: string) => void = () => undefined
  answersMax = 65_536
  #queue: Waiter[] = []
  #lastSession = 0
  #lastToken = 0
  #lastGrant = 0

  get waitingCount(): number {
    return this.#queue.length
  }

  /** `undefined` = waits; the answer comes through `answer`. */
  apply(command: FakeCommand): FakeResult | undefined {
    const { operation } = command
    if (operation.op === 'session.open') return this.#open(operation)
    if (operation.op === 'session.resume') return this.#resume(operation)
    const session = this.sessions.get(command.session)
    if (session === undefined) return no('sessionUnknown')
    if (session.generation !== command.generation) return no('staleGeneration')
    for (const id of command.acks) session.answers.delete(id)
    const stored = session.answers.get(command.id)
    if (stored !== undefined) return stored.result
    if (session.waiting.has(command.id)) return undefined
    if (command.id <= session.lastId) return no('staleRequest')
    if (session.answers.size >= this.answersMax) return no('tooManyOutstanding')
    session.lastId = command.id
    const text = JSON.stringify(operation)
    this.executed.set(text, (this.executed.get(text) ?? 0) + 1)
    const result = this.#execute(session, command.id, operation)
    if (result !== undefined) session.answers.set(command.id, { op: operation.op, result })
    return result
  }

  expire(id: number): void {
    const session = this.sessions.get(id)
    if (session !== undefined) this.#end(session)
  }

  query(read: ReadRequest): FakeResult {
    if (read.op === 'lock.get') {
      const held = this.locks.get(read.name)
      const holders = held === undefined ? [] : [holder(held)]
      return ok({ name: read.name, holders, queue: [] })
    }
    return no('invalid', { field: 'op', value: read.op, expected: 'a read of the fake' })
  }

  #open(operation: Extract<CommandRequest, { op: 'session.open' }>): FakeResult {
    const key = Buffer.from(operation.key).toString('hex')
    for (const session of this.sessions.values()) {
      if (session.key === key) return ok(view(session))
    }
    const session: FakeSession = {
      id: ++this.#lastSession,
      key,
      ttlMs: operation.ttlMs,
      generation: 1,
      lastId: 0,
      answers: new Map(),
      waiting: new Map(),
    }
    this.sessions.set(session.id, session)
    this.opened.push(session.id)
    return ok(view(session))
  }

  #resume(operation: Extract<CommandRequest, { op: 'session.resume' }>): FakeResult {
    const session = this.sessions.get(operation.session)
    if (session === undefined) return no('sessionUnknown')
    if (session.key !== Buffer.from(operation.key).toString('hex')) return no('badKey')
    session.generation++
    const outstanding = new Set(operation.outstanding)
    for (const id of session.answers.keys()) if (!outstanding.has(id)) session.answers.delete(id)
    return ok(view(session))
  }

  #execute(session: FakeSession, id: number, operation: CommandRequest): FakeResult | undefined {
    switch (operation.op) {
      case 'session.close':
        this.#end(session)
        return ok({})
      case 'lock.acquire': {
        const names = operation.locks.map((lock) => lock.name)
        const attempt = () => this.#maybeLock(session.id, operation.owner, names)
        const granted = attempt()
        if (granted !== undefined) return granted
        if (operation.waitMs === 0) {
          const held = names.map((name) => this.locks.get(name)).find((one) => one !== undefined)!
          return no('held', { name: names[0], holders: [holder(held)], queued: this.#queue.length })
        }
        return this.#wait(session, { id, owner: operation.owner, op: operation.op, attempt })
      }
      case 'license.checkout': {
        const attempt = () => this.#maybeLicense(session.id, operation.owner, operation)
        const granted = attempt()
        if (granted !== undefined) return granted
        if (operation.waitMs === 0) return this.#exhausted(operation.product)
        return this.#wait(session, { id, owner: operation.owner, op: operation.op, attempt })
      }
      case 'license.pool': {
        const free = this.#freeUnits(operation.product)
        const units = operation.max === 0 ? free : Math.min(free, operation.max)
        if (units === 0) return this.#exhausted(operation.product)
        const grant = this.#grant(session.id, operation.owner, operation.product, units)
        return ok({ grant, units, token: ++this.#lastToken })
      }
      case 'license.poolTake':
      case 'license.poolGive': {
        const grant = this.grants.get(operation.grant)
        if (grant === undefined) return no('unknownGrant', { grant: operation.grant })
        if (operation.op === 'license.poolGive') grant.holders.delete(operation.holder)
        else if (grant.holders.size < grant.units) grant.holders.add(operation.holder)
        else return this.#exhausted(grant.product)
        return ok({ grant: operation.grant, taken: grant.holders.size, units: grant.units })
      }
      case 'license.borrow': {
        const { product, user } = operation
        if (this.#freeUnits(product) === 0) return this.#exhausted(product)
        const grant = ++this.#lastGrant
        this.borrows.set(`B${grant}`, { product, user })
        return ok({ grant, borrow: `B${grant}` })
      }
      case 'license.returnBorrowed': {
        const { borrow } = operation
        const found = this.borrows.get(borrow)
        if (found === undefined) return no('unknownBorrow', { borrow })
        this.borrows.delete(borrow)
        this.#grantAll()
        return ok(found)
      }
      case 'license.renew':
      case 'license.checkin': {
        const grant = this.grants.get(operation.grant)
        if (grant?.session !== session.id || grant.owner !== operation.owner)
          return no('unknownGrant', { grant: operation.grant })
        if (operation.op === 'license.renew') return ok({})
        this.grants.delete(operation.grant)
        this.#grantAll()
        return ok({ status: 'released' })
      }
      case 'bundle': {
        const results: object[] = []
        for (const [part, one] of operation.parts.entries()) {
          const result = this.#execute(session, id, {
            ...one,
            owner: operation.owner,
            waitMs: 0,
          } as CommandRequest)!
          if (!result.ok) {
            // Enough for tests that let the first part fail.
            assert(part === 0, 'the fake takes nothing back')
            return no(result.cause, { ...result.detail, part })
          }
          results.push(result.value)
        }
        return ok({ token: this.#lastToken, results })
      }
      case 'lock.release': {
        for (const name of operation.names) {
          const held = this.locks.get(name)
          if (held?.session !== session.id || held.owner !== operation.owner)
            return no('notHolder', { name, holders: [] })
        }
        const counts = operation.names.map((name) => this.#drop(name))
        this.#grantAll()
        return ok({ counts })
      }
      case 'request.cancel': {
        const waiter = session.waiting.get(operation.request)
        if (waiter === undefined) return ok({ canceled: false })
        this.#settle(waiter, no('canceled'))
        return ok({ canceled: true })
      }
      case 'owner.release': {
        let released = 0
        for (const [name, held] of this.locks) {
          if (held.session !== session.id || held.owner !== operation.owner) continue
          this.locks.delete(name)
          released++
        }
        for (const [number, grant] of this.grants) {
          if (grant.session !== session.id || grant.owner !== operation.owner) continue
          this.grants.delete(number)
          released++
        }
        for (const waiter of [...session.waiting.values()]) {
          if (waiter.owner === operation.owner) this.#settle(waiter, no('canceled'))
        }
        this.#grantAll()
        return ok({ released })
      }
      case 'code.reserve': {
        const who = `${session.id}/${operation.owner}`
        const has = this.codes.get(operation.code)
        if (has !== undefined && has !== who) return no('codeHeld', { code: operation.code, holder: {} })
        this.codes.set(operation.code, who)
        return ok({ reserved: true })
      }
      case 'code.release': {
        const mine = this.codes.get(operation.code) === `${session.id}/${operation.owner}`
        if (mine) this.codes.delete(operation.code)
        return ok({ released: mine })
      }
      case 'sequence.next': {
        const value = text(this.#advance(operation.name))
        return ok({ first: value, last: value, count: 1, prefix: 'P', period: '' })
      }
      case 'sequence.reserve': {
        const back = this.free.get(operation.name)?.shift()
        const value = text(back ?? this.#advance(operation.name))
        this.reserved.set(`${operation.name}/${value}`, `${session.id}/${operation.owner}`)
        return ok({ value, prefix: 'P', period: '', reissued: back !== undefined })
      }
      case 'sequence.confirm':
      case 'sequence.rollback': {
        const key = `${operation.name}/${operation.value}`
        if (this.reserved.get(key) !== `${session.id}/${operation.owner}`) return no('reservationLost')
        this.reserved.delete(key)
        if (operation.op === 'sequence.rollback') this.#giveBack(operation.name, Number(operation.value))
        return ok({ value: operation.value })
      }
      default:
        return no('invalid', { field: 'op', value: operation.op, expected: 'an operation of the fake' })
    }
  }

  #advance(name: string): number {
    const value = (this.counters.get(name) ?? 0) + 1
    this.counters.set(name, value)
    return value
  }

  #giveBack(name: string, value: number): void {
    const free = this.free.get(name) ?? []
    free.push(value)
    free.sort((a, b) => a - b)
    this.free.set(name, free)
  }

  #wait(session: FakeSession, waiting: Omit<Waiter, 'session'>): undefined {
    const waiter = { session: session.id, ...waiting }
    session.waiting.set(waiter.id, waiter)
    this.#queue.push(waiter)
  }

  #maybeLock(session: number, owner: string, names: readonly string[]): FakeResult | undefined {
    assert(this.sessions.has(session), 'a grant to a session that is gone')
    const mine = (held: Held) => held.session === session && held.owner === owner
    const held = names.map((name) => this.locks.get(name))
    if (held.some((one) => one !== undefined && !mine(one))) return undefined
    const token = ++this.#lastToken
    const counts = names.map((name) => {
      const before = this.locks.get(name)?.count ?? 0
      this.locks.set(name, { session, owner, token, count: before + 1 })
      this.event('lock.granted', name, session, owner)
      return before + 1
    })
    return ok({ token, counts })
  }

  #maybeLicense(
    session: number,
    owner: string,
    { product, units }: { product: number; units: number },
  ): FakeResult | undefined {
    assert(this.sessions.has(session), 'a grant to a session that is gone')
    if (this.#freeUnits(product) < units) return undefined
    const grant = this.#grant(session, owner, product, units)
    return ok({ grant, product, status: 'inUse', units, unit: grant, token: ++this.#lastToken })
  }

  #grant(session: number, owner: string, product: number, units: number): number {
    const grant = ++this.#lastGrant
    this.grants.set(grant, { session, owner, product, units, holders: new Set() })
    return grant
  }

  #freeUnits(product: number): number {
    let free = this.products.get(product) ?? 0
    for (const grant of this.grants.values()) if (grant.product === product) free -= grant.units
    for (const borrow of this.borrows.values()) if (borrow.product === product) free -= 1
    return free
  }

  #exhausted(product: number): FakeResult {
    const holders = [...this.grants.values()].map(({ owner }) => ({ session: 1, client: 'fake', owner }))
    return no('exhausted', { cause: 'exhausted', tried: [{ product }], holders, queued: this.#queue.length })
  }

  #drop(name: string): number {
    const held = this.locks.get(name)!
    held.count--
    if (held.count === 0) {
      this.locks.delete(name)
      this.event('lock.released', name, held.session, held.owner)
    }
    return held.count
  }

  #grantAll(): void {
    for (const waiter of [...this.#queue]) {
      if (!this.#queue.includes(waiter)) continue
      const granted = waiter.attempt()
      if (granted !== undefined) this.#settle(waiter, granted)
    }
  }

  #settle(waiter: Waiter, result: FakeResult): void {
    this.#queue = this.#queue.filter((one) => one !== waiter)
    const session = this.sessions.get(waiter.session)
    session?.waiting.delete(waiter.id)
    session?.answers.set(waiter.id, { op: waiter.op, result })
    this.answer(waiter.session, waiter.id, waiter.op, result)
  }

  #end(session: FakeSession): void {
    for (const waiter of [...session.waiting.values()]) this.#settle(waiter, no('canceled'))
    this.sessions.delete(session.id)
    for (const [name, held] of this.locks) if (held.session === session.id) this.locks.delete(name)
    for (const [number, grant] of this.grants) if (grant.session === session.id) this.grants.delete(number)
    for (const [code, who] of this.codes) if (who.startsWith(`${session.id}/`)) this.codes.delete(code)
    for (const [key, who] of this.reserved) {
      if (!who.startsWith(`${session.id}/`)) continue
      this.reserved.delete(key)
      const [name, value] = key.split('/') as [string, string]
      this.#giveBack(name, Number(value))
    }
    this.#grantAll()
  }
}

function view(session: FakeSession): object {
  return { session: session.id, generation: session.generation, ttlMs: session.ttlMs }
}

function holder(held: Held): object {
  const { session, owner, token, count } = held
  return { session, client: 'fake', owner, mode: 'exclusive', token, sinceMs: 0, count }
}

function text(value: number): string {
  return String(value).padStart(6, '0')
}
