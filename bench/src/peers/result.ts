import type { Quantiles } from '../measure/histogram.ts'
import type { PeerName } from './peer.ts'
import type { PeerRow } from './rows.ts'

/** What one side did in one round. */
export interface SideRound {
  readonly perSecond: number
  readonly latency: Quantiles
  /** Processor time of all its servers; `undefined` where it cannot be seen. */
  readonly serverCpuSeconds: number | undefined
  readonly loadCpuSeconds: number
}

/** One work, done in turns. Each ratio is the median over the rounds of Tranca's value to the peer's. */
export interface PeerRowResult extends PeerRow {
  /** What one operation is with the peer. */
  readonly operation: string
  readonly ours: readonly SideRound[]
  readonly theirs: readonly SideRound[]
  /** Above 1: Tranca does more. */
  readonly byThroughput: number
  /** Below 1: Tranca is sooner. */
  readonly byP50: number
  readonly byP99: number
}

export interface PeerResult {
  readonly name: PeerName
  readonly version: string
  readonly settings: string
  readonly rows: readonly PeerRowResult[]
}
