import type { ConfState, Entry, NodeId } from '../../src/index.ts'
import { nameOf, type View, type Words } from './member.ts'
import type { Committed, Memory } from './scene.ts'

/** One member has moved: what it was, what it is, what it said; and all members as they are now. */
export interface Move {
  readonly id: NodeId
  readonly before: View
  readonly after: View
  readonly words: Words
  readonly views: readonly View[]
  readonly crashed: boolean
  /** A read that was asked by this move. */
  readonly asked: string | undefined
}

export type Verdict = { readonly memory: Memory } | { readonly broken: string }

/** Figure 3 of the Raft paper and what else must always hold, judged after each move. */
export function judge(memory: Memory, move: Move): Verdict {
  const { after, words } = move
  const fault = words.faults[0]
  if (fault !== undefined) return { broken: `member ${move.id}: ${fault}` }
  const broken = electionSafety(memory, move) ?? logMatching(move) ?? onePendingChange(memory, move)
  if (broken !== undefined) return { broken }

  const committed = commit(memory, move)
  if (typeof committed === 'string') return { broken: committed }
  const lost = leaderCompleteness(committed, move) ?? stateMachineSafety(committed, move)
  if (lost !== undefined) return { broken: lost }
  const reads = answerReads(memory, committed, move)
  if (typeof reads === 'string') return { broken: reads }

  const leaders = lead(memory.leaders, move.id, after)
  if (leaders === memory.leaders && committed === memory.committed && reads === memory.reads)
    return { memory }
  return { memory: { leaders, committed, reads } }
}

/** At most one leader a term, elected by a quorum whose votes are on disk. */
function electionSafety({ leaders }: Memory, { id, before, after, views }: Move): string | undefined {
  const { role, term } = after.raw
  if (role !== 'leader') return undefined
  const known = leaders[term] ?? 0
  if (known !== 0 && known !== id) return `term ${term} has the leaders ${known} and ${id}`
  if (before.raw.role === 'leader' && before.raw.term === term) return undefined
  const voted = (voter: NodeId) => {
    const { hardState } = views[voter - 1]!.durable
    return hardState.term > term || (hardState.term === term && hardState.vote === id)
  }
  return isQuorum(before.confState, voted) ? undefined : `${id} leads term ${term} without a quorum of votes`
}

function lead(leaders: readonly NodeId[], id: NodeId, { raw: { role, term } }: View): readonly NodeId[] {
  if (role !== 'leader' || leaders[term] === id) return leaders
  return Array.from({ length: Math.max(leaders.length, term + 1) }, (_, i) =>
    i === term ? id : (leaders[i] ?? 0),
  )
}

/** Where two logs share an entry they share all before it. */
function logMatching({ id, before, after, views }: Move): string | undefined {
  if (before.log === after.log) return undefined
  for (const [i, other] of views.entries()) {
    if (i + 1 === id) continue
    let agree = false
    for (let at = after.log.length - 1; at >= 0; at--) {
      const ours = after.log[at]!
      const theirs = other.log[ours.index - other.firstIndex]
      if (theirs === undefined) continue
      const same = ours.term === theirs.term
      if (same && nameOf(ours) !== nameOf(theirs))
        return `${id} and ${i + 1} have different entries ${ours.term}/${ours.index}`
      if (same) agree = true
      else if (agree) return `logs of ${id} and ${i + 1} agree after ${ours.index}, but not there`
    }
  }
  return undefined
}

/** What is committed stays, everywhere; and is committed only when it is on the disks of a quorum. */
function commit({ committed }: Memory, move: Move): readonly Committed[] | string {
  const { id, before, after, crashed } = move
  const upTo = after.raw.commit
  if (!crashed && upTo < before.raw.commit) return `commit of ${id} goes from ${before.raw.commit} to ${upTo}`
  const news: Committed[] = []
  for (const entry of after.log) {
    if (entry.index > upTo) break
    const known = committed[entry.index - 1]
    const name = nameOf(entry)
    if (known === undefined) news.push({ name, term: entry.term, inTerm: after.raw.term })
    else if (known.name !== name)
      return `${id} has ${name} committed at ${entry.index}, before that was ${known.name}`
  }
  if (news.length === 0) return committed
  if (committed.length + news.length !== upTo) return `${id} commits ${upTo} after ${committed.length}`
  const last = after.log[upTo - after.firstIndex]!
  const stored = (member: NodeId) => holds(move.views[member - 1]!, last)
  // A change that is applied in this very step has changed the quorum after the commit.
  if (
    after.raw.role === 'leader' &&
    !isQuorum(before.confState, stored) &&
    !isQuorum(after.confState, stored)
  )
    return `${id} commits ${upTo}, which is not on the disks of a quorum`
  return [...committed, ...news]
}

function holds({ durable }: View, { index, term }: Entry): boolean {
  if (index <= durable.snapshot.index) return true
  return durable.entries[index - durable.snapshot.index - 1]?.term === term
}

/** A leader has all that was committed in its term and before. */
function leaderCompleteness(committed: readonly Committed[], { id, after }: Move): string | undefined {
  if (after.raw.role !== 'leader') return undefined
  for (const [i, { name, inTerm }] of committed.entries()) {
    const index = i + 1
    if (inTerm > after.raw.term || index < after.firstIndex) continue
    const entry = after.log[index - after.firstIndex]
    if (entry === undefined || nameOf(entry) !== name)
      return `${id} leads term ${after.raw.term} without ${name} at ${index}, committed in term ${inTerm}`
  }
  return undefined
}

/** All state machines apply the committed entries, in order, each once. */
function stateMachineSafety(committed: readonly Committed[], { id, after }: Move): string | undefined {
  for (const [i, name] of after.applied.entries()) {
    const known = committed[i]
    if (known === undefined) return `${id} applied ${name} at ${i + 1}, which is not committed`
    if (known.name !== name) return `${id} applied ${name} at ${i + 1}, committed is ${known.name}`
  }
  return undefined
}

/** Of what a leader has, at most one change of members is not committed. */
function onePendingChange({ committed }: Memory, { id, after }: Move): string | undefined {
  if (after.raw.role !== 'leader') return undefined
  const known = Math.max(committed.length, after.raw.commit)
  const pending = after.log.filter(({ index, type }) => index > known && type !== 'normal')
  return pending.length <= 1 ? undefined : `leader ${id} has ${pending.length} changes of members pending`
}

/** A read sees all that anybody knew to be committed when it was asked. */
function answerReads(
  { reads }: Memory,
  committed: readonly Committed[],
  { id, words, asked }: Move,
): Memory['reads'] | string {
  let waiting = reads
  if (asked !== undefined) waiting = [...waiting, [asked, committed.length] as const]
  for (const { context, index } of words.answers) {
    const read = waiting.find(([name]) => name === context)
    if (read === undefined) continue
    if (index < read[1]) return `read ${context} at ${id} is answered at ${index}, committed was ${read[1]}`
    waiting = waiting.filter((each) => each !== read)
  }
  return waiting
}

function isQuorum({ voters, votersOutgoing }: ConfState, has: (id: NodeId) => boolean): boolean {
  return isMajority(voters, has) && isMajority(votersOutgoing, has)
}

function isMajority(ids: readonly NodeId[], has: (id: NodeId) => boolean): boolean {
  return ids.length === 0 || ids.filter(has).length > ids.length / 2
}
