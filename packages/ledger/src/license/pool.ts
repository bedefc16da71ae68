import type { Installation } from '../commands.ts'
import { Holding, type Line, type Owner, type Session, type Waiter } from '../graph.ts'
import { HashTable } from '../hash-table.ts'
import type { Row } from '../rows.ts'
import { Timers } from '../timers.ts'
import type { GrantStatus } from './commands.ts'
import type { Deadline } from './deadline.ts'
import { isDistributed, type ProductSpec, unitsOf } from './key-body.ts'
import type { PeakMeter } from './peak-meter.ts'
import type { PoolRules, Subject } from './rules.ts'
import type { Account } from './usage.ts'

// A Pool is a product in one installation type. A Seat is what counts in it: some units of one consumer.
// A Grant is what an owner holds: it asks only, has a seat, or shares one.

export const INSTALLATIONS: readonly Installation[] = ['production', 'homologation', 'development']

/**
 * What a seat is doing. `held`: it has grants, or is assigned or borrowed. `lingering`: it stays with its
 * consumer for a while and counts. `resting`: in the reuse queue; it gives way to whoever needs its units.
 */
export type SeatState = 'held' | 'lingering' | 'resting'

/** The counted units of one consumer. Row `t/<id>`. */
export class Seat implements Row {
  readonly id: number
  readonly pool: Pool
  /** undefined: each request by itself. */
  readonly key: string | undefined
  subject: Subject
  units: number
  /** Running number of the (first) unit in the pool. */
  readonly unit: number
  /** Cluster time at which the unit was taken: its age for reuse. */
  readonly takenMs: number
  /** Wall clock. */
  sinceMs: number
  state: SeatState = 'held'
  /** Assigned to a named user. */
  assigned = false
  borrows = 0
  /** Units of a pool lease. */
  isLease = false
  grantCount = 0
  firstGrant: Grant | undefined = undefined
  lastGrant: Grant | undefined = undefined
  /** End of the rest or the lingering. */
  deadline: Deadline | undefined = undefined
  /** Place in the reuse queue. */
  restOrder = 0
  previousResting: Seat | undefined = undefined
  nextResting: Seat | undefined = undefined
  previous: Seat | undefined = undefined
  next: Seat | undefined = undefined
  /** Cluster time up to which its use is in the usage log. */
  accruedMs: number
  account: Account | undefined = undefined
  dirtyAt = -1
  stored = false
  gone = false

  constructor(pool: Pool, fields: SeatFields) {
    this.pool = pool
    this.id = fields.id
    this.key = fields.key
    this.subject = fields.subject
    this.units = fields.units
    this.unit = fields.unit
    this.takenMs = fields.takenMs
    this.sinceMs = fields.sinceMs
    this.accruedMs = fields.accruedMs
  }

  /** Nobody needs it any more. */
  get isIdle(): boolean {
    return this.grantCount === 0 && !this.assigned && this.borrows === 0
  }

  addGrant(grant: Grant): void {
    const last = this.lastGrant
    grant.previousOfSeat = last
    if (last === undefined) this.firstGrant = grant
    else last.nextOfSeat = grant
    this.lastGrant = grant
    this.grantCount += 1
  }

  removeGrant(grant: Grant): void {
    const { previousOfSeat: previous, nextOfSeat: next } = grant
    if (previous === undefined) this.firstGrant = next
    else previous.nextOfSeat = next
    if (next === undefined) this.lastGrant = previous
    else next.previousOfSeat = previous
    grant.previousOfSeat = undefined
    grant.nextOfSeat = undefined
    this.grantCount -= 1
  }

  rowKey(): string {
    return `t/${this.id}`
  }

  rowValue(): SeatRow {
    const { subject } = this
    const row: SeatRow = {
      pool: this.pool.id,
      user: subject.user,
      group: subject.group,
      company: subject.company,
      host: subject.host,
      units: this.units,
      unit: this.unit,
      takenMs: this.takenMs,
      sinceMs: this.sinceMs,
      accruedMs: this.accruedMs,
      state: this.state,
      assigned: this.assigned,
      lease: this.isLease,
      deadlineMs: this.deadline === undefined ? -1 : this.deadline.deadlineMs,
      restOrder: this.restOrder,
    }
    return this.key === undefined ? row : { ...row, key: this.key }
  }
}

