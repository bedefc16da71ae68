import type { Operation } from '@tranca/history'
import { type SequenceState, sequenceKey } from '../audit/state.ts'
import { rankOf } from '../numeral.ts'
import { type Call, type Client, doneAs, type History } from './history.ts'
import type { LockMode, Scope } from './operation.ts'

type Args = Operation['args']

/** How long a call was on its way, and what is known of its end. */
type When = Pick<Operation, 'status' | 'callNs' | 'returnNs'>

export interface ObservedOptions {
  readonly history: History
  /** The sequences as the cluster described them before the run: where their numbers go on. */
  readonly before: readonly SequenceState[]
  /** As it described them afterwards: kind and digits of each. */
  readonly after: readonly SequenceState[]
}

/**
 * The history of locks and numbers in the words of `@tranca/history`, for its checker. What ends with an owner or
 * a session (its locks, its reserved numbers) is an operation of unknown outcome from then on. A lock that was
 * refused says nothing here: it may have been kept free for somebody who waits, or after a session's end. Codes
 * and licenses have no token, or more rules than a pool: only the audit looks at them.
 */
export function observedOperations({ history, before, after }: ObservedOptions): Operation[] {
  const operations: Operation[] = []
  const numbers = new Numbers(after, operations)
  numbers.begin(before, history.calls)
  const holdings = new Holdings(operations)
  for (const call of history.calls) {
    holdings.see(call)
    numbers.see(call)
  }
  for (const client of history.clients) {
    if (client.endedMs === undefined) continue
    holdings.end(client, undefined, client.endedMs)
    numbers.end(client, undefined, client.endedMs)
  }
  return operations
}

/** Users' locks, while their calls are walked through. A user does one thing at a time. */
class Holdings {
  readonly #operations: Operation[]
  readonly #held = new Map<string, Map<string, { readonly token: number; readonly mode: LockMode }>>()

  constructor(operations: Operation[]) {
    this.#operations = operations
  }

  see(call: Call): void {
    const { request, client, callMs } = call
    const owner = ownerOf(client, request.owner)
    switch (request.op) {
      case 'lock.acquire': {
        const token = doneAs(call, 'lock.acquire')?.result.token
        for (const { name, mode } of request.locks) {
          const held = this.#of(owner).get(name)
          if (held !== undefined && (held.mode === mode || held.mode === 'exclusive')) {
            if (token !== undefined)
              this.#add(call, 'lock.get', { lock: name }, { holder: owner, token: held.token })
            continue
          }
          if (held !== undefined)
            this.#add(call, 'lock.release', { lock: name, owner, token: held.token }, { ok: true })
          if (token !== undefined) this.#of(owner).set(name, { token, mode })
          this.#add(call, 'lock.acquire', { lock: name, owner, mode }, { ok: true, token: token ?? null })
        }
        break
      }
      case 'lock.release': {
        const counts = doneAs(call, 'lock.release')?.result.counts
        request.names.forEach((name, position) => {
          const held = this.#of(owner).get(name)
          if (held === undefined || (counts?.[position] ?? 0) > 0) return
          this.#of(owner).delete(name)
          this.#add(call, 'lock.release', { lock: name, owner, token: held.token }, { ok: true })
        })
        break
      }
      case 'owner.release':
        if (call.outcome.status !== 'refused') this.end(client, request.owner, callMs)
        break
      default:
        break
    }
  }

  /** All that a user held, or all users of a client, may be free from now on. */
  end(client: Client, user: string | undefined, atMs: number): void {
    for (const [owner, held] of this.#held) {
      const isEnded =
        user === undefined ? owner.startsWith(ownerOf(client, '')) : owner === ownerOf(client, user)
      if (!isEnded) continue
      for (const [name, { token }] of held)
        this.#operations.push({
          client: owner,
          op: 'lock.release',
          args: { lock: name, owner, token },
          ret: null,
          ...unknownSince(atMs),
        })
      held.clear()
    }
  }

  #add(call: Call, op: string, args: Args, ret: Operation['ret']): void {
    this.#operations.push({
      client: ownerOf(call.client, call.request.owner),
      op,
      args,
      ret,
      ...whenOf(call),
    })
  }

  #of(owner: string): Map<string, { readonly token: number; readonly mode: LockMode }> {
    let held = this.#held.get(owner)
    if (held === undefined) {
      held = new Map()
      this.#held.set(owner, held)
    }
    return held
  }
}

