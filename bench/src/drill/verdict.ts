import type { Operation } from '@tranca/history'
import type { AuditReport } from '../audit/audit.ts'

/** What became of the requests of a scenario. */
export interface Verdict {
  readonly answered: number
  /** Answered, and the effect is gone; or never answered. One line each. */
  readonly lost: readonly string[]
  /** Two effects of one request, or an effect that nobody asked for. One line each. */
  readonly doubled: readonly string[]
  /** What clients do not expect: refusals, lost sessions; and members that ended by themselves. */
  readonly surprises: readonly string[]
  /** What clients saw, held against what the cluster says. */
  readonly audit: AuditReport
  /** Whether some order of effects explains every answer. */
  readonly history: HistoryVerdict
}

export interface HistoryVerdict {
  readonly verdict: 'ok' | 'violation' | 'undecided'
  readonly operations: number
  /** Contradictions, in words; or the objects that would take too long to decide. */
  readonly findings: readonly string[]
}

/** A verdict, and the operations that it is about. */
export interface Judgment {
  readonly verdict: Verdict
  readonly operations: readonly Operation[]
}

export function holds({ lost, doubled, surprises, audit, history }: Verdict): boolean {
  const isClean = lost.length === 0 && doubled.length === 0 && surprises.length === 0
  return isClean && audit.ok && history.verdict === 'ok'
}
