import type { Cause } from '../causes.ts'
import type { Installation } from '../commands.ts'
import type { Core } from '../core.ts'
import type { HashTable } from '../hash-table.ts'
import { byCodeUnits } from '../names.ts'
import type { Row } from '../rows.ts'
import type { LicenseUsage, UsageView } from './reads.ts'

// What was used, hour by hour of the wall clock: a row for each consumer of a pool in each hour in which
// something happened, and one for the peaks of each pool, and of all of them (product 0). A duration that
// crosses hours is split over them when it ends, so nothing runs at the turn of an hour.

export const HOUR_MS = 3_600_000

/** Row `h/<hour>/<pool>/<user>\0<company>`, or without consumer for peaks. */
export class UsageRow implements Row {
  readonly key: string
  readonly hour: number
  readonly product: number
  readonly user: string
  readonly company: string
  readonly isPeak: boolean
  unitMs = 0
  checkouts = 0
  peak = 0
  peakConnections = 0
  denials: { [cause: string]: number } | undefined = undefined
  dirtyAt = -1
  stored = false
  gone = false

  constructor(key: string, hour: number, product: number, consumer: Consumer | undefined) {
    this.key = key
    this.hour = hour
    this.product = product
    this.user = consumer?.user ?? ''
    this.company = consumer?.company ?? ''
    this.isPeak = consumer === undefined
  }

  rowKey(): string {
    return `h/${this.hour}/${this.key}`
  }

  rowValue(): UsageRowValue {
    const { product, user, company, isPeak, unitMs, checkouts, peak, peakConnections } = this
    const row = { product, user, company, isPeak, unitMs, checkouts, peak, peakConnections }
    return { ...row, denials: { ...this.denials } }
  }
}

export type UsageRowValue = {
  readonly product: number
  readonly user: string
  readonly company: string
  readonly isPeak: boolean
  readonly unitMs: number
  readonly checkouts: number
  readonly peak: number
  readonly peakConnections: number
  readonly denials: { readonly [cause: string]: number }
}

interface Consumer {
  readonly user: string
  readonly company: string
}

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

export type PeakValue = {
  readonly units: number
  readonly unitsMs: number
  readonly connections: number
  readonly connectionsMs: number
  /** The last hour in which they changed. */
  readonly hour: number
}

/** The highest counts of a pool or of all: ever, and in the running hour. */
export class PeakMeter {
  readonly key: string
  readonly product: number
  units = 0
  unitsMs = 0
  connections = 0
  connectionsMs = 0
  hour = -1
  /** Counts now. */
  nowUnits = 0
  nowConnections = 0
  row: UsageRow | undefined = undefined

  constructor(key: string, product: number) {
    this.key = key
    this.product = product
  }

  value(): PeakValue {
    const { units, unitsMs, connections, connectionsMs, hour } = this
    return { units, unitsMs, connections, connectionsMs, hour }
  }

  restore(value: PeakValue): void {
    this.units = value.units
    this.unitsMs = value.unitsMs
    this.connections = value.connections
    this.connectionsMs = value.connectionsMs
    this.hour = value.hour
  }
}

/** How long usage is kept: the administrator's choice. */
export interface Keeping {
  readonly usageDays: number
}

/** Wall clock of the oldest hour that is kept; if none is, of what comes. */
export function keptFromMs({ wallMs }: Core, { usageDays }: Keeping): number {
  if (usageDays === 0) return Number.POSITIVE_INFINITY
  return (Math.floor(wallMs / HOUR_MS) - usageDays * 24) * HOUR_MS
}

