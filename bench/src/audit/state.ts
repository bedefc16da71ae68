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
}

/** One string per sequence and scope. */
export function sequenceKey(name: string, scope: Scope): string {
  return [name, scope.company, scope.branch, scope.period ?? ''].join('|')
}
