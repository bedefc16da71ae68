import type { PeerResult } from '../peers/result.ts'
import type { GrowthRow } from './growth/growth.ts'
import type { LedgerCost } from './ledger-cost.ts'
import type { Measured } from './load.ts'
import type { Machine } from './machine.ts'
import type { NodeUsage } from './nodes.ts'
import type { MemberDownRow } from './recovery/member-down.ts'
import type { StartRow } from './recovery/restart.ts'
import type { Row } from './rows.ts'
import type { StageTimes } from './stages.ts'

/** What was measured in one row. */
export interface RowResult extends Measured, Pick<Row, 'id' | 'title'> {
  readonly work: string
  readonly clients: number
  readonly connections: number
  /** The leader first. */
  readonly nodes: readonly NodeUsage[]
  /** Entries that the log grew by, warm-up included; an entry holds the commands of one turn. */
  readonly entries: number
  /** Of rows whose requests are commands, on nodes that run here. The warm-up is in it. */
  readonly stages: StageTimes | undefined
  /** Processor time that others took of this machine meanwhile. */
  readonly othersCpuSeconds: number | undefined
}

/** A row that could not be measured. */
export interface FailedRow extends Pick<Row, 'id' | 'title'> {
  readonly reason: string
}

/** Two works measured in turns. Each ratio is the first against the second: 1.2 = a fifth dearer. */
export interface Ratio {
  readonly id: string
  readonly title: string
  readonly clients: number
  readonly rounds: readonly RatioRound[]
  /** Medians over the rounds. */
  readonly byThroughput: number
  readonly byFirstStepP50: number
  readonly byNodeCpu: number | undefined
}

export interface RatioRound {
  readonly byThroughput: number
  readonly byFirstStepP50: number
  readonly byNodeCpu: number | undefined
}

/** What is measured in clusters of their own, one after the other: it would weigh on the rows. */
export interface ExperimentResults {
  readonly growth: readonly GrowthRow[]
  readonly memberDown: readonly MemberDownRow[]
  readonly starts: readonly StartRow[]
}

/** Everything, as `--json` writes it. Times have their unit in the name. */
export interface BenchResult extends ExperimentResults {
  readonly format: 1
  readonly name: 'tranca-bench'
  readonly startedAt: string
  readonly elapsedSeconds: number
  readonly command: string
  readonly machine: Machine
  readonly settings: {
    readonly quick: boolean
    /** Whether where the time of a request goes is to be told. */
    readonly stages: boolean
    readonly seconds: number
    readonly warmSeconds: number
    readonly clients: readonly number[]
    readonly loadProcesses: number
  }
  readonly cluster: {
    readonly version: string
    readonly members: number
    readonly startedHere: boolean
    /** What a node does before it answers; `unknown` for a cluster that was not started here. */
    readonly sync: 'data' | 'unknown'
  }
  readonly rows: readonly RowResult[]
  readonly ratios: readonly Ratio[]
  readonly peers: readonly PeerResult[]
  readonly licenseCost: readonly LedgerCost[]
  readonly failed: readonly FailedRow[]
  readonly skipped: readonly FailedRow[]
}
