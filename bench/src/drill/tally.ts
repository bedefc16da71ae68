import { type ClusterState, type SequenceState, sequenceKey } from '../audit/state.ts'
import { rankOf, valueAt } from '../numeral.ts'
import { type Call, doneAs, type History, nameOf } from '../record/history.ts'
import { FAST, GAPLESS, SCOPE } from './load/names.ts'

export interface Tally {
  readonly lost: readonly string[]
  readonly doubled: readonly string[]
}

/**
 * Counts requests whose answered effect is gone, and requests that had more than one effect, from all that
 * clients saw since the cluster was empty and what the cluster says afterwards.
 */
export function tallyOf({ calls }: History, after: ClusterState): Tally {
  const lost: string[] = []
  const doubled: string[] = []
  for (const call of calls) {
    const { status } = call.outcome
    if (status === 'ok' || status === 'refused') continue
    lost.push(`${call.request.op} of ${nameOf(call)} was never answered`)
  }
  const counter = (name: string): SequenceState | undefined =>
    after.sequences.find((each) => sequenceKey(each.name, each.scope) === sequenceKey(name, SCOPE))
  tallyFast(calls, counter(FAST), lost, doubled)
  tallyGapless(calls, counter(GAPLESS), lost, doubled)
  tallyTokens(calls, lost, doubled)
  tallyGrants(calls, after, lost, doubled)
  return { lost, doubled }
}

function tallyFast(
  calls: readonly Call[],
  state: SequenceState | undefined,
  lost: string[],
  doubled: string[],
): void {
  const issued = new Map<string, Call>()
  for (const call of calls) {
    const value = doneAs(call, 'sequence.next')?.result.first
    if (value === undefined) continue
    const other = issued.get(value)
    if (other !== undefined)
      doubled.push(`number ${value} was issued to ${nameOf(other)} and ${nameOf(call)}`)
    issued.set(value, call)
  }
  tallyCounter(issued, unansweredOf(calls, 'sequence.next'), state, lost, doubled)
}

function tallyGapless(
  calls: readonly Call[],
  state: SequenceState | undefined,
  lost: string[],
  doubled: string[],
): void {
  const reserved = new Map<string, Call>()
  const open = new Set([...(state?.free ?? []), ...(state?.reserved ?? []).map(({ value }) => value)])
  for (const call of calls) {
    const value = doneAs(call, 'sequence.reserve')?.result.value
    if (value !== undefined) {
      // No client gives a number back, so that none comes twice.
      const other = reserved.get(value)
      if (other !== undefined) doubled.push(`number ${value} went to ${nameOf(other)} and ${nameOf(call)}`)
      reserved.set(value, call)
    }
    const confirmed = doneAs(call, 'sequence.confirm')?.request.value
    if (confirmed !== undefined && open.has(confirmed)) {
      lost.push(`number ${confirmed} was confirmed by ${nameOf(call)}, and is open again`)
    }
  }
  tallyCounter(reserved, unansweredOf(calls, 'sequence.reserve'), state, lost, doubled)
}

/** The counter has passed each number that was issued, and no other one. */
function tallyCounter(
  issued: ReadonlyMap<string, Call>,
  unanswered: number,
  state: SequenceState | undefined,
  lost: string[],
  doubled: string[],
): void {
  if (state === undefined) {
    for (const [value, call] of issued) lost.push(`number ${value} of ${nameOf(call)}: its counter is gone`)
    return
  }
  const { spec } = state
  const lastRank = state.last === undefined ? -1 : rankOf(state.last, spec)
  const seen = new Set<number>()
  for (const [value, call] of issued) {
    const rank = rankOf(value, spec)
    seen.add(rank)
    if (rank > lastRank) {
      lost.push(`number ${value} of ${nameOf(call)}: the counter of ${state.name} is at ${state.last}`)
    }
  }
  let unexplained = 0
  for (let rank = rankOf(spec.start, spec); rank <= lastRank; rank++) {
    if (seen.has(rank) || ++unexplained <= unanswered) continue
    doubled.push(`number ${valueAt(rank, spec)} of ${state.name} was issued, and nobody asked for it`)
  }
}

/** Fencing tokens of one lock are all different, and a grant asked for after another one has the larger one. */
function tallyTokens(calls: readonly Call[], lost: string[], doubled: string[]): void {
  const grants = calls.filter((call) => doneAs(call, 'lock.acquire') !== undefined)
  const tokenOf = (call: Call): number => doneAs(call, 'lock.acquire')!.result.token
  const holders = new Map<number, Call>()
  for (const call of grants) {
    const token = tokenOf(call)
    const other = holders.get(token)
    if (other !== undefined) doubled.push(`token ${token} went to ${nameOf(other)} and ${nameOf(call)}`)
    holders.set(token, call)
  }
  const byReturn = [...grants].sort((a, b) => a.returnMs - b.returnMs)
  let next = 0
  let largest = 0
  for (const call of grants) {
    for (let earlier = byReturn[next]; earlier !== undefined; earlier = byReturn[next]) {
      if (earlier.returnMs >= call.callMs) break
      largest = Math.max(largest, tokenOf(earlier))
      next++
    }
    if (tokenOf(call) < largest) lost.push(`token ${tokenOf(call)} of ${nameOf(call)} came after ${largest}`)
  }
}

function tallyGrants(calls: readonly Call[], after: ClusterState, lost: string[], doubled: string[]): void {
  const given = new Map<number, Call>()
  const there = new Set(after.licenses?.grants.map(({ grant }) => grant))
  for (const call of calls) {
    const grant = doneAs(call, 'license.checkout')?.result.grant
    if (grant !== undefined) {
      const other = given.get(grant)
      if (other !== undefined) doubled.push(`grant ${grant} went to ${nameOf(other)} and ${nameOf(call)}`)
      given.set(grant, call)
    }
    const back = doneAs(call, 'license.checkin')?.request.grant
    if (back !== undefined && there.has(back)) {
      lost.push(`grant ${back} was given back by ${nameOf(call)}, and is there again`)
    }
  }
}

function unansweredOf(calls: readonly Call[], op: Call['request']['op']): number {
  return calls.filter(({ request, outcome }) => {
    return request.op === op && outcome.status !== 'ok' && outcome.status !== 'refused'
  }).length
}
