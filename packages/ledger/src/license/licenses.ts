import type { Core } from '../core.ts'
import type { Waiter } from '../graph.ts'
import type { Row } from '../rows.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Waiters } from '../wait/waiters.ts'
import type { Borrow } from './borrowed.ts'
import { Catalog } from './catalog.ts'
import { arm, Deadline } from './deadline.ts'
import { DenialLog } from './denials.ts'
import { GrantTable } from './grant-table.ts'
import { Grants } from './grants.ts'
import { judge, type Verdict } from './judge.ts'
import type { Asked, CoolDown, Pool } from './pool.ts'
import { PoolRules, RuleBook } from './rules.ts'
import { Seats } from './seats.ts'
import { Tally } from './tally.ts'
import { UsageLog } from './usage.ts'
import { Validity } from './validity.ts'

/**
 * All licenses. The key lists products (`catalog`); what is in use of them are `seats`, counted by the
 * `tally`; what owners hold are `grants`. The operations are in files of their own.
 */
export class Licenses {
  readonly core: Core
  readonly waiters: Waiters
  readonly sessions: Sessions
  readonly validity: Validity
  readonly book: RuleBook
  readonly usage: UsageLog
  readonly denials: DenialLog
  readonly catalog = new Catalog()
  readonly tally: Tally
  readonly seats: Seats
  readonly grants: Grants
  readonly borrows = new Map<string, Borrow>()
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
    const table = new GrantTable()
    this.tally = new Tally(core, waiters, sessions, this.usage, table)
    this.seats = new Seats(core, this.tally)
    this.grants = new Grants(core, waiters, {
      table,
      seats: this.seats,
      tally: this.tally,
      usage: this.usage,
    })
  }

  /** Everything that is stored. */
  *rows(): Generator<Row> {
    const { overall } = this.tally
    if (this.validity.exists) yield this.validity
    yield* this.validity.keys
    if (this.book.version > 0) yield this.book
    if (overall.meter.hour >= 0) yield overall
    for (const pool of this.catalog.poolList) {
      yield pool
      for (let seat = pool.firstSeat; seat !== undefined; seat = seat.next) yield seat
      yield* pool.coolDowns.values()
    }
    yield* this.grants.table
    yield* this.borrows.values()
    yield* this.usage.all()
    yield* this.denials.all()
  }

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

  /** Totals and rules of a pool anew; what is in use is counted again by them (O22). */
  refit(pool: Pool): void {
    const rules = pool.listed ? this.book.of(pool.product) : []
    let overdraft = pool.total > 0 ? pool.spec.overdraft : 0
    for (const rule of rules) if (rule.kind === 'overdraft') overdraft = Math.min(overdraft, rule.amount!)
    pool.overdraft = overdraft
    const counted = pool.listed ? pool.total + overdraft : 0
    pool.inForce = pool.isCounted ? counted : Number.POSITIVE_INFINITY
    pool.rules = rules.length === 0 ? undefined : new PoolRules(rules)
    this.tally.countAgain(pool)
    this.seats.makeRoom(pool, 0)
    pool.ceiling = Math.max(pool.inForce, pool.used)
    this.waiters.touchLine(pool)
  }

  touchAll(): void {
    for (const pool of this.catalog.poolList) this.waiters.touchLine(pool)
  }

  /** What was used until now is told by the rules of until now. */
  settleUsage(): void {
    for (const pool of this.catalog.poolList) {
      for (let seat = pool.firstSeat; seat !== undefined; seat = seat.next) {
        if (seat.state !== 'resting') this.tally.accrue(seat)
      }
    }
  }

  /** Usage and denials that are older than they may be kept. */
  forgetOld(): void {
    this.usage.forgetOld()
    this.denials.forgetOld()
  }

  armBorrow(borrow: Borrow, fire: () => void): void {
    borrow.deadline = arm(this.core, borrow.seat.pool, borrow.deadlineMs, borrow.order, fire)
  }

  armCoolDown(coolDown: CoolDown): void {
    const { pool, key } = coolDown
    pool.coolDowns.set(key, coolDown)
    coolDown.deadline = new Deadline(coolDown.deadlineMs, coolDown.order, () => {
      pool.coolDowns.delete(key)
      this.core.rows.remove(coolDown)
      this.waiters.touchLine(pool)
    })
    this.core.timers.set(coolDown.deadline)
  }
}

function hasSeat(pool: Pool, asked: Asked): boolean {
  const key = asked.keyIn(pool)
  return key !== undefined && pool.seats.has(key)
}
