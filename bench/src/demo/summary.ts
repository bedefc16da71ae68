import type { AuditReport } from '../audit/audit.ts'
import { counted, rules } from '../audit/finding.ts'
import type { LicenseState } from '../audit/state.ts'
import { latencies } from '../record/latency.ts'
import { longestSilences } from '../record/silence.ts'
import type { RunResult } from '../workload/run.ts'
import type { FailoverReport } from './failover.ts'
import { licenseReportLines } from './license-report.ts'
import { millis, table, whole } from './text.ts'

/** How long after the kill a silence may begin and still belong to it. */
const failoverWindowMs = 10_000

/** The end of a run in words: what was done, how fast, what the failover cost, and whether the audit holds. */
export function summaryLines(
  run: RunResult,
  failover: FailoverReport | undefined,
  report: AuditReport,
  licenses: { readonly before?: LicenseState | undefined; readonly after?: LicenseState | undefined } = {},
): string[] {
  const { calls, clients } = run.history
  const seconds = (run.endedMs - run.startedMs) / 1000
  const answered = calls.filter(
    ({ outcome }) => outcome.status === 'ok' || outcome.status === 'refused',
  ).length
  const silences = new Map(
    failover === undefined
      ? []
      : longestSilences(calls, {
          fromMs: failover.killedMs,
          toMs: failover.killedMs + failoverWindowMs,
        }).map((silence) => [silence.kind, silence.longestMs]),
  )
  const lines = [
    'Operations',
    `  ${whole(answered)} answered in ${seconds.toFixed(1)} s (${whole(answered / seconds)} a second), ` +
      `through ${counted(clients.length, 'session')}`,
    ...table(
      ['operation', 'count', 'refused', 'p50 ms', 'p99 ms', 'max ms', 'silence ms'],
      latencies(calls).map((row) => [
        row.kind,
        whole(row.count),
        whole(row.refused),
        millis(row.p50Ms),
        millis(row.p99Ms),
        millis(row.maxMs),
        millis(silences.get(row.kind) ?? Number.NaN),
      ]),
    ).map((line) => `  ${line}`),
    '',
  ]
  if (failover !== undefined) {
    lines.push(
      'Failover',
      `  ${failover.victim} led and was killed with SIGKILL; ${failover.successor} took over`,
      `  longest time in which no client had any answer: ${millis(silences.get('all') ?? Number.NaN)} ms` +
        ' (per operation: column "silence ms")',
      `  ${failover.victim} was started again and followed after ${millis(failover.rejoinedAfterMs)} ms`,
      '',
    )
  }
  lines.push(...licenseReportLines(run.history, licenses.before, licenses.after))
  lines.push('Audit')
  const width = Math.max(...Object.values(rules).map((text) => text.length))
  for (const { rule, checked, findings, found } of report.verdicts) {
    const verdict = found === 0 ? 'ok    ' : 'BROKEN'
    lines.push(`  ${verdict}  ${rules[rule].padEnd(width)}  ${checked}`)
    for (const { message } of findings) lines.push(`          ${message}`)
    if (found > findings.length) lines.push(`          and ${whole(found - findings.length)} more`)
  }
  lines.push(report.ok ? '  The audit holds.' : '  THE AUDIT DOES NOT HOLD.')
  return lines
}
