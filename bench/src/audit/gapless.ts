import { rankOf, valueAt } from '../numeral.ts'
import { type Call, nameOf } from '../record/history.ts'
import { counted, Findings, type Verdict } from './finding.ts'
import { explainGaps, GapLedger } from './gaps.ts'
import { type SequenceState, sequenceKey } from './state.ts'
import { auditStays, type Book, booksOf, newBook } from './stays.ts'

export interface NumberEvidence {
  readonly calls: readonly Call[]
  readonly before: readonly SequenceState[]
  readonly after: readonly SequenceState[]
}

export interface NumberVerdicts {
  readonly twice: Verdict
  readonly explained: Verdict
}

/**
 * Every number of a gapless sequence that the counter has passed is exactly one of: confirmed, reserved, free,
 * in the gap ledger. And it is nobody else's while it is somebody's, never again once it is confirmed.
 */
export function auditGapless(evidence: NumberEvidence): NumberVerdicts {
  const twice = new Findings('numberTwice')
  const explained = new Findings('gapExplained')
  const before = new Map(evidence.before.map((state) => [sequenceKey(state.name, state.scope), state]))
  const after = new Map(evidence.after.map((state) => [sequenceKey(state.name, state.scope), state]))
  const books = booksOf(evidence.calls, (key) => after.get(key)?.spec.kind === 'gapless', twice)
  let issued = 0
  let passed = 0
  let gaps = 0
  for (const [key, state] of after) {
    if (state.spec.kind !== 'gapless') continue
    const book = books.get(key) ?? newBook()
    const ledger = new GapLedger(state)
    issued += auditStays(key, book, twice)
    passed += auditCoverage({ key, state, before: before.get(key), book, ledger, twice, explained })
    gaps += explainGaps(key, ledger, explained)
  }
  for (const [key, book] of books) {
    if (book.stays.size > 0 && !after.has(key)) {
      explained.add(`sequence ${key}: numbers were issued, but the cluster does not know it`)
    }
  }
  return {
    twice: twice.verdict(counted(issued, 'gapless grant')),
    explained: explained.verdict(`${counted(passed, 'gapless number')}, ${counted(gaps, 'gap record')}`),
  }
}

interface Coverage {
  readonly key: string
  readonly state: SequenceState
  readonly before: SequenceState | undefined
  readonly book: Book
  readonly ledger: GapLedger
  readonly twice: Findings
  readonly explained: Findings
}

/** Gives each number its one place; returns how many numbers were looked at. */
function auditCoverage(coverage: Coverage): number {
  const { key, state, before, book, ledger, twice, explained } = coverage
  const { spec } = state
  const lastRank = state.last === undefined ? -1 : rankOf(state.last, spec)
  const { places, maybe } = placesOf(coverage)
  for (const [rank, what] of places) {
    if (rank > lastRank) accuseBeyond(coverage, valueAt(rank, spec), what)
    if (ledger.find(rank) !== undefined) {
      twice.add(`number ${valueAt(rank, spec)} of ${key}: both ${what} and in the gap ledger`)
    }
  }
  const lastGap = ledger.ranges.at(-1)
  if (lastGap !== undefined && lastGap.to > lastRank)
    accuseBeyond(coverage, lastGap.gap.to, 'in the gap ledger')

  // What the counter had passed before the run, and was not open then, was settled in an earlier run.
  const settledRank = before?.last === undefined ? -1 : rankOf(before.last, spec)
  const openBefore = new Set<number>()
  for (const value of before?.free ?? []) openBefore.add(rankOf(value, spec))
  for (const { value } of before?.reserved ?? []) openBefore.add(rankOf(value, spec))
  for (const [value, [stay]] of book.stays) {
    const rank = rankOf(value, spec)
    if (stay !== undefined && rank <= settledRank && !openBefore.has(rank)) {
      twice.add(`number ${value} of ${key}: settled before this run, then issued to ${nameOf(stay.by)}`)
    }
  }

  let looked = 0
  let unseen = book.unseen
  const look = (rank: number): void => {
    looked++
    if (places.has(rank) || maybe.has(rank)) return
    const value = valueAt(rank, spec)
    const seen = book.stays.has(value)
    if (!seen && unseen-- > 0) return
    explained.add(
      `number ${value} of ${key}: neither confirmed, reserved, free nor in the gap ledger${seen ? '' : ', and never seen'}`,
    )
  }
  for (const rank of openBefore) if (ledger.find(rank) === undefined) look(rank)
  const firstRank = before?.last === undefined ? startRank(state, book) : settledRank + 1
  for (let rank = firstRank; rank <= lastRank; rank++) {
    const gap = ledger.find(rank)
    if (gap === undefined) look(rank)
    else rank = gap.to
  }
  return looked
}

/** Where each number is, as seen by clients (confirmed) and said by the cluster (free, reserved). */
function placesOf({ key, state, book, twice }: Coverage): {
  readonly places: ReadonlyMap<number, string>
  readonly maybe: ReadonlySet<number>
} {
  const { spec } = state
  const places = new Map<number, string>()
  const maybe = new Set<number>()
  const place = (value: string, what: string): void => {
    const rank = rankOf(value, spec)
    const other = places.get(rank)
    if (other === undefined) places.set(rank, what)
    else twice.add(`number ${value} of ${key}: both ${other} and ${what}`)
  }
  for (const [value, stays] of book.stays) {
    if (stays.some((stay) => stay.confirmed !== undefined)) place(value, 'confirmed')
    else if (stays.some((stay) => stay.maybeConfirmed)) maybe.add(rankOf(value, spec))
  }
  for (const value of state.free) place(value, 'free')
  for (const { value } of state.reserved) place(value, 'reserved')
  return { places, maybe }
}

function accuseBeyond({ key, state, explained }: Coverage, value: string, what: string): void {
  explained.add(`number ${value} of ${key}: ${what}, but the counter is at ${state.last ?? 'its start'}`)
}

/** The first number of a counter that the run made: after the largest value in use that callers named. */
function startRank(state: SequenceState, book: Book): number {
  const start = rankOf(state.spec.start, state.spec)
  let first = start
  for (const seed of book.seeds) first = Math.max(first, rankOf(seed, state.spec) + 1)
  return first
}
