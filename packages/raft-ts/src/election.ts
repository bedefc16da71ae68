import { fail } from './errors.ts'
import type { Raft } from './raft.ts'
import { appendAsLeader } from './replication.ts'
import { EMPTY_DATA, type Index, NONE, type VoteRequest } from './types.ts'

export type CampaignKind = 'preElection' | 'election' | 'transfer'

/** Stands for election, if this node may at all. */
export function hup(raft: Raft, kind: CampaignKind): void {
  if (raft.role === 'leader' || !raft.promotable) return
  // An unapplied change may have removed this node, or changed who has to be asked.
  if (hasUnappliedConfChange(raft)) return
  if (!raft.config.mayCampaign()) return
  campaign(raft, kind)
}

export function campaign(raft: Raft, kind: CampaignKind): void {
  const asking = kind === 'preElection'
  if (asking) raft.becomePreCandidate()
  else raft.becomeCandidate()
  const term = asking ? raft.term + 1 : raft.term
  const index = raft.log.lastIndex()
  const logTerm = raft.log.lastTerm()
  const transfer = kind === 'transfer'
  for (const to of raft.tracker.config.voters.voters) {
    if (to === raft.id) {
      // Its own vote counts like all others: after it is durable.
      const type = asking ? 'preVoteResponse' : 'voteResponse'
      raft.messagesAfterAppend.push({ type, from: raft.id, to, term, reject: false })
    } else {
      const type = asking ? 'preVote' : 'vote'
      raft.messages.push({ type, from: raft.id, to, term, index, logTerm, transfer })
    }
  }
}

function hasUnappliedConfChange(raft: Raft): boolean {
  const { log } = raft
  let at: Index = log.applied + 1
  while (at <= log.committed) {
    const page = log.slice(at, log.committed + 1, log.applyingSizeMax)
    if (typeof page === 'string') return fail(`committed entries from ${at} are ${page}`)
    for (let i = 0; i < page.length; i++) if (page[i]!.type !== 'normal') return true
    at += page.length
  }
  return false
}

/** The start of an office (section 5.4.2): an empty entry commits what earlier leaders have left. */
export function becomeLeader(raft: Raft): void {
  if (raft.role === 'follower') fail('a follower cannot become leader without an election')
  raft.reset(raft.term)
  raft.leader = raft.id
  raft.role = 'leader'
  const self = raft.tracker.get(raft.id) ?? fail('elected, but not a member')
  self.becomeReplicate()
  self.recentActive = true
  // There may be a configuration change among the entries that are not applied: take no other before.
  const last = raft.log.lastIndex()
  raft.pendingConfIndex = last
  const noop = { index: last + 1, term: raft.term, type: 'normal', data: EMPTY_DATA } as const
  if (!appendAsLeader(raft, [noop])) fail('the empty entry of a new leader was refused')
}

/** A voter's side: sections 5.2 (one vote a term) and 5.4.1 (only for a log that is not behind). */
export function handleVoteRequest(raft: Raft, m: VoteRequest): void {
  const canVote =
    raft.vote === m.from ||
    (raft.vote === NONE && raft.leader === NONE) ||
    // A pre-vote for a later term binds nobody.
    (m.type === 'preVote' && m.term > raft.term)
  const granted = canVote && raft.log.isUpToDate(m.index, m.logTerm)
  raft.messagesAfterAppend.push({
    type: m.type === 'vote' ? 'voteResponse' : 'preVoteResponse',
    from: raft.id,
    to: m.from,
    // A granted pre-vote answers in the term that was asked about; a refusal tells this node's own.
    term: granted ? m.term : raft.term,
    reject: !granted,
  })
  if (granted && m.type === 'vote') {
    raft.electionElapsed = 0
    raft.vote = m.from
  }
}

/**
 * With `checkQuorum`, a node that heard from its leader within the shortest election time-out does not
 * let others disturb it (section 6, last part), unless the leader itself wants to hand over.
 */
export function inLease(raft: Raft): boolean {
  return raft.config.checkQuorum && raft.leader !== NONE && raft.electionElapsed < raft.config.electionTick
}
