// A plain model of the ledger: arrays, full scans, no rows, no timers, no indexes. It says what the
// ledger must do, slowly. Written from the rules, not from the implementation.
import type {
  ClientCommand,
  LockAcquire,
  LockMode,
  Operation,
  Result,
  Scope,
  SemaphoreAcquire,
  SequenceSpec,
  SessionOpen,
} from '../src/index.ts'

interface ModelSession {
  id: number
  key: string
  namespace: string
  client: string
  ttlMs: number
  delayMs: number
  codesMax: number
  generation: number
  lastId: number
  answers: Map<number, Result>
}

interface LockHeld {
  name: string
  session: ModelSession
  owner: string
  mode: LockMode
  token: number
  since: number
  count: number
  taken: number
}

interface PermitsHeld {
  name: string
  session: ModelSession
  owner: string
  permits: number
  token: number
  since: number
  taken: number
}

interface CodeHeld {
  name: string
  session: ModelSession
  owner: string
  since: number
  taken: number
}

interface Reserved {
  counter: ModelCounter
  value: string
  session: ModelSession
  owner: string
  deadline: number
  taken: number
}

interface Want {
  /** `l` or `m`, then namespace and name: what it queues for. */
  name: string
  plain: string
  mode: LockMode
  permits: number
}

interface Waiting {
  session: ModelSession
  owner: string
  id: number
  wants: Want[]
  waitMs: number
  priority: number
  deadline: number
  since: number
  taken: number
}

interface Step {
  waiter: Waiting
  want: Want
}

interface ModelCounter {
  name: string
  plain: string
  scope: { company: string; branch: string; period: string }
  last: string
  free: string[]
  gaps: { from: string; to: string; count: number; kind: string }[]
  /** Every number that was ever given out, and what became of it. */
  fates: Map<string, 'reserved' | 'free' | 'confirmed' | 'declared'>
}

export interface Delivered {
  session: number
  id: number
  result: Result
}

const refuse = (cause: string, detail: object = {}): Result =>
  ({ ok: false, cause, detail }) as unknown as Result
const ok = (value: object): Result => ({ ok: true, value }) as unknown as Result

export class Model {
  now = 0
  wall = 0
  term = 0
  token = 0
  taken = 0
  sessions: ModelSession[] = []
  sessionCount = 0
  locks: LockHeld[] = []
  permits: PermitsHeld[] = []
  codes: CodeHeld[] = []
  reserved: Reserved[] = []
  waiting: Waiting[] = []
  delays: { name: string; until: number; taken: number }[] = []
  semaphores: { name: string; total: number; explicit: boolean }[] = []
  specs = new Map<string, SequenceSpec>()
  counters: ModelCounter[] = []
  /** Answers of waiting requests, in order. */
  delivered: Delivered[] = []
  /** The request being applied, if it began to wait, and what became of it meanwhile. */
  #current: { waiter?: Waiting; result?: Result } = {}

