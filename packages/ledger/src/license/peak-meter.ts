import type { UsageRow } from './usage-row.ts'

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
