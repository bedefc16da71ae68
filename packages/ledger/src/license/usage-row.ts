import type { Row } from '../rows.ts'

/** Whose use it is. */
export interface Consumer {
  readonly user: string
  readonly company: string
}

/**
 * What a consumer used of a pool in one hour, or the pool's peaks in it. Row `h/<hour>/<pool>/<user>\0<company>`, or
 * without consumer for peaks.
 */
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
