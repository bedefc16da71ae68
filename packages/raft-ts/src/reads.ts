import { limits } from './limits.ts'
import type { Raft } from './raft.ts'
import { broadcastHeartbeatFor, hasCommittedInTerm } from './replication.ts'
import {
  type HeartbeatResponse,
  type Index,
  NONE,
  type NodeId,
  OK,
  type ReadIndex,
  type Result,
  refuse,
} from './types.ts'

/** A read by ReadIndex (dissertation, section 6.4), asked here (`from` NONE) or forwarded. */
export function handleReadIndex(raft: Raft, m: ReadIndex): Result {
  switch (raft.role) {
    case 'leader':
      return readAsLeader(raft, m)
    case 'follower':
      if (raft.leader === NONE) return refuse('noLeader')
      raft.messages.push({
        type: 'readIndex',
        from: m.from === NONE ? raft.id : m.from,
        to: raft.leader,
        term: 0,
        context: m.context,
      })
      return OK
    case 'candidate':
    case 'preCandidate':
      return refuse('noLeader')
    default:
      return raft.role satisfies never
  }
}

function readAsLeader(raft: Raft, m: ReadIndex): Result {
  if (raft.reads.size + raft.readsBeforeCommit.length >= limits.readsPendingMax) return refuse('tooManyReads')
  // The only voter needs nobody's confirmation.
  if (raft.tracker.isSingleton) answer(raft, m.from, m.context, raft.log.committed)
  else if (!hasCommittedInTerm(raft)) raft.readsBeforeCommit.push(m)
  else confirm(raft, m)
  return OK
}

/** Called when the commit index has moved in this term: from now on it can be trusted. */
export function releaseReads(raft: Raft): void {
  if (raft.readsBeforeCommit.length === 0 || !hasCommittedInTerm(raft)) return
  const waiting = raft.readsBeforeCommit
  raft.readsBeforeCommit = []
  for (const m of waiting) confirm(raft, m)
}

function confirm(raft: Raft, m: ReadIndex): void {
  if (raft.config.readOnly === 'lease') {
    answer(raft, m.from, m.context, raft.log.committed)
    return
  }
  raft.reads.add(m.from, m.context, raft.log.committed)
  raft.reads.acknowledge(raft.id, m.context)
  broadcastHeartbeatFor(raft, m.context)
}

/** A heartbeat's answer says that its sender still took this node for the leader. */
export function confirmReads(raft: Raft, m: HeartbeatResponse): void {
  if (raft.config.readOnly !== 'safe' || m.context === '') return
  const read = raft.reads.acknowledge(m.from, m.context)
  if (read === undefined || raft.tracker.config.voters.voteResult(read.acks) !== 'won') return
  for (const { from, context, index } of raft.reads.takeThrough(read)) answer(raft, from, context, index)
}

function answer(raft: Raft, to: NodeId, context: string, index: Index): void {
  if (to === NONE || to === raft.id) raft.readStates.push({ index, context })
  else raft.messages.push({ type: 'readIndexResponse', from: raft.id, to, term: raft.term, index, context })
}
