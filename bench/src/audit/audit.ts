import type { History } from '../record/history.ts'
import { auditAnswers, auditLeftovers, auditSessions, auditSurprises } from './answers.ts'
import { auditContinuity } from './continuity.ts'
import { auditFast } from './fast.ts'
import type { Verdict } from './finding.ts'
import { auditGapless } from './gapless.ts'
import { auditGrants } from './grants.ts'
import { holdingsOf } from './holding.ts'
import { licensingOf } from './licensing.ts'
import { auditCodes, auditLocks, auditTokens } from './locks.ts'
import { auditRefusals } from './refusals.ts'
import type { ClusterState } from './state.ts'
import { auditUnits } from './units.ts'

export interface Evidence {
  readonly history: History
  /** What the cluster said before the run and after it. */
  readonly before: ClusterState
  readonly after: ClusterState
  /** What it had said after an earlier run, if there was one. */
  readonly earlier?: ClusterState | undefined
  /** Refusals that the workload does not explain, and other things that must not happen. */
  readonly surprises?: readonly string[]
}

export interface AuditReport {
  readonly ok: boolean
  readonly verdicts: readonly Verdict[]
}

/** Holds what clients saw against what the cluster says, rule by rule. */
export function audit({ history, before, after, earlier, surprises = [] }: Evidence): AuditReport {
  const { calls } = history
  const numbers = { calls, before: before.sequences, after: after.sequences }
  const gapless = auditGapless(numbers)
  const fast = auditFast(numbers)
  const holdings = holdingsOf(calls)
  const licensing = licensingOf(calls)
  const verdicts = [
    join(gapless.twice, fast.twice),
    join(gapless.explained, fast.explained),
    auditLocks(holdings),
    auditCodes(holdings),
    auditTokens(holdings),
    auditUnits(licensing, before.licenses, after.licenses),
    auditGrants(licensing, before.licenses, after.licenses),
    auditRefusals(calls),
    auditAnswers(history),
    auditSessions(history),
    auditLeftovers(history, after),
    auditSurprises(history, surprises),
    join(auditContinuity(earlier ?? before, before), auditContinuity(before, after)),
  ]
  return { ok: verdicts.every((verdict) => verdict.found === 0), verdicts }
}

/** Two looks at the same rule as one. */
function join(a: Verdict, b: Verdict): Verdict {
  return {
    rule: a.rule,
    checked: a.checked === b.checked ? a.checked : `${a.checked}; ${b.checked}`,
    findings: [...a.findings, ...b.findings],
    found: a.found + b.found,
  }
}
