import type { Installation } from '../commands.ts'
import type { Core } from '../core.ts'
import type { Owner, Waiter } from '../graph.ts'
import type { Row } from '../rows.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Waiters } from '../wait/waiters.ts'
import type { GrantStatus } from './commands.ts'
import { Deadline } from './deadline.ts'
import { DenialLog } from './denials.ts'
import { GrantTable } from './grant-table.ts'
import { judge, type Verdict } from './judge.ts'
import type { FeatureSpec, ProductSpec } from './key-body.ts'
import { type Asked, type CoolDown, Grant, INSTALLATIONS, Pool, poolId, Seat } from './pool.ts'
import { WaitQueue } from './queue.ts'
import { PoolRules, RuleBook, type Subject } from './rules.ts'
import { PeakMeter, UsageLog } from './usage.ts'
import { Validity } from './validity.ts'

export type EndReason =
  | 'checkin'
  | 'ownerReleased'
  | 'sessionClosed'
  | 'sessionExpired'
  | 'undone'
  | 'idle'
  | 'forced'
  | 'excluded'

export interface Terms {
  readonly lingerMs: number
  readonly idleMs: number
}

/** A unit that went with its user. Row `b/<id>`. */
export class Borrow implements Row {
  readonly id: string
  readonly order: number
  readonly seat: Seat
  /** Wall clock of both ends: tokens are made from them, the same by whoever leads. */
  readonly sinceMs: number
  readonly untilWallMs: number
  readonly deadlineMs: number
  deadline: Deadline | undefined = undefined
  dirtyAt = -1
  stored = false
  gone = false

  constructor(
    seat: Seat,
    order: number,
    times: { readonly sinceMs: number; readonly untilWallMs: number; readonly deadlineMs: number },
  ) {
    const { sinceMs, untilWallMs, deadlineMs } = times
    this.id = `B${order}`
    this.seat = seat
    this.order = order
    this.sinceMs = sinceMs
    this.untilWallMs = untilWallMs
    this.deadlineMs = deadlineMs
  }

  rowKey(): string {
    return `b/${this.id}`
  }

  rowValue() {
    const { order, sinceMs, untilWallMs, deadlineMs } = this
    return { seat: this.seat.id, order, sinceMs, untilWallMs, deadlineMs }
  }
}

interface Lists {
  readonly byFeature: Map<string, readonly Pool[]>
  readonly byProduct: Map<number, readonly Pool[]>
}

function newLists(): Lists {
  return { byFeature: new Map(), byProduct: new Map() }
}

/** Peaks over all pools. Row `v/peaks`. */
class Overall implements Row {
  readonly meter = new PeakMeter('all', 0)
  sessions = 0
  sessionsMs = 0
  dirtyAt = -1
  stored = false
  gone = false

  rowKey(): string {
    return 'v/peaks'
  }

  rowValue() {
    return { ...this.meter.value(), sessions: this.sessions, sessionsMs: this.sessionsMs }
  }
}

