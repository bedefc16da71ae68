import { becomeLeader, campaign } from './election.ts'
import { handleAppend, handleHeartbeat, handleSnapshot } from './follower.ts'
import type { Raft } from './raft.ts'
import { broadcastAppend } from './replication.ts'
import { type Message, NONE, type VoteResponse } from './types.ts'

/** What a candidate or pre-candidate does with a message of its own term: section 5.2. */
export function stepCandidate(raft: Raft, m: Message): void {
  switch (m.type) {
    case 'append':
      raft.becomeFollower(m.term, m.from)
      handleAppend(raft, m)
      return
    case 'heartbeat':
      raft.becomeFollower(m.term, m.from)
      handleHeartbeat(raft, m)
      return
    case 'snapshot':
      raft.becomeFollower(m.term, m.from)
      handleSnapshot(raft, m)
      return
    case 'preVoteResponse':
      if (raft.role === 'preCandidate') countVote(raft, m)
      return
    case 'voteResponse':
      if (raft.role === 'candidate') countVote(raft, m)
      return
    default:
  }
}

function countVote(raft: Raft, m: VoteResponse): void {
  raft.tracker.recordVote(m.from, !m.reject)
  const result = raft.tracker.voteResult()
  if (result === 'pending') return
  if (result === 'lost') {
    raft.becomeFollower(raft.term, NONE)
  } else if (raft.role === 'candidate') {
    becomeLeader(raft)
    broadcastAppend(raft)
  } else if (raft.config.mayCampaign()) {
    campaign(raft, 'election')
  } else {
    // The veto came while the others were being asked.
    raft.becomeFollower(raft.term, NONE)
  }
}
