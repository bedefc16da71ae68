/**
 * Workloads, the history of what clients saw, and audits of it: what the demonstration, drills and benchmarks
 * share.
 *
 * ```ts
 * const workload = loadWorkload('bench/workloads/erp-morning.json')
 * const before = await collectState({ addresses, namespace: workload.namespace })
 * const run = await runWorkload({ workload, addresses })
 * const after = await collectState({ addresses, namespace: workload.namespace })
 * const report = audit({ history: run.history, before, after, surprises: run.surprises })
 * for (const { rule, found } of report.verdicts) console.log(rule, found === 0 ? 'ok' : 'BROKEN')
 * ```
 */
export { type AuditReport, audit, type Evidence } from './audit/audit.ts'
export { type CollectOptions, collectState, untilExpired } from './audit/collect.ts'
export { type Finding, type Rule, rules, type Verdict } from './audit/finding.ts'
export { auditOrderOfEffects } from './audit/linearizable.ts'
export type { ClusterState, GapRecord, SequenceState } from './audit/state.ts'
export type { Call, Client, History, Outcome } from './record/history.ts'
export { type Latency, latencies, quantile } from './record/latency.ts'
export { observedOperations } from './record/observed.ts'
export type { Operations } from './record/operation.ts'
export { Recorder } from './record/recorder.ts'
export { longestSilences, type Silence } from './record/silence.ts'
export { WorkloadError } from './workload/fields.ts'
export { loadWorkload, parseWorkload } from './workload/parse.ts'
export { type Moment, type Progress, type RunOptions, type RunResult, runWorkload } from './workload/run.ts'
export type { Workload } from './workload/workload.ts'