export type SeatFields = {
  readonly id: number
  readonly key: string | undefined
  readonly subject: Subject
  readonly units: number
  readonly unit: number
  readonly takenMs: number
  readonly sinceMs: number
  readonly accruedMs: number
}

export type SeatRow = Subject & {
  readonly pool: string
  readonly key?: string
  readonly units: number
  readonly unit: number
  readonly takenMs: number
  readonly sinceMs: number
  readonly accruedMs: number
  readonly state: SeatState
  readonly assigned: boolean
  readonly lease: boolean
  readonly deadlineMs: number
  readonly restOrder: number
}

/** What an owner has of a pool. Row `d/<order>`; the order is the grant's number. */
export class Grant extends Holding implements Row {
  readonly pool: Pool
  /** undefined: asked only. */
  readonly seat: Seat | undefined
  readonly subject: Subject
  readonly feature: string
  readonly status: GrantStatus
  /** Units asked for. */
  readonly units: number
  readonly token: number
  /** Wall clock, epoch ms. */
  readonly sinceMs: number
  readonly lingerMs: number
  /** As asked; 0 = none. A rule may make it shorter. */
  readonly idleMs: number
  idle: Deadline | undefined = undefined
  /** A lease's holders. */
  taken: Set<string> | undefined = undefined
  previousOfSeat: Grant | undefined = undefined
  nextOfSeat: Grant | undefined = undefined
  /** Neighbors among all grants. */
  previousGrant: Grant | undefined = undefined
  nextGrant: Grant | undefined = undefined
  dirtyAt = -1
  stored = false
  gone = false

  constructor(owner: Owner, order: number, pool: Pool, seat: Seat | undefined, fields: GrantFields) {
    super(owner, order)
    this.pool = pool
    this.seat = seat
    this.subject = fields.subject
    this.feature = fields.feature
    this.status = fields.status
    this.units = fields.units
    this.token = fields.token
    this.sinceMs = fields.sinceMs
    this.lingerMs = fields.lingerMs
    this.idleMs = fields.idleMs
  }

  get kind(): 'grant' {
    return 'grant'
  }

  override get isWaitedFor(): boolean {
    return this.seat !== undefined && !this.pool.isEmpty
  }

  get id(): number {
    return this.order
  }

  rowKey(): string {
    return `d/${this.order}`
  }

  rowValue(): GrantRow {
    const { subject, owner } = this
    const row: GrantRow = {
      session: owner.session.id,
      owner: owner.name,
      pool: this.pool.id,
      seat: this.seat === undefined ? 0 : this.seat.id,
      feature: this.feature,
      user: subject.user,
      group: subject.group,
      company: subject.company,
      host: subject.host,
      status: this.status,
      units: this.units,
      token: this.token,
      sinceMs: this.sinceMs,
      lingerMs: this.lingerMs,
      idleMs: this.idleMs,
      idleAtMs: this.idle === undefined ? -1 : this.idle.deadlineMs,
    }
    return this.taken === undefined ? row : { ...row, taken: [...this.taken] }
  }
}

export type GrantFields = {
  readonly subject: Subject
  readonly feature: string
  readonly status: GrantStatus
  readonly units: number
  readonly token: number
  readonly sinceMs: number
  readonly lingerMs: number
  readonly idleMs: number
}

export type GrantRow = Subject & {
  readonly session: number
  readonly owner: string
  readonly pool: string
  readonly seat: number
  readonly feature: string
  readonly status: GrantStatus
  readonly units: number
  readonly token: number
  readonly sinceMs: number
  readonly lingerMs: number
  readonly idleMs: number
  readonly idleAtMs: number
  readonly taken?: readonly string[]
}

/** One who waits, as queues see it. */
export interface LicenseCaller extends Waiter {
  readonly asked: Asked
}

/** A place in one pool's queue. */
export class Place {
  readonly caller: LicenseCaller
  readonly pool: Pool
  readonly key: string | undefined
  previous: Place | undefined = undefined
  next: Place | undefined = undefined