/** All licenses, and the few ways in which units change hands. The operations are in files of their own. */
export class Licenses {
  readonly core: Core
  readonly waiters: Waiters
  readonly sessions: Sessions
  readonly validity: Validity
  readonly book: RuleBook
  readonly usage: UsageLog
  readonly denials: DenialLog
  readonly overall = new Overall()
  /** By product and installation type. */
  readonly pools = new Map<string, Pool>()
  /** By product, then installation type. */
  poolList: readonly Pool[] = []
  readonly features = new Map<string, FeatureSpec>()
  /** What `poolsOf` found, until pools or features change. */
  readonly #lists: { readonly [installation in Installation]: Lists } = {
    production: newLists(),
    homologation: newLists(),
    development: newLists(),
  }
  readonly grants = new GrantTable()
  readonly borrows = new Map<string, Borrow>()
  /** Over all pools. */
  units = 0
  /** What the last `decide` found. */
  chosen: Pool | undefined = undefined
  verdict: Verdict = 'notInContract'

  constructor(core: Core, waiters: Waiters, sessions: Sessions) {
    this.core = core
    this.waiters = waiters
    this.sessions = sessions
    this.book = new RuleBook(core.limits.usageDays)
    this.usage = new UsageLog(core, this.book)
    this.denials = new DenialLog(core, this.book)
    this.validity = new Validity(core, () => this.touchAll())
  }

  /** Everything that is stored. */
  *rows(): Generator<Row> {
    if (this.validity.exists) yield this.validity
    yield* this.validity.keys
    if (this.book.version > 0) yield this.book
    if (this.overall.meter.hour >= 0) yield this.overall
    for (const pool of this.poolList) {
      yield pool
      for (let seat = pool.firstSeat; seat !== undefined; seat = seat.next) yield seat
      yield* pool.coolDowns.values()
    }
    yield* this.grants
    yield* this.borrows.values()
    yield* this.usage.all()
    yield* this.denials.all()
  }

  // --- the catalogue ---

  pool(product: number, installation: Installation): Pool | undefined {
    return this.pools.get(poolId(product, installation))
  }

  /** The pool, made if absent. */
  openPool(spec: ProductSpec, installation: Installation): Pool {
    const known = this.pool(spec.id, installation)
    if (known !== undefined) return known
    const id = poolId(spec.id, installation)
    const pool = new Pool(spec, installation, new WaitQueue(), new PeakMeter(id, spec.id))
    this.pools.set(id, pool)
    return pool
  }

  /** After pools or features changed. */
  arrange(): void {
    this.poolList = [...this.pools.values()].sort(
      (a, b) =>
        a.product - b.product ||
        INSTALLATIONS.indexOf(a.installation) - INSTALLATIONS.indexOf(b.installation),
    )
    for (const installation of INSTALLATIONS) {
      this.#lists[installation].byFeature.clear()
      this.#lists[installation].byProduct.clear()
    }
  }

  /** The products that a feature or a product id stands for; undefined if the key has no such feature. */
  productsOf(feature: string, product: number): readonly number[] | undefined {
    if (product !== 0) return [product]
    return this.features.get(feature)?.products
  }

  /** Those of them that the customer has. */
  poolsOf(installation: Installation, feature: string, product: number): readonly Pool[] | undefined {
    const { byFeature, byProduct } = this.#lists[installation]
    const known = product === 0 ? byFeature.get(feature) : byProduct.get(product)
    if (known !== undefined) return known
    const products = this.productsOf(feature, product)
    if (products === undefined) return undefined
    const pools: Pool[] = []
    for (const id of products) {
      const pool = this.pool(id, installation)
      if (pool !== undefined) pools.push(pool)
    }
    // An unknown product must not fill the memory.
    if (pools.length === 0) return pools
    if (product === 0) byFeature.set(feature, pools)
    else byProduct.set(product, pools)
    return pools
  }

  /** Totals and rules of a pool anew; what is in use is counted again by them (O22). */
  refit(pool: Pool): void {
    const rules = pool.listed ? this.book.of(pool.product) : []
    let overdraft = pool.total > 0 ? pool.spec.overdraft : 0
    for (const rule of rules) if (rule.kind === 'overdraft') overdraft = Math.min(overdraft, rule.amount!)
    pool.overdraft = overdraft
    const counted = pool.listed ? pool.total + overdraft : 0
    pool.inForce = pool.isCounted ? counted : Number.POSITIVE_INFINITY
    pool.rules = rules.length === 0 ? undefined : new PoolRules(rules)
    pool.hosts.clear()
    for (let seat = pool.firstSeat; seat !== undefined; seat = seat.next) {
      if (seat.state !== 'resting') this.#countSubject(pool, seat.subject, seat.units)
    }
    while (pool.used + pool.resting > pool.inForce && pool.firstResting !== undefined)
      this.#free(pool.firstResting)
    pool.ceiling = Math.max(pool.inForce, pool.used)
    this.touch(pool)
  }

  touch(pool: Pool): void {
    if (pool.queue.size > 0) this.waiters.touchLine(pool)
  }

  touchAll(): void {
    for (const pool of this.poolList) this.touch(pool)
  }

  // --- who gets what ---

  /**
   * Finds the product for a check-out: one whose unit the consumer has already, else the first of the list
   * that has one to give and nobody waiting before. The answer is in `chosen` and `verdict`.
   */
  decide(asked: Asked, self: Waiter | undefined): boolean {
    this.chosen = undefined
    for (const pool of asked.pools) {
      if (this.chosen !== undefined && !hasSeat(pool, asked)) continue
      const verdict = judge(pool, asked)
      if (verdict === 'shared') {
        this.chosen = pool
        this.verdict = verdict
        return true
      }
      if (this.chosen !== undefined || (verdict !== 'free' && verdict !== 'reused')) continue
      if (pool.queue.size > 0 && pool.queue.isBehind(pool, asked.priority, self)) continue
      this.chosen = pool
      this.verdict = verdict
    }
    return this.chosen !== undefined
  }

  /** The consumer's units in a pool that said yes. */
  seatFor(asked: Asked, pool: Pool, verdict: Verdict): Seat {
    const { core } = this
    const units = asked.unitsOf(pool)
    const key = asked.keyIn(pool)
    const own = key === undefined ? undefined : pool.seats.get(key)
    if (own !== undefined && own.state !== 'resting') {
      if (own.state === 'lingering') this.#stopLingering(own)
      if (units > own.units) {
        this.#makeRoom(pool, units - own.units)
        this.#resize(own, units)
      }
      return own
    }
    const resting = verdict === 'reused' ? (own ?? pool.firstResting) : undefined
    if (resting !== undefined) {
      this.#wake(resting)
      this.#makeRoom(pool, units)
      resting.units = units
      resting.subject = asked.subject
      this.#occupy(resting)
      core.rows.mark(resting)
      return resting
    }
    this.#makeRoom(pool, units)
    return this.newSeat(pool, key, asked.subject, units)
  }

  newSeat(pool: Pool, key: string | undefined, subject: Subject, units: number): Seat {
    const { core } = this
    const seat = new Seat(pool, {
      id: core.nextOrder(),
      key,
      subject,
      units,
      unit: pool.lastUnit + 1,
      takenMs: core.timeMs,
      sinceMs: core.wallMs,
      accruedMs: core.timeMs,
    })
    pool.lastUnit += units
    pool.addSeat(seat)
    core.rows.mark(pool)
    core.rows.mark(seat)
    this.#occupy(seat)
    if (pool.spec.nature === 'named') {
      seat.assigned = true
      pool.assigned += 1
      core.emitValue('license.assigned', '', pool.label, 0, '', subject.user)
    }
    return seat
  }

  /** Resting units give way until `need` more fit. */
  makeRoom(pool: Pool, need: number): void {
    this.#makeRoom(pool, need)
  }

  #makeRoom(pool: Pool, need: number): void {
    while (pool.used + pool.resting + need > pool.inForce && pool.firstResting !== undefined) {
      this.#free(pool.firstResting)
    }
  }

  /** Gives a check-out what `decide` found. */
  give(asked: Asked, owner: Owner, pool: Pool, verdict: Verdict, terms: Terms): Grant {
    const usedBefore = pool.used
    const seat = this.seatFor(asked, pool, verdict)
    const isShared = verdict === 'shared' && (seat.grantCount > 0 || seat.borrows > 0)
    const status = isShared ? 'waived' : 'inUse'
    const grant = this.newGrant(asked, owner, pool, seat, status, terms)
    this.#granted(grant, pool.used - usedBefore)
    return grant
  }

  /** Asked only. */
  note(asked: Asked, owner: Owner, pool: Pool, terms: Terms): Grant {
    const grant = this.newGrant(asked, owner, pool, undefined, 'query', terms)
    this.#granted(grant, 0)
    return grant
  }

  /** Units that the owner hands out by itself. */
  lease(asked: Asked, owner: Owner, pool: Pool, seat: Seat): Grant {
    const grant = this.newGrant(asked, owner, pool, seat, 'inUse', { lingerMs: 0, idleMs: 0 })
    grant.taken = new Set()
    this.#granted(grant, seat.units)
    return grant
  }

  newGrant(
    asked: Asked,
    owner: Owner,
    pool: Pool,
    seat: Seat | undefined,
    status: GrantStatus,
    { lingerMs, idleMs }: Terms,
  ): Grant {
    const { core } = this
    const { subject, feature } = asked
    const fields = {
      subject,
      feature,
      status,
      units: asked.unitsOf(pool),
      token: core.nextToken(),
      sinceMs: core.wallMs,
      lingerMs,
      idleMs,
    }
    const grant = new Grant(owner, core.nextOrder(), pool, seat, fields)
    this.link(grant)
    core.rows.mark(grant)
    const wanted = this.idleOf(grant)
    if (wanted > 0) this.armIdle(grant, core.timeMs + wanted)
    if (seat !== undefined) {
      const account = this.#accountOf(seat)
      this.usage.checkedOut(account)
    }
    this.measure(pool)
    // A second check-out of one consumer that waits shares the unit now.
    if (pool.queue.size > 0 && seat?.key !== undefined) {
      for (const { caller } of pool.queue.sameConsumer(seat.key)) this.waiters.nominate(caller)
    }
    return grant
  }

  /** Also for restore, in the order of grants. */
  link(grant: Grant): void {
    const { owner } = grant
    grant.seat?.addGrant(grant)
    owner.addHolding(grant)
    owner.session.grantCount += 1
    this.grants.add(grant)
    this.#countStatus(grant, 1)
  }

  #granted(grant: Grant, units: number): void {
    const { pool, owner, token, status } = grant
    const { session } = owner
    this.core.emitLicense(
      'license.granted',
      session.namespace,
      pool.label,
      session.id,
      owner.name,
      token,
      units,
      status,
    )
  }

  #countStatus({ pool, status }: Grant, by: number): void {
    if (status === 'inUse') pool.inUseCount += by
    else if (status === 'waived') pool.waivedCount += by
    else pool.queryCount += by
  }

  // --- who gives what back ---

  /** Ends a grant. A seat that nobody has any more lingers, rests or is freed. */
  end(grant: Grant, reason: EndReason): 'released' | 'shared' | 'resting' | 'lingering' {
    const { core } = this
    const { pool, owner, seat } = grant
    const { session } = owner
    if (grant.idle !== undefined) this.disarm(pool, grant.idle)
    grant.idle = undefined
    this.grants.delete(grant)
    session.grantCount -= 1
    this.#countStatus(grant, -1)
    core.rows.remove(grant)
    const usedBefore = pool.used
    let status: 'released' | 'shared' | 'resting' | 'lingering' = 'released'
    if (seat !== undefined) {
      seat.removeGrant(grant)
      if (seat.grantCount > 0) {
        status = 'shared'
        if (seat.units > 1 && grant.units === seat.units && seat.borrows === 0) this.#shrink(seat)
      } else if (seat.isIdle) {
        const isGone = reason === 'forced' || reason === 'excluded' || reason === 'undone'
        status = isGone ? this.#release(seat) : this.#retire(seat, grant)
      }
    }
    owner.removeHolding(grant)
    this.measure(pool)
    const kind =
      reason === 'idle' || reason === 'forced' || reason === 'excluded'
        ? 'license.revoked'
        : 'license.released'
    const units = usedBefore - pool.used
    core.emitLicense(kind, session.namespace, pool.label, session.id, owner.name, grant.token, units, reason)
    return status
  }

  /** Takes a grant of this step back, with an assignment that came with it. */
  undo(id: number, orderBefore: number): void {
    const grant = this.grants.get(id)!
    const { seat, pool } = grant
    this.end(grant, 'undone')
    if (seat?.assigned !== true || seat.id <= orderBefore) return
    seat.assigned = false
    pool.assigned -= 1
    this.core.emitValue('license.unassigned', '', pool.label, 0, '', seat.subject.user)
    this.releaseIdle(seat)
  }

  /** The seat's last grant went. */
  #retire(seat: Seat, { lingerMs: asked, subject }: Grant): 'released' | 'resting' | 'lingering' {
    const { core } = this
    const { pool } = seat
    const lingerMs =
      seat.key === undefined || seat.isLease ? 0 : Math.max(asked, this.#ruleMs(pool, subject, 'linger'))
    if (lingerMs > 0) {
      seat.state = 'lingering'
      pool.lingering += seat.units
      this.armLinger(seat, core.timeMs + lingerMs)
      core.rows.mark(seat)
      return 'lingering'
    }
    const { reuseMs, reuseFrom } = pool.spec
    const untilMs = (reuseFrom === 'acquire' ? seat.takenMs : core.timeMs) + reuseMs
    const mayRest = reuseMs > 0 && untilMs > core.timeMs && !seat.isLease && pool.hasUnits
    if (!mayRest || pool.used + pool.resting > pool.inForce) return this.#release(seat)
    this.#vacate(seat)
    seat.state = 'resting'
    seat.restOrder = core.nextOrder()
    pool.addResting(seat)
    this.armRest(seat, untilMs)
    core.rows.mark(seat)
    return 'resting'
  }

  #release(seat: Seat): 'released' {
    this.#vacate(seat)
    this.#free(seat)
    return 'released'
  }

  /** For those whose seat was kept without a grant: unassigned, returned. */
  releaseIdle(seat: Seat): void {
    if (!seat.isIdle) return
    this.#release(seat)
    this.measure(seat.pool)
  }

  /** A seat that counts no more vanishes. */
  #free(seat: Seat): void {
    const { pool } = seat
    if (seat.state === 'resting') this.#wake(seat)
    else if (seat.deadline !== undefined) this.#disarmSeat(seat)
    pool.removeSeat(seat)
    this.core.rows.remove(seat)
  }

  #wake(seat: Seat): void {
    seat.pool.removeResting(seat)
    seat.state = 'held'
    seat.restOrder = 0
    this.#disarmSeat(seat)
  }

  #stopLingering(seat: Seat): void {
    seat.state = 'held'
    seat.pool.lingering -= seat.units
    this.#disarmSeat(seat)
    this.core.rows.mark(seat)
  }

  #disarmSeat(seat: Seat): void {
    if (seat.deadline !== undefined) this.disarm(seat.pool, seat.deadline)
    seat.deadline = undefined
  }

  #lingerOver(seat: Seat): void {
    const { pool } = seat
    this.#stopLingering(seat)
    const { units } = seat
    this.#release(seat)
    this.measure(pool)
    this.core.emitLicense('license.released', '', pool.label, 0, '', 0, units, 'lingerOver')
  }

  /** The largest of those who still share it counts. */
  #shrink(seat: Seat): void {
    let most = 1
    for (let grant = seat.firstGrant; grant !== undefined; grant = grant.nextOfSeat) {
      if (grant.units > most) most = grant.units
    }
    if (most < seat.units) this.#resize(seat, most)
  }

  // --- counting ---

  #accountOf(seat: Seat) {
    seat.account ??= this.usage.accountOf(seat.pool, seat.subject)
    return seat.account
  }

  #occupy(seat: Seat): void {
    seat.accruedMs = this.core.timeMs
    seat.sinceMs = this.core.wallMs
    seat.account = undefined
    this.#count(seat, seat.units)
  }

  #vacate(seat: Seat): void {
    this.#accrue(seat)
    this.#count(seat, -seat.units)
  }

  #resize(seat: Seat, units: number): void {
    this.#accrue(seat)
    const by = units - seat.units
    if (by > 0) seat.pool.lastUnit += by
    seat.units = units
    this.#count(seat, by)
    this.core.rows.mark(seat)
    this.core.rows.mark(seat.pool)
  }

  /** Also for restore. */
  #count(seat: Seat, by: number): void {
    const { pool } = seat
    pool.used += by
    if (pool.isCounted) this.units += by
    this.#accountOf(seat).units += by
    this.#countSubject(pool, seat.subject, by)
    if (by < 0 && pool.ceiling > pool.inForce) pool.ceiling = Math.max(pool.inForce, pool.used)
    // Also when more is in use: one who waited for units may be held back by a rule now, and block nobody.
    this.touch(pool)
  }

  recount(seat: Seat): void {
    this.#count(seat, seat.units)
  }

  #countSubject(pool: Pool, subject: Subject, by: number): void {
    pool.rules?.count(subject, by)
    if (pool.spec.limitPerHost === 0) return
    const units = (pool.hosts.get(subject.host) ?? 0) + by
    if (units === 0) pool.hosts.delete(subject.host)
    else pool.hosts.set(subject.host, units)
  }

  #accrue(seat: Seat): void {
    const ms = this.core.timeMs - seat.accruedMs
    if (ms <= 0) return
    this.usage.accrue(this.#accountOf(seat), seat.units, ms)
    seat.accruedMs = this.core.timeMs
    this.core.rows.mark(seat)
  }

  /** After what is in use changed. */
  measure(pool: Pool): void {
    const { core, usage, overall } = this
    const hourBefore = pool.peaks.hour
    if (usage.measure(pool.peaks, pool.used, pool.connections)) core.rows.mark(pool)
    if (pool.peaks.hour !== hourBefore) {
      for (const [key, account] of pool.accounts) if (account.units === 0) pool.accounts.delete(key)
    }
    if (usage.measure(overall.meter, this.units, this.grants.size)) core.rows.mark(overall)
    const { size } = this.sessions.table
    if (size <= overall.sessions) return
    overall.sessions = size
    overall.sessionsMs = core.wallMs
    core.rows.mark(overall)
  }

  /** What was used until now is told by the rules of until now. */
  settleUsage(): void {
    for (const pool of this.poolList) {
      for (let seat = pool.firstSeat; seat !== undefined; seat = seat.next) {
        if (seat.state !== 'resting') this.#accrue(seat)
      }
    }
  }

  /** Usage and denials that are older than they may be kept. */
  forgetOld(): void {
    this.usage.forgetOld()
    this.denials.forgetOld()
  }

  // --- time-outs ---

  /** Idle time of a grant: the shortest of what was asked and the rules; 0 = none. */
  idleOf(grant: Grant): number {
    const byRule = this.#ruleMs(grant.pool, grant.subject, 'idle')
    if (byRule === 0 || grant.idleMs === 0) return Math.max(byRule, grant.idleMs)
    return Math.min(byRule, grant.idleMs)
  }

  /** idle: the shortest that applies; linger: the longest. 0 = none. */
  #ruleMs(pool: Pool, subject: Subject, kind: 'idle' | 'linger'): number {
    if (pool.rules === undefined) return 0
    let found = 0
    for (const { rule } of pool.rules.match(subject)) {
      if (rule.kind !== kind) continue
      if (found === 0 || (kind === 'idle' ? rule.ms! < found : rule.ms! > found)) found = rule.ms!
    }
    return found
  }

  armIdle(grant: Grant, deadlineMs: number): void {
    if (grant.idle !== undefined) this.disarm(grant.pool, grant.idle)
    grant.idle = this.#arm(grant.pool, deadlineMs, grant.order, () => this.end(grant, 'idle'))
    this.core.rows.mark(grant)
  }

  armLinger(seat: Seat, deadlineMs: number): void {
    seat.deadline = this.#arm(seat.pool, deadlineMs, seat.id, () => this.#lingerOver(seat))
  }

  /** Not in the pool's list: a resting unit is free for who needs it. */
  armRest(seat: Seat, deadlineMs: number): void {
    seat.deadline = new Deadline(deadlineMs, seat.id, () => this.#free(seat))
    this.core.timers.set(seat.deadline)
  }

  armBorrow(borrow: Borrow, fire: () => void): void {
    borrow.deadline = this.#arm(borrow.seat.pool, borrow.deadlineMs, borrow.order, fire)
  }

  armCoolDown(coolDown: CoolDown): void {
    const { pool, key } = coolDown
    pool.coolDowns.set(key, coolDown)
    coolDown.deadline = new Deadline(coolDown.deadlineMs, coolDown.order, () => {
      pool.coolDowns.delete(key)
      this.core.rows.remove(coolDown)
      this.touch(pool)
    })
    this.core.timers.set(coolDown.deadline)
  }

  #arm(pool: Pool, deadlineMs: number, order: number, fire: () => void): Deadline {
    const deadline: Deadline = new Deadline(deadlineMs, order, () => {
      this.disarm(pool, deadline)
      fire()
    })
    deadline.twin = new Deadline(deadlineMs, order, fire)
    this.core.timers.set(deadline)
    pool.dues.set(deadline.twin)
    return deadline
  }

  disarm(pool: Pool, deadline: Deadline): void {
    this.core.timers.clear(deadline)
    if (deadline.twin !== undefined) pool.dues.clear(deadline.twin)
  }
}

function hasSeat(pool: Pool, asked: Asked): boolean {
  const key = asked.keyIn(pool)
  return key !== undefined && pool.seats.has(key)
}

/** A person or program without more about it. */
export function subjectOf(user: string, host = ''): Subject {
  return { user, group: '', company: '', host }
}