  begin(timeMs: number, wallMs: number): void {
    this.now = Math.max(this.now, timeMs)
    this.wall = wallMs
    this.#current = {}
    for (;;) {
      const due = [
        ...this.waiting.map((w) => ({ at: w.deadline, taken: w.taken, fire: () => this.#timeout(w) })),
        ...this.reserved.map((r) => ({ at: r.deadline, taken: r.taken, fire: () => this.#freeAgain(r) })),
        ...this.delays.map((d) => ({
          at: d.until,
          taken: d.taken,
          fire: () => {
            this.delays = this.delays.filter((other) => other !== d)
          },
        })),
      ]
        .filter(({ at }) => at <= this.now)
        .sort((a, b) => a.at - b.at || a.taken - b.taken)
      if (due[0] === undefined) return
      due[0].fire()
      this.#settle()
    }
  }

  apply(command: ClientCommand): Result | undefined {
    const { operation, id } = command
    if (operation.op === 'session.open') return this.#open(operation)
    if (operation.op === 'session.resume') {
      const session = this.sessions.find((s) => s.id === operation.session)
      if (session === undefined) return refuse('sessionUnknown', { session: operation.session })
      if (Buffer.from(operation.key).toString('hex') !== session.key) return refuse('badKey')
      session.generation += 1
      for (const known of [...session.answers.keys()]) {
        if (!operation.outstanding.includes(known)) session.answers.delete(known)
      }
      return ok({ session: session.id, generation: session.generation, ttlMs: session.ttlMs })
    }
    const session = this.sessions.find((s) => s.id === command.session)
    if (session === undefined) return refuse('sessionUnknown', { session: command.session })
    if (session.generation !== command.generation) {
      return refuse('staleGeneration', { generation: session.generation })
    }
    for (const ack of command.acks) session.answers.delete(ack)
    const answer = session.answers.get(id)
    if (answer !== undefined) return answer
    if (this.waiting.some((w) => w.session === session && w.id === id)) return undefined
    if (id <= session.lastId) return refuse('staleRequest', { id, lastId: session.lastId })
    session.lastId = id
    this.#current = {}
    let result = this.#execute(session, id, operation)
    this.#settle()
    result ??= this.#current.result
    this.#current = {}
    if (result !== undefined && this.sessions.includes(session)) session.answers.set(id, result)
    return result
  }

  expire(id: number, generation: number, term: number): void {
    const session = this.sessions.find((s) => s.id === id)
    if (session === undefined || session.generation !== generation || term !== this.term) return
    this.#end(session, session.delayMs, refuse('sessionUnknown', { session: id }))
    this.#settle()
  }

  // --- sessions ---

  #open(operation: SessionOpen): Result {
    const key = Buffer.from(operation.key).toString('hex')
    let session = this.sessions.find((s) => s.key === key)
    if (session === undefined) {
      this.sessionCount += 1
      session = {
        id: this.sessionCount,
        key,
        namespace: operation.namespace,
        client: operation.client,
        ttlMs: operation.ttlMs,
        delayMs: operation.lockDelayMs,
        codesMax: operation.codesMax,
        generation: 1,
        lastId: 0,
        answers: new Map(),
      }
      this.sessions.push(session)
    }
    return ok({ session: session.id, generation: session.generation, ttlMs: session.ttlMs })
  }

  #end(session: ModelSession, delayMs: number, waits: Result): void {
    this.sessions = this.sessions.filter((s) => s !== session)
    this.#giveUp((of) => of.session === session, delayMs, waits)
  }

  /** Ends all waits, then gives back all that is held, oldest first. Returns how much was held. */
  #giveUp(
    isConcerned: (of: { session: ModelSession; owner: string }) => boolean,
    delayMs: number,
    waits: Result,
  ): number {
    for (const waiter of this.waiting.filter(isConcerned)) this.#answer(waiter, waits)
    const held = [
      ...this.locks.filter(isConcerned).map((lock) => ({
        taken: lock.taken,
        end: () => {
          this.locks = this.locks.filter((other) => other !== lock)
          this.#rest(lock.name, delayMs)
        },
      })),
      ...this.permits.filter(isConcerned).map((hold) => ({
        taken: hold.taken,
        end: () => {
          this.permits = this.permits.filter((other) => other !== hold)
        },
      })),
      ...this.codes.filter(isConcerned).map((code) => ({
        taken: code.taken,
        end: () => {
          this.codes = this.codes.filter((other) => other !== code)
        },
      })),
      ...this.reserved.filter(isConcerned).map((r) => ({ taken: r.taken, end: () => this.#freeAgain(r) })),
    ].sort((a, b) => a.taken - b.taken)
    for (const { end } of held) end()
    return held.length
  }

  #rest(name: string, delayMs: number): void {
    if (delayMs === 0) return
    const until = this.now + delayMs
    const present = this.delays.find((d) => d.name === name)
    if (present !== undefined && present.until >= until) return
    this.delays = this.delays.filter((d) => d !== present)
    this.delays.push({ name, until, taken: this.#take() })
  }

  // --- waiting ---

  #take(): number {
    this.taken += 1
    return this.taken
  }

  #answer(waiter: Waiting, result: Result): void {
    this.waiting = this.waiting.filter((w) => w !== waiter)
    if (waiter === this.#current.waiter) {
      this.#current.result = result
      return
    }
    if (this.sessions.includes(waiter.session)) waiter.session.answers.set(waiter.id, result)
    this.delivered.push({ session: waiter.session.id, id: waiter.id, result })
  }

  #timeout(waiter: Waiting): void {
    const want = waiter.wants.find((w) => !this.#isFree(waiter, w))!
    const queued = this.waiting.filter(
      (w) => w !== waiter && w.wants.some((x) => x.name === want.name),
    ).length
    this.#answer(waiter, refuse('timeout', { ...this.#standing(want), queued }))
  }

  #standing(want: Want): object {
    if (want.name.startsWith('l')) return { name: want.plain, holders: this.lockHolders(want.name) }
    const { total } = this.semaphores.find((s) => s.name === want.name)!
    const holders = this.permitHolders(want.name)
    return { name: want.plain, total, used: this.used(want.name), holders }
  }

  #isFree(waiter: Waiting, want: Want): boolean {
    const isFirst = !this.waiting.some(
      (w) => w.taken < waiter.taken && w.wants.some((x) => x.name === want.name),
    )
    if (want.name.startsWith('m')) {
      const { total } = this.semaphores.find((s) => s.name === want.name)!
      return isFirst && this.used(want.name) + want.permits <= total
    }
    const holders = this.locks.filter((h) => h.name === want.name)
    const mine = holders.find((h) => h.session === waiter.session && h.owner === waiter.owner)
    const rests = this.delays.some((d) => d.name === want.name)
    if (mine !== undefined) {
      if (mine.mode === 'exclusive' || want.mode === 'shared') return true
      return holders.length === 1 && !rests
    }
    return isFirst && !rests && !holders.some((h) => want.mode === 'exclusive' || h.mode === 'exclusive')
  }

  /** Who waits and may have come to stand in a circle in this step. */
  #suspects: { session: ModelSession; owner: string }[] = []

  #settle(): void {
    do {
      this.#grantAll()
      const suspect = this.#suspects.shift()
      if (suspect !== undefined) this.#breakCycles(suspect, () => this.waiting.filter(ownedBy(suspect)))
    } while (this.#suspects.length > 0)
  }

  #grantAll(): void {
    for (;;) {
      const waiter = this.waiting.find((w) => w.wants.every((want) => this.#isFree(w, want)))
      if (waiter === undefined) return
      const { session, owner, wants } = waiter
      this.waiting = this.waiting.filter((w) => w !== waiter)
      const result = wants[0]!.name.startsWith('l')
        ? this.#grantLocks(session, owner, wants)
        : this.#grantPermits(session, owner, wants[0]!.name, wants[0]!.permits)
      this.#answer(waiter, result)
      this.#suspect({ session, owner })
    }
  }

  #suspect(who: { session: ModelSession; owner: string }): void {
    if (this.waiting.some(ownedBy(who))) this.#suspects.push(who)
  }

  #wait(waiter: Omit<Waiting, 'taken' | 'deadline' | 'since'>): undefined {
    const started = {
      ...waiter,
      taken: this.#take(),
      deadline: waiter.waitMs < 0 ? Number.POSITIVE_INFINITY : this.now + waiter.waitMs,
      since: this.wall,
    }
    this.waiting.push(started)
    this.#current.waiter = started
    this.#breakCycles(started, () => this.waiting.filter((w) => w === started))
    return undefined
  }

  #breakCycles(who: { session: ModelSession; owner: string }, starts: () => Waiting[]): void {
    for (;;) {
      const cycle = this.#anyCycle(who, starts())
      if (cycle === undefined) return
      const victim = [...cycle].sort(
        (a, b) => a.waiter.priority - b.waiter.priority || b.waiter.taken - a.waiter.taken,
      )[0]!.waiter
      const members = cycle.map(({ waiter: w, want }) => ({
        session: w.session.id,
        owner: w.owner,
        name: want.plain,
      }))
      this.#answer(victim, refuse('deadlock', { cycle: members }))
      this.#grantAll()
    }
  }

  /** A shortest circle through something that `who` holds; or through one of `starts` and who stands behind it. */
  #anyCycle(who: { session: ModelSession; owner: string }, starts: Waiting[]): Step[] | undefined {
    const together = this.#cycle(who, starts)
    if (together !== undefined) return together
    for (const start of starts) {
      const alone = this.#cycle(who, [start])
      if (alone !== undefined) return alone
    }
    return undefined
  }

