import { rankOf, valueAt } from '../numeral.ts'
import { counted, Findings, type Verdict } from './finding.ts'
import { GapLedger, rangeText } from './gaps.ts'
import { type ClusterState, type GapRecord, sequenceKey } from './state.ts'

/**
 * What an earlier state says must hold in a later one, whatever happened between them: counters do not go
 * back, records of the gap ledger stay, and a number that was settled is not open again.
 */
export function auditContinuity(earlier: ClusterState, later: ClusterState): Verdict {
  const findings = new Findings('historyKept')
  const now = new Map(later.sequences.map((state) => [sequenceKey(state.name, state.scope), state]))
  for (const was of earlier.sequences) {
    const key = sequenceKey(was.name, was.scope)
    const is = now.get(key)
    if (is === undefined) {
      findings.add(`sequence ${key}: it was at ${was.last ?? 'its start'} and is gone`)
      continue
    }
    if (was.last === undefined) continue
    const wasRank = rankOf(was.last, was.spec)
    const isRank = is.last === undefined ? -1 : rankOf(is.last, is.spec)
    if (isRank < wasRank)
      findings.add(`sequence ${key}: it was at ${was.last} and went back to ${is.last ?? 'its start'}`)
    const records = new Set(is.gaps.map(identityOf))
    for (const gap of was.gaps) {
      if (!records.has(identityOf(gap))) findings.add(`gap ${rangeText(gap)} of ${key}: its record is gone`)
    }
    const wasOpen = new Set(
      [...was.free, ...was.reserved.map((entry) => entry.value)].map((v) => rankOf(v, was.spec)),
    )
    const open = [...is.free, ...is.reserved.map((entry) => entry.value)].map((value) =>
      rankOf(value, is.spec),
    )
    for (const rank of open) {
      if (rank > wasRank || wasOpen.has(rank)) continue
      findings.add(`number ${valueAt(rank, is.spec)} of ${key}: it was settled and is open again`)
    }
    const known = new Set(was.gaps.map(identityOf))
    for (const { from, to, gap } of new GapLedger(is).ranges) {
      if (from > wasRank || known.has(identityOf(gap))) continue
      for (let rank = from; rank <= Math.min(to, wasRank); rank++) {
        if (wasOpen.has(rank)) continue
        findings.add(`number ${valueAt(rank, is.spec)} of ${key}: it was settled and is in a new gap`)
        break
      }
    }
  }
  const had = earlier.licenses?.serial ?? 0
  const has = later.licenses?.serial ?? 0
  if (has < had) findings.add(`license key: serial ${had} was installed, and now it is ${has}`)
  return findings.verdict(counted(earlier.sequences.length, 'sequence'))
}

/** Equal for the same record in two states. */
function identityOf(gap: GapRecord): string {
  return JSON.stringify([gap.from, gap.to, gap.kind, gap.reason, gap.wallMs])
}
