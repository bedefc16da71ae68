import type { Core } from '../core.ts'
import type { Row } from '../rows.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Waiters } from '../wait/waiters.ts'
import type { GrantTable } from './grant-table.ts'
import { PeakMeter } from './peak-meter.ts'
import type { Pool, Seat } from './pool.ts'
import type { Subject } from './rules.ts'
import type { Account, UsageLog } from './usage.ts'

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

/** How many units are in use: of each pool, consumer, rule and host, and of all; and for how long. */
export class Tally {
  readonly #core: Core
  readonly #waiters: Waiters
  readonly #sessions: Sessions
  readonly #usage: UsageLog
  readonly #grants: GrantTable
  readonly overall = new Overall()
  /** Over all pools. */
  units = 0

  constructor(core: Core, waiters: Waiters, sessions: Sessions, usage: UsageLog, grants: GrantTable) {
    this.#core = core
    this.#waiters = waiters
    this.#sessions = sessions
    this.#usage = usage
    this.#grants = grants
  }

  accountOf(seat: Seat): Account {
    seat.account ??= this.#usage.accountOf(seat.pool, seat.subject)
    return seat.account
  }

  /** The seat begins to count. */
  occupy(seat: Seat): void {
    seat.accruedMs = this.#core.timeMs
    seat.sinceMs = this.#core.wallMs
    seat.account = undefined
    this.count(seat, seat.units)
  }

  /** The seat counts no more. */
  vacate(seat: Seat): void {
    this.accrue(seat)
    this.count(seat, -seat.units)
  }

  resize(seat: Seat, units: number): void {
    this.accrue(seat)
    const by = units - seat.units
    if (by > 0) seat.pool.lastUnit += by
    seat.units = units
    this.count(seat, by)
    this.#core.rows.mark(seat)
    this.#core.rows.mark(seat.pool)
  }

  /** Also for restore. */
  count(seat: Seat, by: number): void {
    const { pool } = seat
    pool.used += by
    if (pool.isCounted) this.units += by
    this.accountOf(seat).units += by
    this.#countSubject(pool, seat.subject, by)
    if (by < 0 && pool.ceiling > pool.inForce) pool.ceiling = Math.max(pool.inForce, pool.used)
    // Also when more is in use: one who waited for units may be held back by a rule now, and block nobody.
    this.#waiters.touchLine(pool)
  }

  /** The pool's rules are new: what is in use is counted by them (O22). */
  countAgain(pool: Pool): void {
    pool.hosts.clear()
    for (let seat = pool.firstSeat; seat !== undefined; seat = seat.next) {
      if (seat.state !== 'resting') this.#countSubject(pool, seat.subject, seat.units)
    }
  }

  #countSubject(pool: Pool, subject: Subject, by: number): void {
    pool.rules?.count(subject, by)
    if (pool.spec.limitPerHost === 0) return
    const units = (pool.hosts.get(subject.host) ?? 0) + by
    if (units === 0) pool.hosts.delete(subject.host)
    else pool.hosts.set(subject.host, units)
  }

  /** Writes the seat's use until now into the usage log. */
  accrue(seat: Seat): void {
    const ms = this.#core.timeMs - seat.accruedMs
    if (ms <= 0) return
    this.#usage.accrue(this.accountOf(seat), seat.units, ms)
    seat.accruedMs = this.#core.timeMs
    this.#core.rows.mark(seat)
  }

  /** After what is in use changed. */
  measure(pool: Pool): void {
    const { overall } = this
    const core = this.#core
    const usage = this.#usage
    const hourBefore = pool.peaks.hour
    if (usage.measure(pool.peaks, pool.consumption, pool.connections)) core.rows.mark(pool)
    if (pool.peaks.hour !== hourBefore) {
      const idle = [...pool.accounts.values()].filter(({ units }) => units === 0)
      for (const { key } of idle) pool.accounts.delete(key)
    }
    if (usage.measure(overall.meter, this.units, this.#grants.size)) core.rows.mark(overall)
    const { size } = this.#sessions.table
    if (size <= overall.sessions) return
    overall.sessions = size
    overall.sessionsMs = core.wallMs
    core.rows.mark(overall)
  }
}
