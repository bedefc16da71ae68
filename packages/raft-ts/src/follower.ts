import { restoreConfig } from './confchange/restore.ts'
import { hup } from './election.ts'
import type { Raft } from './raft.ts'
import {
  type Append,
  type Heartbeat,
  type Index,
  type InstallSnapshot,
  type Message,
  NONE,
  type NodeId,
  type Snapshot,
} from './types.ts'

/** What a follower does with a message of its own term. */
export function stepFollower(raft: Raft, m: Message): void {
  switch (m.type) {
    case 'append':
      heard(raft, m.from)
      handleAppend(raft, m)
      return
    case 'heartbeat':
      heard(raft, m.from)
      handleHeartbeat(raft, m)
      return
    case 'snapshot':
      heard(raft, m.from)
      handleSnapshot(raft, m)
      return
    case 'transferLeader':
      forwardTransfer(raft, m.transferee)
      return
    case 'timeoutNow':
      // The leader knows that this log is complete: no pre-vote, and no lease stands in the way.
      hup(raft, 'transfer')
      return
    case 'readIndexResponse':
      raft.readStates.push({ index: m.index, context: m.context })
      return
    default:
  }
}

function heard(raft: Raft, leader: NodeId): void {
  raft.electionElapsed = 0
  raft.leader = leader
}

/** Asks the leader to hand over; without one, the wish is dropped. */
export function forwardTransfer(raft: Raft, transferee: NodeId): void {
  if (raft.leader === NONE) return
  raft.messages.push({
    type: 'transferLeader',
    from: raft.id,
    to: raft.leader,
    term: raft.term,
    transferee,
  })
}

/** The receiver's side of AppendEntries: section 5.3 and figure 2. */
export function handleAppend(raft: Raft, m: Append): void {
  const { log } = raft
  if (m.index < log.committed) {
    // An old message. What is committed is right, so say how far that goes.
    respond(raft, m.from, log.committed)
    return
  }
  const last = log.maybeAppend(m.index, m.logTerm, m.entries, m.commit)
  if (last !== undefined) {
    respond(raft, m.from, last)
    return
  }
  // Of this log, everything above the hint has a term that the leader's log cannot have there.
  const hint = log.findConflictByTerm(Math.min(m.index, log.lastIndex()), m.logTerm)
  raft.messagesAfterAppend.push({
    type: 'appendResponse',
    from: raft.id,
    to: m.from,
    term: raft.term,
    index: m.index,
    reject: true,
    rejectHint: hint.index,
    logTerm: hint.term,
  })
}

export function handleHeartbeat(raft: Raft, m: Heartbeat): void {
  raft.log.commitTo(m.commit)
  raft.messages.push({
    type: 'heartbeatResponse',
    from: raft.id,
    to: m.from,
    term: raft.term,
    context: m.context,
  })
}

export function handleSnapshot(raft: Raft, m: InstallSnapshot): void {
  respond(raft, m.from, restore(raft, m.snapshot) ? raft.log.lastIndex() : raft.log.committed)
}

/** Accepts an append or snapshot: durable up to `index` as soon as this message may leave. */
export function respond(raft: Raft, to: NodeId, index: Index): void {
  raft.messagesAfterAppend.push({
    type: 'appendResponse',
    from: raft.id,
    to,
    term: raft.term,
    index,
    reject: false,
    rejectHint: 0,
    logTerm: 0,
  })
}

/** Replaces log and configuration by the snapshot's. False when it is stale or not meant for this node. */
function restore(raft: Raft, snapshot: Snapshot): boolean {
  const { log } = raft
  const { index, term, confState } = snapshot
  if (index <= log.committed) return false
  if (raft.role !== 'follower') {
    // Cannot happen: only followers get here. If it did, a leader's log would vanish: leave office instead.
    raft.becomeFollower(raft.term + 1, NONE)
    return false
  }
  const { voters, votersOutgoing, learners } = confState
  // (learnersNext are outgoing voters as well.)
  if (!voters.includes(raft.id) && !learners.includes(raft.id) && !votersOutgoing.includes(raft.id))
    return false
  if (log.matches(index, term)) {
    // The log has all of it: nothing is replaced, but it is committed for sure.
    log.commitTo(index)
    return false
  }
  log.restore(snapshot)
  raft.tracker = raft.newTracker()
  restoreConfig(raft.tracker, log.lastIndex(), confState)
  raft.isLearner = raft.tracker.get(raft.id)?.isLearner ?? false
  return true
}