export class UsageLog {
  readonly #core: Core
  readonly #keeping: Keeping
  /** Rows by hour, by key. */
  readonly hours = new Map<number, Map<string, UsageRow>>()
  /** Hours of `hours`, oldest first. */
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
    let rows = this.hours.get(hour)
    if (rows === undefined) {
      rows = new Map()
      this.hours.set(hour, rows)
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
      for (const row of this.hours.get(hour)!.values()) this.#core.rows.remove(row)
      this.rowCount -= this.hours.get(hour)!.size
      this.hours.delete(hour)
    }
  }

  *all(): Generator<UsageRow> {
    for (const rows of this.hours.values()) yield* rows.values()
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
    let rows = this.hours.get(hour)
    if (rows === undefined) {
      rows = new Map()
      this.hours.set(hour, rows)
      this.#order.push(hour)
      this.#order.sort((a, b) => a - b)
    }
    rows.set(row.key, row)
    this.rowCount += 1
  }

  /** Rows of hours that begin in the range, with what is still running, summed by the wanted key. */
  report(read: LicenseUsage, nameOf: (product: number) => string, running: Iterable<Running>, limit: number) {
    const sums = new Map<string, Sum>()
    const sumOf = (key: string, name: string): Sum => {
      let sum = sums.get(key)
      if (sum === undefined) {
        sum = { name, unitMs: 0, checkouts: 0, peak: 0, peakConnections: 0, denials: {} }
        sums.set(key, sum)
      }
      return sum
    }
    for (const hour of this.#order) {
      if (hour * HOUR_MS < read.fromMs || hour * HOUR_MS >= read.toMs) continue
      for (const row of this.hours.get(hour)!.values()) {
        const [key, name] = groupOf(read.by, row, hour, nameOf)
        // Peaks of consumers do not add up: a pool has its own, and so have all together.
        const isWanted = row.isPeak
          ? (read.by === 'product' && row.product !== 0) || (read.by === 'hour' && row.product === 0)
          : true
        if (!isWanted) continue
        const sum = sumOf(key, name)
        sum.unitMs += row.unitMs
        sum.checkouts += row.checkouts
        if (row.isPeak || read.by === 'user' || read.by === 'company') {
          sum.peak = Math.max(sum.peak, row.peak)
          sum.peakConnections = Math.max(sum.peakConnections, row.peakConnections)
        }
        for (const [cause, count] of Object.entries(row.denials ?? {})) {
          sum.denials[cause] = (sum.denials[cause] ?? 0) + count
        }
      }
    }
    const { wallMs } = this.#core
    for (const use of running) {
      for (let from = wallMs - use.ms; from < wallMs; ) {
        const hour = Math.floor(from / HOUR_MS)
        const to = Math.min(wallMs, (hour + 1) * HOUR_MS)
        if (hour * HOUR_MS >= read.fromMs && hour * HOUR_MS < read.toMs) {
          const [key, name] = groupOf(read.by, use, hour, nameOf)
          sumOf(key, name).unitMs += use.units * (to - from)
        }
        from = to
      }
    }
    const isNumeric = read.by === 'product'
    const keys = [...sums.keys()].sort(isNumeric ? (a, b) => Number(a) - Number(b) : byCodeUnits)
    const { after } = read
    const isAfter = (key: string): boolean =>
      after === undefined || (isNumeric ? Number(key) > Number(after) : key > after)
    const found = keys.filter(isAfter)
    const rows: UsageView[] = found.slice(0, limit).map((key) => {
      const sum = sums.get(key)!
      let denied = 0
      for (const count of Object.values(sum.denials)) denied += count
      return { key, ...sum, denied }
    })
    return found.length > limit ? { rows, next: rows[rows.length - 1]!.key } : { rows }
  }
}

interface Sum {
  readonly name: string
  unitMs: number
  checkouts: number
  peak: number
  peakConnections: number
  readonly denials: { [cause: string]: number }
}

/** A seat's use that is not in the log yet. */
export interface Running extends Consumer {
  readonly product: number
  readonly installation: Installation
  readonly units: number
  readonly ms: number
}

function consumerKey(account: Account): string {
  return `${account.pool.id}/${account.key}`
}

function groupOf(
  by: LicenseUsage['by'],
  row: { readonly product: number; readonly user: string; readonly company: string },
  hour: number,
  nameOf: (product: number) => string,
): [key: string, name: string] {
  if (by === 'product') return [String(row.product), nameOf(row.product)]
  if (by === 'user') return [row.user, row.user]
  if (by === 'company') return [row.company, row.company]
  const instant = isoHour(hour)
  return [instant, instant]
}

/** Without a Date: the same on every member, whatever its libraries. */
function isoHour(hour: number): string {
  const days = Math.floor(hour / 24)
  // Civil date from days since 1970, by eras of 400 years that begin in March.
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const ofEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1_460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  )
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthIndex = Math.floor((5 * ofYear + 2) / 153)
  const date = ofYear - Math.floor((153 * monthIndex + 2) / 5) + 1
  const month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(date)}T${two(hour - days * 24)}:00:00.000Z`
}
