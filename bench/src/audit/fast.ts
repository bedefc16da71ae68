import { rankOf, valueAt } from '../numeral.ts'
import { type Call, doneAs, nameOf } from '../record/history.ts'
import { counted, Findings } from './finding.ts'
import type { NumberEvidence, NumberVerdicts } from './gapless.ts'
import { explainGaps, GapLedger } from './gaps.ts'
import { type SequenceState, sequenceKey } from './state.ts'

interface Range {
  readonly from: number
  readonly to: number
  readonly by: Call
}

/**
 * A fast number is issued once and for good, in order. A number that nobody has seen was on its way to a
 * process that was cut off, or is in the gap ledger: more than that would be a request done twice.
 */
export function auditFast(evidence: NumberEvidence): NumberVerdicts {
  const twice = new Findings('numberTwice')
  const explained = new Findings('gapExplained')
  const before = new Map(evidence.before.map((state) => [sequenceKey(state.name, state.scope), state]))
  const after = new Map(
    evidence.after
      .filter((state) => state.spec.kind === 'fast')
      .map((state) => [sequenceKey(state.name, state.scope), state]),
  )
  const issued = new Map<string, Call[]>()
  const lost = new Map<string, number>()
  for (const call of evidence.calls) {
    if (call.request.op !== 'sequence.next') continue
    const { name, scope, count } = call.request
    const done = doneAs(call, 'sequence.next')
    if (done !== undefined) {
      const key = sequenceKey(name, { ...scope, period: done.result.period })
      // Gapless sequences can be asked for a next number as well: their book is the other audit's.
      if (!after.has(key)) continue
      const list = issued.get(key)
      if (list === undefined) issued.set(key, [call])
      else list.push(call)
    } else if (call.outcome.status !== 'refused') {
      const key = sequenceKey(name, scope)
      lost.set(key, (lost.get(key) ?? 0) + count)
    }
  }
  let numbers = 0
  let gaps = 0
  for (const [key, state] of after) {
    const allowance = lost.get(sequenceKey(state.name, { ...state.scope, period: '' })) ?? 0
    const ledger = new GapLedger(state)
    const calls = issued.get(key) ?? []
    numbers += auditOne({ key, state, before: before.get(key), calls, allowance, ledger, twice, explained })
    gaps += explainGaps(key, ledger, explained)
  }
  return {
    twice: twice.verdict(counted(numbers, 'fast number')),
    explained: explained.verdict(`${counted(numbers, 'fast number')}, ${counted(gaps, 'gap record')}`),
  }
}

interface FastBook {
  readonly key: string
  readonly state: SequenceState
  readonly before: SequenceState | undefined
  readonly calls: readonly Call[]
  /** Numbers that were asked for by processes that never got an answer. */
  readonly allowance: number
  readonly ledger: GapLedger
  readonly twice: Findings
  readonly explained: Findings
}

function auditOne({ key, state, before, calls, allowance, ledger, twice, explained }: FastBook): number {
  const { spec } = state
  let startRank = before?.last === undefined ? rankOf(spec.start, spec) : rankOf(before.last, spec) + 1
  for (const call of calls) {
    const seed = call.request.op === 'sequence.next' ? call.request.seedIfAbsent : undefined
    if (before?.last === undefined && seed !== undefined)
      startRank = Math.max(startRank, rankOf(seed, spec) + 1)
  }
  const lastRank = state.last === undefined ? startRank - 1 : rankOf(state.last, spec)
  const ranges: Range[] = []
  let numbers = 0
  for (const call of calls) {
    const result = doneAs(call, 'sequence.next')?.result
    if (result === undefined) continue
    const from = rankOf(result.first, spec)
    const to = rankOf(result.last, spec)
    if (to - from + 1 !== result.count) {
      explained.add(`numbers ${result.first}..${result.last} of ${key}: counted as ${result.count}`)
    }
    numbers += to - from + 1
    ranges.push({ from, to, by: call })
    if (from < startRank) {
      twice.add(`number ${result.first} of ${key}: passed before this run, then issued to ${nameOf(call)}`)
    }
    if (to > lastRank) {
      explained.add(
        `number ${result.last} of ${key}: issued, but the counter is at ${state.last ?? 'its start'}`,
      )
    }
  }
  ranges.sort((a, b) => a.from - b.from)
  let expected = startRank
  let missing = 0
  const skipTo = (rank: number): void => {
    while (expected < rank) {
      const gap = ledger.find(expected)
      if (gap === undefined) missing++
      expected = gap === undefined ? expected + 1 : gap.to + 1
    }
  }
  let previous: Range | undefined
  for (const range of ranges) {
    if (previous !== undefined && range.from <= previous.to) {
      twice.add(
        `number ${valueAt(range.from, spec)} of ${key}: issued to ${nameOf(previous.by)} and to ${nameOf(range.by)}`,
      )
    }
    skipTo(range.from)
    expected = Math.max(expected, range.to + 1)
    if (previous === undefined || range.to > previous.to) previous = range
  }
  skipTo(lastRank + 1)
  if (missing > allowance) {
    explained.add(
      `${counted(missing, 'number')} of ${key} went to nobody, while only ${allowance} were on the way to processes ` +
        'that were cut off',
    )
  }
  auditOrder(key, ranges, twice)
  return numbers
}

/** Asked for after another one was answered: the larger number. */
function auditOrder(key: string, ranges: readonly Range[], twice: Findings): void {
  const byCall = [...ranges].sort((a, b) => a.by.callMs - b.by.callMs)
  const byReturn = [...ranges].sort((a, b) => a.by.returnMs - b.by.returnMs)
  let next = 0
  let largest: Range | undefined
  for (const range of byCall) {
    for (;;) {
      const earlier = byReturn[next]
      if (earlier === undefined || earlier.by.returnMs >= range.by.callMs) break
      if (largest === undefined || earlier.to > largest.to) largest = earlier
      next++
    }
    if (largest !== undefined && largest.to > range.to) {
      twice.add(
        `${key}: the numbers went back: ${nameOf(range.by)} asked after ${nameOf(largest.by)} was answered`,
      )
    }
  }
}
