import type { Cause } from '../causes.ts'
import type { Core } from '../core.ts'
import type { HashTable } from '../hash-table.ts'
import { HOUR_MS } from './hours.ts'
import { type Keeping, keptFromMs } from './keeping.ts'
import type { PeakMeter } from './peak-meter.ts'
import { type Consumer, UsageRow, type UsageRowValue } from './usage-row.ts'

// What was used, hour by hour of the wall clock: a row for each consumer of a pool in each hour in which
// something happened, and one for the peaks of each pool, and of all of them (product 0). A duration that
// crosses hours is split over them when it ends, so nothing runs at the turn of an hour.

/** What usage needs to know of a pool. */
interface UsedPool {
  readonly id: string
  readonly product: number
  readonly accounts: HashTable<Account>
}

/** A consumer's use of one pool, while it has units or the hour is not over. Rebuilt from seats and rows. */
export class Account {
  readonly user: string
  readonly company: string
  readonly pool: UsedPool
  readonly key: string
  units = 0
  row: UsageRow | undefined = undefined

  constructor(pool: UsedPool, key: string, consumer: Consumer) {
    this.pool = pool
    this.key = key
    this.user = consumer.user
    this.company = consumer.company
  }
}

export class UsageLog {
  readonly #core: Core
  readonly #keeping: Keeping
  /** Rows by hour, by key. */
  readonly #hours = new Map<number, Map<string, UsageRow>>()
  /** The hours, oldest first. */
  readonly #order: number[] = []
  rowCount = 0
  #hour = 0
  #hourOfMs = 0

  constructor(core: Core, keeping: Keeping) {
    this.#core = core
    this.#keeping = keeping
  }

  get hour(): number {
    const { wallMs } = this.#core
    if (wallMs !== this.#hourOfMs) {
      this.#hourOfMs = wallMs
      this.#hour = Math.floor(wallMs / HOUR_MS)
    }
    return this.#hour
  }

  accountOf(pool: UsedPool, consumer: Consumer): Account {
    const key = `${consumer.user}\0${consumer.company}`
    let account = pool.accounts.get(key)
    if (account === undefined) {
      account = new Account(pool, key, consumer)
      pool.accounts.set(key, account)
    }
    return account
  }

  /** A check-out of `units` more units. */
  checkedOut(account: Account): void {
    const row = this.#rowOf(account)
    if (row === undefined) return
    row.checkouts += 1
    if (account.units > row.peak) row.peak = account.units
    this.#core.rows.mark(row)
  }

  /** Units were in use for `ms` until now. */
  accrue(account: Account, units: number, ms: number): void {
    const { wallMs } = this.#core
    if (this.#keeping.usageDays === 0 || units === 0 || ms <= 0) return
    let from = Math.max(wallMs - ms, keptFromMs(this.#core, this.#keeping))
    while (from < wallMs) {
      const hour = Math.floor(from / HOUR_MS)
      const to = Math.min(wallMs, (hour + 1) * HOUR_MS)
      const row =
        hour === this.hour
          ? this.#rowOf(account)
          : this.#open(hour, account.pool.product, consumerKey(account), account)
      if (row !== undefined) {
        row.unitMs += units * (to - from)
        if (units > row.peak) row.peak = units
        this.#core.rows.mark(row)
      }
      from = to
    }
  }

  denied(pool: UsedPool | undefined, product: number, consumer: Consumer, cause: Cause): void {
    const id = pool?.id ?? `${product}/`
    const key = `${id}/${consumer.user}\0${consumer.company}`
    const row = this.#open(this.hour, product, key, consumer)
    if (row === undefined) return
    row.denials ??= {}
    row.denials[cause] = (row.denials[cause] ?? 0) + 1
    this.#core.rows.mark(row)
  }

  /** The counts of a meter changed; true if its stored part did. */
  measure(meter: PeakMeter, units: number, connections: number): boolean {
    const { hour } = this
    let rose = false
    if (meter.hour !== hour) {
      this.#turn(meter, hour)
      rose = true
    } else if (meter.row?.gone !== false) {
      meter.row = this.#open(hour, meter.product, meter.key, undefined)
    }
    const { row } = meter
    meter.nowUnits = units
    meter.nowConnections = connections
    if (row !== undefined && (units > row.peak || connections > row.peakConnections)) {
      if (units > row.peak) row.peak = units
      if (connections > row.peakConnections) row.peakConnections = connections
      this.#core.rows.mark(row)
    }
    if (units > meter.units) {
      meter.units = units
      meter.unitsMs = this.#core.wallMs
      rose = true
    }
    if (connections > meter.connections) {
      meter.connections = connections
      meter.connectionsMs = this.#core.wallMs
      rose = true
    }
    return rose
  }

  /** A new hour begins with what is in use; hours in which nothing changed had just that. */
  #turn(meter: PeakMeter, hour: number): void {
    const { usageDays } = this.#keeping
    const before = meter.hour
    meter.hour = hour
    meter.row = undefined
    if (usageDays === 0) return
    const isBusy = meter.nowUnits > 0 || meter.nowConnections > 0
    if (isBusy && before >= 0) {
      for (let between = Math.max(before + 1, hour - usageDays * 24); between < hour; between += 1) {
        this.#raise(this.#open(between, meter.product, meter.key, undefined), meter)
      }
    }
    meter.row = this.#open(hour, meter.product, meter.key, undefined)
    if (isBusy) this.#raise(meter.row, meter)
  }

  #raise(row: UsageRow | undefined, meter: PeakMeter): void {
    if (row === undefined) return
    row.peak = Math.max(row.peak, meter.nowUnits)
    row.peakConnections = Math.max(row.peakConnections, meter.nowConnections)
    this.#core.rows.mark(row)
  }

  #rowOf(account: Account): UsageRow | undefined {
    const { hour } = this
    const { row } = account
    if (row !== undefined && row.hour === hour && !row.gone) return row
    account.row = this.#open(hour, account.pool.product, consumerKey(account), account)
    return account.row
  }