  constructor(caller: LicenseCaller, pool: Pool) {
    this.caller = caller
    this.pool = pool
    this.key = caller.asked.keyIn(pool)
  }
}

/** The queue of a pool, which a file of its own makes. */
export interface PoolQueue {
  readonly size: number
  add(place: Place): void
  remove(place: Place): void
  nominate(pool: Pool): LicenseCaller | undefined
  isBehind(pool: Pool, priority: number, self: Waiter | undefined): boolean
  placeOf(priority: number, self: Waiter | undefined): number
  sameConsumer(key: string): readonly Place[]
  places(): Iterable<Place>
}

/** A consumer that was put out and may not come back yet. Row `o/<pool>\0<key>`. */
export class CoolDown implements Row {
  readonly pool: Pool
  readonly key: string
  readonly order: number
  readonly deadlineMs: number
  deadline: Deadline | undefined = undefined
  dirtyAt = -1
  stored = false
  gone = false

  constructor(pool: Pool, key: string, order: number, deadlineMs: number) {
    this.pool = pool
    this.key = key
    this.order = order
    this.deadlineMs = deadlineMs
  }

  rowKey(): string {
    return `o/${this.pool.id}\0${this.key}`
  }

  rowValue(): { readonly order: number; readonly deadlineMs: number } {
    return { order: this.order, deadlineMs: this.deadlineMs }
  }
}

/**
 * A product in one installation type. Row `p/<product>/<installation>`.
 * Invariant: `used + resting <= inForce`, unless a new key took units away that were in use; then nothing
 * is granted until it fits again.
 */
export class Pool implements Row, Line {
  readonly product: number
  readonly installation: Installation
  readonly id: string
  /** The product's id as events show it. */
  readonly label: string
  readonly queue: PoolQueue
  readonly peaks: PeakMeter
  spec: ProductSpec
  /** The key in force has the product. */
  listed = true
  /** This installation type may use it. */
  distributed = true
  total = 0
  overdraft = 0
  /** total + overdraft, or Infinity where nothing is counted. */
  inForce = 0
  /** Most units that may be in use: more than `inForce` only while a reduced pool shrinks. */
  ceiling = 0
  /** Units held, lingering, assigned or borrowed. */
  used = 0
  resting = 0
  lingering = 0
  borrowed = 0
  assigned = 0
  lastUnit = 0
  /** onDemand: active items. */
  metric = 0
  inUseCount = 0
  waivedCount = 0
  queryCount = 0
  readonly seats = new HashTable<Seat>()
  firstSeat: Seat | undefined = undefined
  lastSeat: Seat | undefined = undefined
  firstResting: Seat | undefined = undefined
  lastResting: Seat | undefined = undefined
  rules: PoolRules | undefined = undefined
  /** Units by host, if the product has a limit per host. */
  readonly hosts = new Map<string, number>()
  readonly coolDowns = new Map<string, CoolDown>()
  /** Time-outs that free units; for `earliestFreeMs`. */
  readonly dues = new Timers()
  readonly accounts = new HashTable<Account>()
  touched = false
  dirtyAt = -1
  stored = false
  gone = false

  constructor(spec: ProductSpec, installation: Installation, queue: PoolQueue, peaks: PeakMeter) {
    this.product = spec.id
    this.installation = installation
    this.id = poolId(spec.id, installation)
    this.label = String(spec.id)
    this.spec = spec
    this.queue = queue
    this.peaks = peaks
    this.setSpec(spec)
  }

  get connections(): number {
    return this.inUseCount + this.waivedCount + this.queryCount
  }

  /** Whether units are limited: not by a metric, nor a yes or no. */
  get isCounted(): boolean {
    return this.spec.nature !== 'onDemand' && this.spec.nature !== 'enabling'
  }

  /** What stands against the contract: units in use, or the active items of an on-demand product. */
  get consumption(): number {
    return this.spec.nature === 'onDemand' ? this.metric : this.used
  }

  /** A lease, several units and cores make sense only where units are. */
  get hasUnits(): boolean {
    return this.spec.nature === 'concurrent' || this.spec.nature === 'processing'
  }