  #cycle(who: { session: ModelSession; owner: string }, starts: Waiting[]): Step[] | undefined {
    type Path = { waiter: Waiting; before: Step[] }
    const paths = starts.map((waiter): Path => ({ waiter, before: [] }))
    const seen = new Set(starts)
    for (let path = paths.shift(); path !== undefined; path = paths.shift()) {
      const { waiter, before } = path
      for (const want of waiter.wants) {
        const here = [...before, { waiter, want }]
        const follow = (next: Waiting): void => {
          if (seen.has(next)) return
          seen.add(next)
          paths.push({ waiter: next, before: here })
        }
        for (const holder of this.#blockers(waiter, want)) {
          if (ownedBy(who)(holder)) return here
          for (const w of this.waiting) {
            if (w.session === holder.session && w.owner === holder.owner) follow(w)
          }
        }
        const isMine =
          want.name.startsWith('l') &&
          this.locks.some(
            (h) => h.name === want.name && h.session === waiter.session && h.owner === waiter.owner,
          )
        if (isMine) continue
        // Those further ahead are met through one who waits for its turn here as well.
        const ahead = this.waiting
          .filter((w) => w.taken < waiter.taken && w.wants.some((x) => x.name === want.name))
          .reverse()
        const isInTurn = (w: Waiting): boolean =>
          !this.locks.some((h) => h.name === want.name && ownedBy(w)(h))
        const last = ahead.findIndex(isInTurn)
        for (const w of last < 0 ? ahead : ahead.slice(0, last + 1)) {
          if (starts.length === 1 && w === starts[0]) return here
          follow(w)
        }
      }
    }
    return undefined
  }

  /** Nobody waits in a circle between two steps. */
  checkNoCircle(): void {
    for (const waiter of this.waiting) {
      const cycle = this.#anyCycle(waiter, this.waiting.filter(ownedBy(waiter)))
      if (cycle === undefined) continue
      const members = cycle.map(
        ({ waiter: w, want }) => `${w.session.id}/${w.owner} (${w.id}) for ${want.plain}`,
      )
      throw new Error(`they wait in a circle: ${members.join(', ')}`)
    }
  }

  #blockers(waiter: Waiting, want: Want): { session: ModelSession; owner: string }[] {
    const isOther = (h: { session: ModelSession; owner: string }): boolean =>
      h.session !== waiter.session || h.owner !== waiter.owner
    if (want.name.startsWith('l')) {
      return this.locks.filter(
        (h) => h.name === want.name && isOther(h) && (want.mode === 'exclusive' || h.mode === 'exclusive'),
      )
    }
    const { total } = this.semaphores.find((s) => s.name === want.name)!
    const here = this.permits.filter((h) => h.name === want.name)
    const own = here.find((h) => !isOther(h))?.permits ?? 0
    return here.filter((h) => isOther(h) && total - own - h.permits < want.permits)
  }

  // --- operations ---

  #execute(session: ModelSession, id: number, operation: Operation): Result | undefined {
    const key = (plain: string): string => `${session.namespace}\0${plain}`
    const isMine = (h: { session: ModelSession; owner: string }, owner: string): boolean =>
      h.session === session && h.owner === owner
    switch (operation.op) {
      case 'session.close':
        this.#end(session, 0, refuse('canceled'))
        return ok({})
      case 'owner.release':
        return ok({ released: this.#giveUp((of) => isMine(of, operation.owner), 0, refuse('canceled')) })
      case 'request.cancel': {
        const waiter = this.waiting.find((w) => w.session === session && w.id === operation.request)
        if (waiter !== undefined) this.#answer(waiter, refuse('canceled'))
        return ok({ canceled: waiter !== undefined })
      }
      case 'lock.acquire':
        return this.#acquire(session, id, operation)
      case 'lock.release': {
        const holds: LockHeld[] = []
        for (const plain of operation.names) {
          const hold = this.locks.find((h) => h.name === `l${key(plain)}` && isMine(h, operation.owner))
          if (hold === undefined || (operation.token !== undefined && operation.token !== hold.token)) {
            return refuse('notHolder', { name: plain, holders: this.lockHolders(`l${key(plain)}`) })
          }
          holds.push(hold)
        }
        for (const hold of holds) hold.count -= 1
        this.locks = this.locks.filter((h) => h.count > 0)
        for (const hold of holds) if (hold.count === 0) this.#suspect(hold)
        return ok({ counts: holds.map((h) => h.count) })
      }
      case 'code.reserve': {
        const { code, owner } = operation
        const held = this.codes.find((c) => c.name === key(code))
        if (held !== undefined) {
          if (isMine(held, owner)) return ok({ reserved: true })
          return refuse('codeHeld', { code, holder: this.codeHolder(held) })
        }
        if (this.codes.filter((c) => c.session === session).length >= session.codesMax) {
          return refuse('codesExceeded', { max: session.codesMax })
        }
        this.codes.push({ name: key(code), session, owner, since: this.wall, taken: this.#take() })
        return ok({ reserved: true })
      }
      case 'code.release': {
        const held = this.codes.find((c) => c.name === key(operation.code) && isMine(c, operation.owner))
        this.codes = this.codes.filter((c) => c !== held)
        return ok({ released: held !== undefined })
      }
      case 'code.releaseAll': {
        const mine = this.codes.filter((c) => isMine(c, operation.owner))
        this.codes = this.codes.filter((c) => !mine.includes(c))
        return ok({ released: mine.length })
      }
      case 'semaphore.set': {
        const { name: plain, total } = operation
        const name = `m${key(plain)}`
        let semaphore = this.semaphores.find((s) => s.name === name)
        if (semaphore === undefined) {
          semaphore = { name, total, explicit: true }
          this.semaphores.push(semaphore)
        }
        semaphore.total = total
        semaphore.explicit = true
        for (const waiter of this.waiting.filter((w) => w.wants[0]!.name === name)) {
          const { permits } = waiter.wants[0]!
          if (permits > total) {
            this.#answer(waiter, refuse('permitsExceedTotal', { name: plain, permits, total }))
          }
        }
        for (const hold of this.permits.filter((h) => h.name === name)) this.#suspect(hold)
        return ok({ total, used: this.used(name) })
      }
      case 'semaphore.delete': {
        const semaphore = this.semaphores.find((s) => s.name === `m${key(operation.name)}`)
        const deleted = semaphore?.explicit === true
        if (semaphore !== undefined) semaphore.explicit = false
        return ok({ deleted })
      }
      case 'semaphore.acquire':
        return this.#acquirePermits(session, id, operation)
      case 'semaphore.release': {
        const { name: plain, permits, owner } = operation
        const name = `m${key(plain)}`
        const hold = this.permits.find((h) => h.name === name && isMine(h, owner))
        if (hold === undefined || hold.permits < permits) {
          return refuse('notHolder', { name: plain, holders: this.permitHolders(name) })
        }
        hold.permits -= permits
        this.permits = this.permits.filter((h) => h.permits > 0)
        return ok({ held: hold.permits })
      }
      default:
        return this.#sequence(session, operation)
    }
  }

  #acquire(session: ModelSession, id: number, operation: LockAcquire): Result | undefined {
    const { owner, waitMs, priority } = operation
    const wants = operation.locks.map(({ name, mode }): Want => {
      return { name: `l${session.namespace}\0${name}`, plain: name, mode, permits: 0 }
    })
    let isUpgrade = false
    for (const { name, plain, mode } of wants) {
      const holders = this.locks.filter((h) => h.name === name)
      const mine = holders.find((h) => h.session === session && h.owner === owner)
      if (mine?.mode !== 'shared' || mode !== 'exclusive') continue
      isUpgrade = true
      if (holders.length > 1) return refuse('upgrade', { name: plain, holders: this.lockHolders(name) })
    }
    const asker = { session, owner, wants, id, waitMs, priority }
    const now = { ...asker, deadline: 0, since: 0, taken: Number.POSITIVE_INFINITY }
    const blocked = wants.find((want) => !this.#isFree(now, want))
    if (blocked === undefined) return this.#grantLocks(session, owner, wants)
    if (waitMs !== 0 && !isUpgrade) return this.#wait(asker)
    const rest = this.delays.find((d) => d.name === blocked.name)
    if (this.#blockers(now, blocked).length === 0 && rest !== undefined) {
      return refuse('lockDelay', { name: blocked.plain, remainingMs: rest.until - this.now })
    }
    const queued = this.waiting.filter((w) => w.wants.some((x) => x.name === blocked.name)).length
    return refuse('held', { ...this.#standing(blocked), queued })
  }

  #grantLocks(session: ModelSession, owner: string, wants: Want[]): Result {
    const mine = wants.map((want) => {
      return this.locks.find((h) => h.name === want.name && h.session === session && h.owner === owner)
    })
    const isReentrance = mine.every(
      (h, at) => h !== undefined && (h.mode === 'exclusive' || wants[at]!.mode === 'shared'),
    )
    if (!isReentrance) this.token += 1
    const token = isReentrance ? Math.max(...mine.map((h) => h!.token)) : this.token
    const counts = wants.map(({ name, mode }, at) => {
      const hold = mine[at]
      if (hold === undefined) {
        this.locks.push({
          name,
          session,
          owner,
          mode,
          token,
          since: this.wall,
          count: 1,
          taken: this.#take(),
        })
        return 1
      }
      hold.count += 1
      hold.token = token
      if (mode === 'exclusive' && hold.mode === 'shared') this.#suspect({ session, owner })
      if (mode === 'exclusive') hold.mode = mode
      return hold.count
    })
    return ok({ token, counts })
  }

  #acquirePermits(session: ModelSession, id: number, operation: SemaphoreAcquire): Result | undefined {
    const { owner, name: plain, permits, waitMs } = operation
    const name = `m${session.namespace}\0${plain}`
    this.#forgetIdle()
    const semaphore = this.semaphores.find((s) => s.name === name)
    const total = semaphore?.total ?? operation.total
    if (total === undefined) return refuse('unknownSemaphore', { name: plain })
    if (permits > total) return refuse('permitsExceedTotal', { name: plain, permits, total })
    if (semaphore === undefined) this.semaphores.push({ name, total, explicit: false })
    const want: Want = { name, plain, mode: 'shared', permits }
    const queue = this.waiting.filter((w) => w.wants[0]!.name === name)
    if (queue.length === 0 && this.used(name) + permits <= total) {
      return this.#grantPermits(session, owner, name, permits)
    }
    if (waitMs === 0) return refuse('noPermits', { ...this.#standing(want), queued: queue.length })
    return this.#wait({ session, owner, id, wants: [want], waitMs, priority: 0 })
  }

  #grantPermits(session: ModelSession, owner: string, name: string, permits: number): Result {
    this.token += 1
    let hold = this.permits.find((h) => h.name === name && h.session === session && h.owner === owner)
    if (hold === undefined) {
      hold = { name, session, owner, permits: 0, token: 0, since: this.wall, taken: this.#take() }
      this.permits.push(hold)
    }
    hold.permits += permits
    hold.token = this.token
    return ok({ token: hold.token, held: hold.permits })
  }

  // --- sequences ---

  #sequence(session: ModelSession, operation: Operation): Result {
    if (!('name' in operation)) throw new Error(`the model does not know ${operation.op}`)
    const key = `${session.namespace}\0${operation.name}`
    if (operation.op === 'sequence.define') {
      const { spec } = operation
      const have = this.specs.get(key)
      if (have !== undefined && this.counters.some((c) => c.name === key)) {
        const differs = differsIn(have, spec)
        if (differs !== undefined) return differs
      }
      this.specs.set(key, spec)
      return ok({ created: have === undefined })
    }
    if (!('scope' in operation)) throw new Error(`the model does not know ${JSON.stringify(operation)}`)
    const { name: plain, owner } = operation
    const given = 'spec' in operation ? operation.spec : undefined
    const have = this.specs.get(key)
    if (have !== undefined && given !== undefined) {
      const differs = differsIn(have, given)
      if (differs !== undefined) return differs
    }
    const spec = have ?? given
    if (spec === undefined) return refuse('unknownSequence', { name: plain })
    const scope = this.fillScope(spec, operation.scope)
    const counter = this.counters.find((c) => c.name === key && sameScope(c.scope, scope))
    const seed = 'seedIfAbsent' in operation && counter === undefined ? operation.seedIfAbsent : undefined
    const fresh = (): string | undefined => {
      const before = counter?.last ?? seed
      return before === undefined ? spec.start : after(before, spec)
    }
    const move = (value: string): ModelCounter => {
      this.specs.set(key, spec)
      if (counter !== undefined) {
        counter.last = value
        return counter
      }
      const made = { name: key, plain, scope, last: value, free: [], gaps: [], fates: new Map() }
      this.counters.push(made)
      return made
    }
    switch (operation.op) {
      case 'sequence.next': {
        if (spec.kind !== 'fast') return refuse('wrongKind', { name: plain, kind: spec.kind, wanted: 'fast' })
        const first = fresh()
        let last = first
        for (let n = 1; n < operation.count && last !== undefined; n += 1) last = after(last, spec)
        if (first === undefined || last === undefined) {
          return refuse('overflow', { name: plain, last: counter?.last ?? seed ?? '', width: spec.width })
        }
        const made = move(last)
        for (let v: string | undefined = first; v !== undefined && v <= last; v = after(v, spec)) {
          if (made.fates.has(v)) throw new Error(`${v} was issued twice`)
          made.fates.set(v, 'confirmed')
        }
        return ok({ first, last, count: operation.count, prefix: spec.prefix, period: scope.period })
      }
      case 'sequence.reserve': {
        if (spec.kind !== 'gapless') {
          return refuse('wrongKind', { name: plain, kind: spec.kind, wanted: 'gapless' })
        }
        const reissued = counter?.free.shift()
        const value = reissued ?? fresh()
        if (value === undefined) {
          return refuse('overflow', { name: plain, last: counter?.last ?? seed ?? '', width: spec.width })
        }
        const made = reissued === undefined ? move(value) : counter!
        if (reissued === undefined && made.fates.has(value)) throw new Error(`${value} was issued twice`)
        if (reissued !== undefined && made.fates.get(value) !== 'free')
          throw new Error(`${value} was not free`)
        made.fates.set(value, 'reserved')
        const ttl = operation.ttlMs ?? spec.reservationTtlMs
        const deadline = ttl === 0 ? Number.POSITIVE_INFINITY : this.now + ttl
        this.reserved.push({ counter: made, value, session, owner, deadline, taken: this.#take() })
        const expires = ttl === 0 ? {} : { expiresInMs: ttl }
        const { prefix } = spec
        return ok({ value, prefix, period: scope.period, ...expires, reissued: reissued !== undefined })
      }
      case 'sequence.confirm':
      case 'sequence.rollback': {
        const { value } = operation
        if (spec.kind !== 'gapless') {
          return refuse('wrongKind', { name: plain, kind: spec.kind, wanted: 'gapless' })
        }
        const mine = this.reserved.find(
          (r) => r.counter === counter && r.value === value && r.session === session && r.owner === owner,
        )
        if (counter === undefined || mine === undefined) {
          const fate = counter?.fates.get(value)
          const isLost = fate === 'reserved' || fate === 'free' || fate === 'declared'
          return refuse(isLost ? 'reservationLost' : 'notReserved', { name: plain, value })
        }
        if (operation.op === 'sequence.rollback') this.#freeAgain(mine)
        else {
          this.reserved = this.reserved.filter((r) => r !== mine)
          counter.fates.set(value, 'confirmed')
        }
        return ok({ value })
      }
      case 'sequence.ensureAtLeast':
      case 'sequence.set': {
        const { value } = operation
        const isSet = operation.op === 'sequence.set'
        if (counter !== undefined && value <= counter.last) {
          if (!isSet) return ok({ value: counter.last, moved: false })
          if (value < counter.last) return refuse('backwards', { name: plain, last: counter.last, value })
          return ok({ value })
        }
        const from = counter === undefined ? undefined : after(counter.last, spec)
        let count = 0
        for (let v = from; v !== undefined && v <= value; v = after(v, spec)) count += 1
        const made = move(value)
        if (from !== undefined && count > 0) made.gaps.push({ from, to: value, count, kind: 'jump' })
        return isSet ? ok({ value }) : ok({ value, moved: true })
      }
      case 'sequence.gap': {
        const { from, to } = operation
        if (spec.kind !== 'gapless') {
          return refuse('wrongKind', { name: plain, kind: spec.kind, wanted: 'gapless' })
        }
        const range: string[] = []
        for (let v: string | undefined = from; v !== undefined && v <= to; v = after(v, spec)) range.push(v)
        const isFree =
          counter !== undefined && range.at(-1) === to && range.every((v) => counter.free.includes(v))
        if (!isFree) return refuse('notFree', { name: plain, from, to })
        counter.free = counter.free.filter((v) => !range.includes(v))
        for (const v of range) counter.fates.set(v, 'declared')
        counter.gaps.push({ from, to, count: range.length, kind: 'declared' })
        return ok({ count: range.length })
      }
    }
  }

  #freeAgain(reserved: Reserved): void {
    this.reserved = this.reserved.filter((r) => r !== reserved)
    reserved.counter.free.push(reserved.value)
    reserved.counter.free.sort()
    reserved.counter.fates.set(reserved.value, 'free')
  }

  fillScope(spec: SequenceSpec, { company, branch, period }: Scope) {
    if (period !== undefined && period !== '') return { company, branch, period }
    const local = new Date(this.wall + spec.utcOffsetMinutes * 60_000).toISOString()
    const length = { never: 0, year: 4, month: 7, day: 10 }[spec.reset]
    return { company, branch, period: local.slice(0, length) }
  }

  // --- what can be seen ---

  used(name: string): number {
    return this.permits.filter((h) => h.name === name).reduce((sum, h) => sum + h.permits, 0)
  }

  #forgetIdle(): void {
    this.semaphores = this.semaphores.filter((s) => {
      return (
        s.explicit ||
        this.permits.some((h) => h.name === s.name) ||
        this.waiting.some((w) => w.wants[0]!.name === s.name)
      )
    })
  }

  lockHolders(name: string) {
    return this.locks
      .filter((h) => h.name === name)
      .map(({ session, owner, mode, token, since, count }) => {
        return { session: session.id, client: session.client, owner, mode, token, sinceMs: since, count }
      })
  }

  permitHolders(name: string) {
    return this.permits
      .filter((h) => h.name === name)
      .map(({ session, owner, permits, token, since }) => {
        const mode = 'shared'
        return {
          session: session.id,
          client: session.client,
          owner,
          mode,
          token,
          sinceMs: since,
          count: permits,
        }
      })
  }

  codeHolder({ session, owner, since }: CodeHeld) {
    const { id, client } = session
    return { session: id, client, owner, mode: 'exclusive', token: 0, sinceMs: since, count: 1 }
  }

  #queue(name: string) {
    return this.waiting
      .filter((w) => w.wants.some((want) => want.name === name))
      .map(({ session, owner, id, since, waitMs, wants }) => {
        const { mode } = wants.find((want) => want.name === name)!
        return { session: session.id, client: session.client, owner, mode, id, sinceMs: since, waitMs }
      })
  }

  /** Everything that reads can tell, in the form in which {@link observe} asks the ledger. */
  observe(namespaces: readonly string[]) {
    this.#forgetIdle()
    const lockNames = new Set([
      ...this.locks.map((h) => h.name),
      ...this.waiting.flatMap((w) => w.wants.map((want) => want.name)).filter((n) => n.startsWith('l')),
      ...this.delays.map((d) => d.name),
    ])
    return {
      next: [
        ...this.waiting.map((w) => w.deadline),
        ...this.reserved.map((r) => r.deadline),
        ...this.delays.map((d) => d.until),
      ]
        .filter((at) => at !== Number.POSITIVE_INFINITY)
        .sort((a, b) => a - b)[0],
      sessions: this.sessions.map((s) => ({
        session: s.id,
        generation: s.generation,
        locks: this.locks.filter((h) => h.session === s).length,
        codes: this.codes.filter((c) => c.session === s).length,
        permits: this.permits.filter((h) => h.session === s).reduce((sum, h) => sum + h.permits, 0),
        reservations: this.reserved.filter((r) => r.session === s).length,
        waiting: this.waiting.filter((w) => w.session === s).length,
      })),
      namespaces: namespaces.map((namespace) => ({
        locks: [...lockNames]
          .filter((name) => name.startsWith(`l${namespace}\0`))
          .sort()
          .map((name) => {
            const rest = this.delays.find((d) => d.name === name)
            return {
              name: name.slice(namespace.length + 2),
              holders: this.lockHolders(name),
              queue: this.#queue(name),
              ...(rest === undefined ? {} : { delayMs: rest.until - this.now }),
            }
          }),
        codes: this.codes
          .filter((c) => c.name.startsWith(`${namespace}\0`))
          .sort((a, b) => (a.name < b.name ? -1 : 1))
          .map((c) => ({ code: c.name.slice(namespace.length + 1), holder: this.codeHolder(c) })),
        semaphores: this.semaphores
          .filter((s) => s.name.startsWith(`m${namespace}\0`))
          .sort((a, b) => (a.name < b.name ? -1 : 1))
          .map((s) => ({
            name: s.name.slice(namespace.length + 2),
            total: s.total,
            used: this.used(s.name),
            explicit: s.explicit,
            holders: this.permitHolders(s.name),
            queue: this.#queue(s.name),
          })),
        counters: this.counters
          .filter((c) => c.name.startsWith(`${namespace}\0`))
          .sort((a, b) => (counterKey(a) < counterKey(b) ? -1 : 1))
          .map((c) => {
            const spec = this.specs.get(c.name)!
            return {
              name: c.plain,
              scope: c.scope,
              spec,
              last: c.last,
              next: c.free[0] ?? after(c.last, spec) ?? '',
              free: c.free.length,
              reserved: this.reserved
                .filter((r) => r.counter === c)
                .sort((a, b) => (a.value < b.value ? -1 : 1))
                .map((r) => ({
                  value: r.value,
                  session: r.session.id,
                  client: r.session.client,
                  owner: r.owner,
                  ...(r.deadline === Number.POSITIVE_INFINITY ? {} : { expiresInMs: r.deadline - this.now }),
                })),
              gaps: c.gaps,
            }
          }),
      })),
    }
  }
}

function ownedBy(who: { session: ModelSession; owner: string }) {
  return (of: { session: ModelSession; owner: string }) =>
    of.session === who.session && of.owner === who.owner
}

function counterKey({ name, scope }: ModelCounter): string {
  return `${name}\0${scope.company}\0${scope.branch}\0${scope.period}`
}

function sameScope(a: Required<Scope>, b: Required<Scope>): boolean {
  return a.company === b.company && a.branch === b.branch && a.period === b.period
}

function differsIn(have: SequenceSpec, want: SequenceSpec): Result | undefined {
  for (const field of ['kind', 'digits', 'width', 'reset'] as const) {
    if (have[field] !== want[field]) {
      return refuse('definitionDiffers', { field, have: have[field], want: want[field] })
    }
  }
  return undefined
}

/** The order of values in the words of domain section 5, one digit at a time. */
function after(value: string, { digits }: SequenceSpec): string | undefined {
  const isDecimal = digits === 'decimal' || (/^[0-9]+$/.test(value) && !/^9+$/.test(value))
  const alphabet = isDecimal ? '0123456789' : '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'
  const next = [...value]
  for (let at = next.length - 1; at >= 0; at -= 1) {
    const digit = alphabet.indexOf(next[at]!) + 1
    if (digit < alphabet.length) {
      next[at] = alphabet[digit]!
      return next.join('')
    }
    next[at] = '0'
  }
  return undefined
}
