import { counted, rules } from '../audit/finding.ts'
import { millis, table } from '../demo/text.ts'
import type { PeerGaps } from '../peers/gaps.ts'
import { kindTexts } from './kinds.ts'
import { limits } from './limits.ts'
import type { ScenarioResult } from './run.ts'
import type { SilenceSummary } from './silence.ts'
import type { TrialResult } from './trial.ts'

/** One trial in one line. */
export function trialLine({ number, events, silences }: TrialResult): string {
  const told = Object.entries(silences).map(([kind, ms]) => `${kind} ${millis(ms)}`)
  const last = events.at(-1)
  const seconds = ((last?.atMs ?? 0) / 1_000).toFixed(1)
  return `  trial ${number}: ${events[0]?.text ?? ''}; without an answer, ms: ${told.join(', ')}; ${seconds} s`
}

/** A peer's silence, and Tranca's of the same run; NaN if there is none. */
export function gapLine({ name, version, settings, gapsMs, medianMs }: PeerGaps, oursMs: number): string {
  const trials = counted(gapsMs.length, 'trial')
  const ratio = (oursMs / medianMs).toFixed(2)
  const ours = Number.isNaN(oursMs) ? 'of Tranca not known' : `Tranca ${millis(oursMs)} ms, ${ratio} of it`
  return `  ${name} ${version} (${settings}): no answer for ${millis(medianMs)} ms, median of ${trials}; ${ours}`
}

/** The end of a scenario. */
export function scenarioLines(result: ScenarioResult): string[] {
  const { verdict } = result
  const lines = [
    `${result.scenario}: ${counted(result.trials.length, 'trial')}, seed ${result.seed}`,
    ...silenceTable(result.silences, result.mending).map((line) => `  ${line}`),
  ]
  if (verdict !== undefined) {
    const { answered, lost, doubled, surprises, audit, history } = verdict
    lines.push(
      `  requests answered ${answered.toLocaleString('en-US')}, lost ${lost.length}, doubled ${doubled.length}`,
      ...some('lost', lost),
      ...some('doubled', doubled),
      ...some('surprise', surprises),
    )
    const broken = audit.verdicts.filter(({ found }) => found > 0)
    lines.push(`  audit: ${audit.ok ? `ok (${audit.verdicts.length} rules)` : 'BROKEN'}`)
    for (const { rule, findings } of broken) {
      lines.push(
        ...some(
          rules[rule],
          findings.map(({ message }) => message),
        ),
      )
    }
    lines.push(`  history: ${history.verdict} (${counted(history.operations, 'operation')})`)
    lines.push(...some(history.verdict, history.findings))
  }
  if (result.failure !== undefined) lines.push(`  FAILED: ${result.failure}`)
  if (result.directory !== undefined) lines.push(`  logs, data and history: ${result.directory}`)
  lines.push(result.ok ? '  all held' : '  NOT ALL HELD')
  return lines
}

function silenceTable(silences: readonly SilenceSummary[], mending: readonly SilenceSummary[]): string[] {
  return table(
    ['longest time without an answer, ms', 'p50', 'p99', 'max', 'max while mending'],
    silences.map(({ kind, p50Ms, p99Ms, maxMs }) => [
      kind === 'all' ? 'any kind' : kindTexts[kind],
      millis(p50Ms),
      millis(p99Ms),
      millis(maxMs),
      millis(mending.find((each) => each.kind === kind)?.maxMs ?? Number.NaN),
    ]),
  )
}

function some(what: string, messages: readonly string[]): string[] {
  const lines = messages.slice(0, limits.messagesShown).map((message) => `    ${what}: ${message}`)
  const more = messages.length - lines.length
  return more > 0 ? [...lines, `    ${what}: and ${more} more`] : lines
}