  #open(hour: number, product: number, key: string, consumer: Consumer | undefined): UsageRow | undefined {
    const { usageRowsMax } = this.#core.limits
    if (this.#keeping.usageDays === 0) return undefined
    let rows = this.#hours.get(hour)
    if (rows === undefined) {
      rows = new Map()
      this.#hours.set(hour, rows)
      let at = this.#order.length
      while (at > 0 && this.#order[at - 1]! > hour) at -= 1
      this.#order.splice(at, 0, hour)
      this.forgetOld()
    }
    let row = rows.get(key)
    if (row === undefined) {
      row = new UsageRow(key, hour, product, consumer)
      rows.set(key, row)
      this.rowCount += 1
      this.#core.rows.mark(row)
      while (this.rowCount > usageRowsMax && this.#order[0]! < hour) this.#forget(this.#order[0]! + 1)
    }
    return row
  }

  forgetOld(): void {
    this.#forget(keptFromMs(this.#core, this.#keeping) / HOUR_MS)
  }

  /** Hours before `before`. */
  #forget(before: number): void {
    while (this.#order.length > 0 && this.#order[0]! < before) {
      const hour = this.#order.shift()!
      for (const row of this.#hours.get(hour)!.values()) this.#core.rows.remove(row)
      this.rowCount -= this.#hours.get(hour)!.size
      this.#hours.delete(hour)
    }
  }

  *all(): Generator<UsageRow> {
    for (const rows of this.#hours.values()) yield* rows.values()
  }

  /** Oldest first. */
  *hours(): Generator<readonly [hour: number, rows: Iterable<UsageRow>]> {
    for (const hour of this.#order) yield [hour, this.#hours.get(hour)!.values()]
  }

  restore(key: string, value: unknown): void {
    const fields = value as UsageRowValue
    const at = key.indexOf('/')
    const hour = Number(key.slice(0, at))
    const row = new UsageRow(key.slice(at + 1), hour, fields.product, fields.isPeak ? undefined : fields)
    row.unitMs = fields.unitMs
    row.checkouts = fields.checkouts
    row.peak = fields.peak
    row.peakConnections = fields.peakConnections
    if (Object.keys(fields.denials).length > 0) row.denials = { ...fields.denials }
    row.stored = true
    let rows = this.#hours.get(hour)
    if (rows === undefined) {
      rows = new Map()
      this.#hours.set(hour, rows)
      this.#order.push(hour)
      this.#order.sort((a, b) => a - b)
    }
    rows.set(row.key, row)
    this.rowCount += 1
  }
}

function consumerKey(account: Account): string {
  return `${account.pool.id}/${account.key}`
}