/** Sequences as counters that begin at 1, which stands for all zeros. */
class Numbers {
  readonly #operations: Operation[]
  readonly #specs = new Map<string, SequenceState['spec']>()
  /** Numbers that users have reserved: sequence and value. */
  readonly #reserved = new Map<string, { readonly key: string; readonly value: number }[]>()

  constructor(after: readonly SequenceState[], operations: Operation[]) {
    this.#operations = operations
    for (const { name, scope, spec } of after) this.#specs.set(sequenceKey(name, scope), spec)
  }

  /** What was there before the first call: how far the counters were, which numbers are free or with somebody. */
  begin(before: readonly SequenceState[], calls: readonly Call[]): void {
    for (const state of before) {
      const key = sequenceKey(state.name, state.scope)
      const free = state.free.map((value) => ({ value, isFree: true }))
      const reserved = state.reserved.map(({ value }) => ({ value, isFree: false }))
      const open = [...free, ...reserved]
        .map(({ value, isFree }) => ({ position: this.#position(key, value), isFree }))
        .filter((each): each is { position: number; isFree: boolean } => each.position !== undefined)
        .sort((a, b) => a.position - b.position)
      let atNs = -1_000_000_000n
      const add = (verb: string, args: Args, ret: Operation['ret']): void => {
        const when = { status: 'ok', callNs: atNs, returnNs: atNs + 1n } as const
        this.#operations.push({
          client: 'before',
          op: `seq.${verb}`,
          args: { seq: key, ...args },
          ret,
          ...when,
        })
        atNs += 2n
      }
      for (const { position, isFree } of open) {
        add('raise', { next: position }, { ok: true })
        add('reserve', isFree ? {} : { ttl_ms: 0 }, { value: position })
        if (isFree) add('rollback', { value: position }, { ok: true })
      }
      const last = state.last === undefined ? undefined : this.#position(key, state.last)
      if (last !== undefined) add('raise', { next: last + 1 }, { ok: true })
    }
    // A counter begins after its start, or after the seed of the request that reached it first.
    for (const [key, spec] of this.#specs) {
      if (before.some((state) => state.last !== undefined && sequenceKey(state.name, state.scope) === key))
        continue
      const args = { seq: key, next: rankOf(spec.start, spec) + 1 }
      this.#operations.push({ client: 'before', op: 'seq.raise', args, ret: null, ...unknownSince(-1) })
    }
    const seeds = new Set<string>()
    for (const call of calls) {
      const { request } = call
      if (request.op !== 'sequence.next' && request.op !== 'sequence.reserve') continue
      if (request.seedIfAbsent === undefined || call.outcome.status === 'refused') continue
      for (const key of this.#keysOf(call)) {
        const next = (this.#position(key, request.seedIfAbsent) ?? 0) + 1
        if (seeds.has(`${key} ${next}`)) continue
        seeds.add(`${key} ${next}`)
        this.#add(call, 'raise', { seq: key, next }, null, 'unknown')
      }
    }
  }

  see(call: Call): void {
    const { request, client, callMs } = call
    switch (request.op) {
      case 'sequence.next': {
        const first = doneAs(call, 'sequence.next')?.result.first
        for (const key of this.#keysOf(call))
          this.#add(
            call,
            'next',
            { seq: key, n: request.count },
            { value: this.#position(key, first) ?? null },
          )
        break
      }
      case 'sequence.reserve': {
        const result = doneAs(call, 'sequence.reserve')?.result
        for (const key of this.#keysOf(call)) {
          const value = this.#position(key, result?.value)
          // What nobody saw may come back whenever its session ends.
          const ttlMs = result === undefined ? 0 : result.expiresInMs
          this.#add(
            call,
            'reserve',
            { seq: key, ...(ttlMs === undefined ? {} : { ttl_ms: ttlMs }) },
            { value: value ?? null },
          )
          if (value !== undefined) this.#of(ownerOf(client, request.owner)).push({ key, value })
        }
        break
      }
      case 'sequence.confirm':
      case 'sequence.rollback': {
        const key = sequenceKey(request.name, request.scope)
        const value = this.#position(key, request.value)
        if (value === undefined) break
        const mine = this.#of(ownerOf(client, request.owner))
        const at = mine.findIndex((each) => each.key === key && each.value === value)
        if (at >= 0 && call.outcome.status === 'ok') mine.splice(at, 1)
        this.#add(
          call,
          request.op === 'sequence.confirm' ? 'confirm' : 'rollback',
          { seq: key, value },
          { ok: true },
        )
        break
      }
      case 'sequence.ensureAtLeast':
        for (const key of this.#keysOf(call)) {
          const value = this.#position(key, request.value)
          if (value !== undefined) this.#add(call, 'raise', { seq: key, next: value + 1 }, { ok: true })
        }
        break
      case 'sequence.gap':
        this.#addGap(call, request)
        break
      case 'owner.release':
        if (call.outcome.status !== 'refused') this.end(client, request.owner, callMs)
        break
      default:
        break
    }
  }

  /** Numbers that a user has not settled, or all users of a client, may come back from now on. */
  end(client: Client, user: string | undefined, atMs: number): void {
    for (const [owner, mine] of this.#reserved) {
      const isEnded =
        user === undefined ? owner.startsWith(ownerOf(client, '')) : owner === ownerOf(client, user)
      if (!isEnded) continue
      for (const { key, value } of mine.splice(0))
        this.#operations.push({
          client: owner,
          op: 'seq.rollback',
          args: { seq: key, value },
          ret: null,
          ...unknownSince(atMs),
        })
    }
  }

  /** Free numbers that will not be issued again: as if somebody had taken and confirmed them. */
  #addGap(
    call: Call,
    request: { readonly name: string; readonly scope: Scope; readonly from: string; readonly to: string },
  ): void {
    const key = sequenceKey(request.name, request.scope)
    const from = this.#position(key, request.from)
    const to = this.#position(key, request.to)
    if (from === undefined || to === undefined) return
    for (let value = from; value <= to; value++) {
      this.#add(call, 'reserve', { seq: key }, { value })
      this.#add(call, 'confirm', { seq: key, value }, { ok: true })
    }
  }

  /** The sequences that the call may be about: without an answer the period is not known. */
  #keysOf(call: Call): string[] {
    const { request } = call
    if (!('scope' in request)) return []
    const done = doneAs(call, 'sequence.next') ?? doneAs(call, 'sequence.reserve')
    const { company, branch, period } = request.scope
    if (done !== undefined)
      return [sequenceKey(request.name, { company, branch, period: done.result.period })]
    if (period !== undefined) return [sequenceKey(request.name, request.scope)]
    const start = sequenceKey(request.name, { company, branch, period: '' })
    return [...this.#specs.keys()].filter((key) => key.startsWith(start))
  }

  #position(key: string, value: string | undefined): number | undefined {
    const spec = this.#specs.get(key)
    if (spec === undefined || value === undefined) return undefined
    return rankOf(value, spec) + 1
  }

  #add(call: Call, verb: string, args: Args, ret: Operation['ret'], status?: 'unknown'): void {
    const when = status === undefined ? whenOf(call) : unknownSince(call.callMs)
    const client = ownerOf(call.client, call.request.owner)
    this.#operations.push({
      client,
      op: `seq.${verb}`,
      args,
      ret: when.status === 'ok' ? ret : null,
      ...when,
    })
  }

  #of(owner: string): { readonly key: string; readonly value: number }[] {
    let mine = this.#reserved.get(owner)
    if (mine === undefined) {
      mine = []
      this.#reserved.set(owner, mine)
    }
    return mine
  }
}

/** A refusal had no effect. */
function whenOf(call: Call): When {
  const callNs = nanoseconds(call.callMs)
  switch (call.outcome.status) {
    case 'ok':
      return { status: 'ok', callNs, returnNs: nanoseconds(call.returnMs) }
    case 'refused':
      return { status: 'fail', callNs }
    default:
      return { status: 'unknown', callNs }
  }
}

function unknownSince(atMs: number): When {
  return { status: 'unknown', callNs: nanoseconds(atMs) }
}

/** A user of one session is another one than in the next session. */
function ownerOf(client: Client, user: string): string {
  return `${client.session}/${user}`
}

function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1e6))
}
