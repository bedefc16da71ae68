import type { Scope, SequenceSpec } from '../record/operation.ts'

/** A line of the gap ledger. */
export interface GapRecord {
  readonly from: string
  readonly to: string
  readonly count: number
  readonly kind: 'jump' | 'declared'
  readonly reason: string
  readonly session: number
  readonly client: string
  readonly owner: string
  readonly wallMs: number
}

/** One sequence in one scope, as the cluster describes it. */
export interface SequenceState {
  readonly name: string
  readonly scope: Scope
  readonly spec: SequenceSpec
  /** The largest value that the counter has passed; absent if it has not moved. */
  readonly last?: string
  /** The numbers that came back and wait for the next one who asks. */
  readonly free: readonly string[]
  readonly reserved: readonly { readonly value: string; readonly session: number; readonly owner: string }[]
  readonly gaps: readonly GapRecord[]
}

/** What the cluster itself says, before or after a run. */
export interface ClusterState {
  readonly sequences: readonly SequenceState[]
  readonly locks: readonly {
    readonly name: string
    readonly holders: readonly { readonly session: number; readonly owner: string; readonly token: number }[]
  }[]
  readonly codes: readonly { readonly code: string; readonly session: number; readonly owner: string }[]
  readonly sessions: readonly number[]
  /** Absent if no license key is installed. */
  readonly licenses?: LicenseState
}

/** What counts as one consumer of a product. */
export type ConsumerPart = 'user' | 'group' | 'company' | 'host' | 'session' | 'owner'

export interface LicensedState {
  readonly product: number
  readonly name: string
  readonly nature: string
  /** Units of this type of installation; of `onDemand` the metric's limit. */
  readonly total: number
  readonly overdraft: number
  readonly used: number
  /** Of `used`, units that are with nobody at work: kept for their consumer, assigned or borrowed. */
  readonly kept: number
  /** Empty: each request counts by itself. */
  readonly consumerKey: readonly ConsumerPart[]
}

export interface UsageState {
  readonly product: number
  readonly checkouts: number
  readonly peak: number
  readonly denials: Readonly<Record<string, number>>
}

/** Licenses of the installation type that the sessions belong to. */
export interface LicenseState {
  /** Of the installed key. */
  readonly serial: number
  readonly products: readonly LicensedState[]
  readonly grants: readonly {
    readonly grant: number
    readonly product: number
    readonly session: number
    readonly owner: string
  }[]
  /** Wall clock, epoch ms: the hours that `usage` sums up begin here. */
  readonly usageFromMs: number
  readonly usage: readonly UsageState[]
}

/** One string per sequence and scope. */
export function sequenceKey(name: string, scope: Scope): string {
  return [name, scope.company, scope.branch, scope.period ?? ''].join('|')
}
