import { entriesApplied, snapshotApplied } from './apply.ts'
import { stepCandidate } from './candidate.ts'
import { handleVoteRequest, hup, inLease } from './election.ts'
import { respond, stepFollower } from './follower.ts'
import { stepLeader, tickLeader } from './leader.ts'
import { proposeForwarded } from './proposal.ts'
import type { Raft } from './raft.ts'
import { handleReadIndex } from './reads.ts'
import { type Message, NONE, OK, type Result } from './types.ts'

/** Everything that a member is told. Terms are dealt with here, once (section 5.1); the rest by role. */
export function step(raft: Raft, m: Message): Result {
  if (m.term > raft.term) {
    if (!meetHigherTerm(raft, m)) return OK
  } else if (m.term < raft.term && m.term !== 0) {
    meetLowerTerm(raft, m)
    return OK
  }
  switch (m.type) {
    case 'vote':
    case 'preVote':
      handleVoteRequest(raft, m)
      return OK
    case 'propose':
      return proposeForwarded(raft, m.from, m.entries)
    case 'readIndex':
      return handleReadIndex(raft, m)
    case 'storageAppendResponse':
      if (m.index !== 0) raft.log.unstable.stableTo(m.index, m.logTerm)
      if (m.snapshot !== undefined) snapshotApplied(raft, m.snapshot)
      return OK
    case 'storageApplyResponse':
      entriesApplied(raft, m.entries)
      return OK
    default:
      stepByRole(raft, m)
      return OK
  }
}

function stepByRole(raft: Raft, m: Message): void {
  switch (raft.role) {
    case 'leader':
      stepLeader(raft, m)
      return
    case 'follower':
      stepFollower(raft, m)
      return
    case 'candidate':
    case 'preCandidate':
      stepCandidate(raft, m)
      return
    default:
      raft.role satisfies never
  }
}

/** False when the message is to be ignored. */
function meetHigherTerm(raft: Raft, m: Message): boolean {
  switch (m.type) {
    case 'vote':
      if (!m.transfer && inLease(raft)) return false
      raft.becomeFollower(m.term, NONE)
      return true
    case 'preVote':
      // Asked for a term to come: no reason to enter it.
      return m.transfer || !inLease(raft)
    case 'preVoteResponse':
      // A promise for the term that this node would start; the term itself comes with a quorum of them.
      if (m.reject) raft.becomeFollower(m.term, NONE)
      return true
    case 'append':
    case 'heartbeat':
    case 'snapshot':
      raft.becomeFollower(m.term, m.from)
      return true
    default:
      raft.becomeFollower(m.term, NONE)
      return true
  }
}

function meetLowerTerm(raft: Raft, m: Message): void {
  switch (m.type) {
    case 'append':
    case 'heartbeat':
      // Without these options the other's own elections bring it up to date. With them it might never
      // learn of this term: its votes are ignored, or its pre-votes refused. So tell it.
      if (raft.config.checkQuorum || raft.config.preVote) respond(raft, m.from, 0)
      return
    case 'preVote':
      // A candidate that is behind would otherwise wait for an answer that never comes.
      raft.messagesAfterAppend.push({
        type: 'preVoteResponse',
        from: raft.id,
        to: m.from,
        term: raft.term,
        reject: true,
      })
      return
    case 'storageAppendResponse':
      // The entries may have been replaced since, and even replaced back, by writes that are not durable:
      // believe nothing of an earlier term (ABA). A snapshot that was applied stays applied.
      if (m.snapshot !== undefined) snapshotApplied(raft, m.snapshot)
      return
    default:
  }
}

/** One tick of the caller's clock. */
export function tick(raft: Raft): void {
  if (raft.role === 'leader') {
    tickLeader(raft)
    return
  }
  raft.electionElapsed++
  if (raft.promotable && raft.electionElapsed >= raft.randomizedElectionTimeout) {
    raft.electionElapsed = 0
    stand(raft)
  }
}

/** Stands for election in the configured way. */
export function stand(raft: Raft): void {
  hup(raft, raft.config.preVote ? 'preElection' : 'election')
}