  setSpec(spec: ProductSpec): void {
    this.spec = spec
    this.total = unitsOf(spec, this.installation)
    this.distributed = isDistributed(spec, this.installation)
  }

  get isEmpty(): boolean {
    return this.queue.size === 0
  }

  /** Who waits here and may go on now. */
  nominate(): Waiter | undefined {
    return this.queue.nominate(this)
  }

  addSeat(seat: Seat): void {
    const last = this.lastSeat
    seat.previous = last
    if (last === undefined) this.firstSeat = seat
    else last.next = seat
    this.lastSeat = seat
    if (seat.key !== undefined) this.seats.set(seat.key, seat)
  }

  removeSeat(seat: Seat): void {
    const { previous, next } = seat
    if (previous === undefined) this.firstSeat = next
    else previous.next = next
    if (next === undefined) this.lastSeat = previous
    else next.previous = previous
    seat.previous = undefined
    seat.next = undefined
    if (seat.key !== undefined && this.seats.get(seat.key) === seat) this.seats.delete(seat.key)
  }

  addResting(seat: Seat): void {
    const last = this.lastResting
    seat.previousResting = last
    if (last === undefined) this.firstResting = seat
    else last.nextResting = seat
    this.lastResting = seat
    this.resting += seat.units
  }

  removeResting(seat: Seat): void {
    const { previousResting: previous, nextResting: next } = seat
    if (previous === undefined) this.firstResting = next
    else previous.nextResting = next
    if (next === undefined) this.lastResting = previous
    else next.previousResting = previous
    seat.previousResting = undefined
    seat.nextResting = undefined
    this.resting -= seat.units
  }

  rowKey(): string {
    return `p/${this.id}`
  }

  rowValue(): PoolRow {
    return {
      installation: this.installation,
      spec: this.spec,
      listed: this.listed,
      lastUnit: this.lastUnit,
      metric: this.metric,
      peaks: this.peaks.value(),
    }
  }
}

export type PoolRow = {
  readonly installation: Installation
  readonly spec: ProductSpec
  readonly listed: boolean
  readonly lastUnit: number
  readonly metric: number
  readonly peaks: ReturnType<PeakMeter['value']>
}

export function poolId(product: number, installation: Installation): string {
  return `${product}/${installation}`
}

/** A check-out, as the pools see it. */
export class Asked {
  readonly session: Session
  readonly owner: string
  readonly subject: Subject
  readonly units: number
  readonly priority: number
  readonly feature: string
  /** Of the session's installation type, in the order of the list; those that the customer has. */
  readonly pools: readonly Pool[]
  #userGroup: string | undefined = undefined

  constructor(session: Session, owner: string, pools: readonly Pool[], fields: AskedFields) {
    this.session = session
    this.owner = owner
    this.pools = pools
    this.subject = fields.subject
    this.units = fields.units
    this.priority = fields.priority
    this.feature = fields.feature
  }

  /** Several units mean nothing where a product counts users or nothing. */
  unitsOf(pool: Pool): number {
    return pool.hasUnits ? this.units : 1
  }

  /** The consumer, by the product's template; undefined where each request counts by itself. */
  keyIn(pool: Pool): string | undefined {
    const { consumerKey } = pool.spec
    if (consumerKey.length === 0) return undefined
    const { subject } = this
    if (consumerKey.length === 2 && consumerKey[0] === 'user' && consumerKey[1] === 'group') {
      this.#userGroup ??= `${subject.user}\0${subject.group}`
      return this.#userGroup
    }
    let key = ''
    for (const part of consumerKey) {
      if (key !== '' || part !== consumerKey[0]) key += '\0'
      if (part === 'session') key += this.session.id
      else if (part === 'owner') key += `${this.session.id}/${this.owner}`
      else key += subject[part]
    }
    return key
  }

  /** What a cool-down holds on to. */
  coolKeyIn(pool: Pool): string {
    return this.keyIn(pool) ?? this.subject.user
  }
}

export type AskedFields = {
  readonly subject: Subject
  readonly units: number
  readonly priority: number
  readonly feature: string
}
