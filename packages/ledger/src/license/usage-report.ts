import { byCodeUnits } from '../names.ts'
import { HOUR_MS, hourText } from './hours.ts'
import type { LicenseUsage, UsageView } from './reads.ts'
import type { UsageLog } from './usage.ts'
import type { Consumer, UsageRow } from './usage-row.ts'

/** A seat's use that is not in the log yet. */
export interface Running extends Consumer {
  readonly product: number
  readonly units: number
  /** For so long until now. */
  readonly ms: number
}

export interface UsageReportOptions {
  readonly read: LicenseUsage
  readonly nameOf: (product: number) => string
  readonly running: Iterable<Running>
  /** Wall clock. */
  readonly nowMs: number
  readonly limit: number
}

/** Rows of hours that begin in the range, with what is still running, summed by the wanted key. */
export function usageReport(
  log: UsageLog,
  { read, nameOf, running, nowMs, limit }: UsageReportOptions,
): { readonly rows: readonly UsageView[]; readonly next?: string } {
  const sums = new Sums(read.by, nameOf)
  const isWanted = (hour: number): boolean => hour * HOUR_MS >= read.fromMs && hour * HOUR_MS < read.toMs
  for (const [hour, rows] of log.hours()) {
    if (isWanted(hour)) for (const row of rows) sums.addRow(row)
  }
  for (const use of running) {
    for (let from = nowMs - use.ms; from < nowMs; ) {
      const hour = Math.floor(from / HOUR_MS)
      const to = Math.min(nowMs, (hour + 1) * HOUR_MS)
      if (isWanted(hour)) sums.addRunning(use, hour, to - from)
      from = to
    }
  }
  const found = sums.after(read.after)
  const rows = found.slice(0, limit)
  return found.length > limit ? { rows, next: rows[rows.length - 1]!.key } : { rows }
}

interface Sum {
  readonly name: string
  unitMs: number
  checkouts: number
  peak: number
  peakConnections: number
  readonly denials: { [cause: string]: number }
}

class Sums {
  readonly #by: LicenseUsage['by']
  readonly #nameOf: (product: number) => string
  readonly #sums = new Map<string, Sum>()

  constructor(by: LicenseUsage['by'], nameOf: (product: number) => string) {
    this.#by = by
    this.#nameOf = nameOf
  }

  addRow(row: UsageRow): void {
    const by = this.#by
    // Peaks of consumers do not add up: a pool has its own, and so have all together.
    const isWanted = row.isPeak
      ? (by === 'product' && row.product !== 0) || (by === 'hour' && row.product === 0)
      : true
    if (!isWanted) return
    const sum = this.#sumOf(row, row.hour)
    sum.unitMs += row.unitMs
    sum.checkouts += row.checkouts
    if (row.isPeak || by === 'user' || by === 'company') {
      sum.peak = Math.max(sum.peak, row.peak)
      sum.peakConnections = Math.max(sum.peakConnections, row.peakConnections)
    }
    for (const [cause, count] of Object.entries(row.denials ?? {})) {
      sum.denials[cause] = (sum.denials[cause] ?? 0) + count
    }
  }

  addRunning(use: Running, hour: number, ms: number): void {
    this.#sumOf(use, hour).unitMs += use.units * ms
  }

  /** In the order of keys; products by number. */
  after(after: string | undefined): UsageView[] {
    const isNumeric = this.#by === 'product'
    const isAfter = (key: string): boolean =>
      after === undefined || (isNumeric ? Number(key) > Number(after) : key > after)
    return [...this.#sums.keys()]
      .filter(isAfter)
      .sort(isNumeric ? (a, b) => Number(a) - Number(b) : byCodeUnits)
      .map((key) => {
        const sum = this.#sums.get(key)!
        const denied = Object.values(sum.denials).reduce((all, count) => all + count, 0)
        return { key, ...sum, denied }
      })
  }

  #sumOf(use: Consumer & { readonly product: number }, hour: number): Sum {
    const key = this.#keyOf(use, hour)
    let sum = this.#sums.get(key)
    if (sum === undefined) {
      const name = this.#by === 'product' ? this.#nameOf(use.product) : key
      sum = { name, unitMs: 0, checkouts: 0, peak: 0, peakConnections: 0, denials: {} }
      this.#sums.set(key, sum)
    }
    return sum
  }

  #keyOf({ product, user, company }: Consumer & { readonly product: number }, hour: number): string {
    switch (this.#by) {
      case 'product':
        return String(product)
      case 'user':
        return user
      case 'company':
        return company
      case 'hour':
        return hourText(hour)
    }
  }
}
