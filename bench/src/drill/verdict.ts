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
}

export function holds({ lost, doubled, surprises, audit }: Verdict): boolean {
  return lost.length === 0 && doubled.length === 0 && surprises.length === 0 && audit.ok
}
