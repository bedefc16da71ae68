import { checkHistory, explain, type Operation } from '@tranca/history'
import { counted, Findings, type Verdict } from './finding.ts'

/** Locks and numbers as their clients saw them: some order of effects explains every answer. */
export function auditOrderOfEffects(operations: readonly Operation[]): Verdict {
  const findings = new Findings('linearizable')
  const result = checkHistory(operations)
  if (result.verdict === 'violation') for (const finding of result.findings) findings.add(explain(finding))
  if (result.verdict === 'undecided') findings.add(`undecided: ${result.objects.join(', ')}`)
  const objects = new Set(operations.map(({ args }) => args.lock ?? args.seq)).size
  return findings.verdict(
    `${counted(operations.length, 'operation')} on ${counted(objects, 'lock or sequence')}`,
  )
}
