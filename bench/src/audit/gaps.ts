import { rankOf } from '../numeral.ts'
import { counted, type Findings } from './finding.ts'
import type { GapRecord, SequenceState } from './state.ts'

/** The law's bounds for the reason of a declared gap (domain section 5). */
const reasonMin = 15
const reasonMax = 255

/** A record of the gap ledger as ranks. */
export interface GapRange {
  readonly from: number
  readonly to: number
  readonly gap: GapRecord
}

/** The gap ledger of one sequence as disjoint ranges, in order. A gap may be huge: it is never spread out. */
export class GapLedger {
  readonly ranges: readonly GapRange[]

  constructor(state: SequenceState) {
    const { spec } = state
    this.ranges = state.gaps
      .map((gap) => ({ from: rankOf(gap.from, spec), to: rankOf(gap.to, spec), gap }))
      .sort((a, b) => a.from - b.from)
  }

  /** The record that holds the number, if any. */
  find(rank: number): GapRange | undefined {
    let low = 0
    let high = this.ranges.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.ranges[middle] as GapRange).from <= rank) low = middle + 1
      else high = middle
    }
    const range = this.ranges[low - 1]
    return range !== undefined && rank <= range.to ? range : undefined
  }
}

/** Each record says why and who, and counts right; no number is in two. Returns how many records there are. */
export function explainGaps(key: string, ledger: GapLedger, explained: Findings): number {
  let previous: GapRange | undefined
  for (const range of ledger.ranges) {
    const { gap } = range
    const text = `gap ${rangeText(gap)} of ${key}`
    if (gap.reason.trim() === '') explained.add(`${text}: no reason`)
    else if (gap.kind === 'declared' && (gap.reason.length < reasonMin || gap.reason.length > reasonMax)) {
      explained.add(`${text}: a reason of ${counted(gap.reason.length, 'character')}`)
    }
    if (gap.client === '' || gap.owner === '') explained.add(`${text}: nobody is named`)
    const size = range.to - range.from + 1
    if (size !== gap.count || size < 1) explained.add(`${text}: counted as ${gap.count}, is ${size}`)
    if (previous !== undefined && previous.to >= range.from) {
      explained.add(`${text}: overlaps gap ${rangeText(previous.gap)}`)
    }
    previous = range
  }
  return ledger.ranges.length
}

export function rangeText(gap: GapRecord): string {
  return gap.from === gap.to ? gap.from : `${gap.from}..${gap.to}`
}
