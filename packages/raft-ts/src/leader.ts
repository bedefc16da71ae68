import type { Raft } from './raft.ts'
import { confirmReads, releaseReads } from './reads.ts'
import {
  abortTransfer,
  broadcastAppend,
  broadcastHeartbeat,
  maybeCommit,
  maybeSendAppend,
  sendAppend,
  sendTimeoutNow,
} from './replication.ts'
import type { Progress } from './tracker/progress.ts'
import {
  type AppendResponse,
  type HeartbeatResponse,
  type Index,
  type Message,
  NONE,
  type NodeId,
} from './types.ts'

/** What a leader does with a message of its own term. Others are for roles that it does not have. */
export function stepLeader(raft: Raft, m: Message): void {
  switch (m.type) {
    case 'appendResponse': {
      const progress = raft.tracker.get(m.from)
      if (progress !== undefined) handleAppendResponse(raft, m, progress)
      return
    }
    case 'heartbeatResponse': {
      const progress = raft.tracker.get(m.from)
      if (progress !== undefined) handleHeartbeatResponse(raft, m, progress)
      return
    }
    case 'transferLeader':
      transferLeader(raft, m.transferee)
      return
    default:
  }
}

function handleAppendResponse(raft: Raft, m: AppendResponse, progress: Progress): void {
  progress.recentActive = true
  if (m.reject) backtrack(raft, m, progress)
  else acknowledge(raft, m, progress)
}

/**
 * The end of section 5.3, made fast: the follower said where the logs may agree at best (its own search by
 * term); search on this side too, so that a probe is spent per term and not per entry.
 */
function backtrack(raft: Raft, m: AppendResponse, progress: Progress): void {
  const hint = m.logTerm > 0 ? raft.log.findConflictByTerm(m.rejectHint, m.logTerm).index : m.rejectHint
  if (!progress.maybeDecrease(m.index, hint)) return
  if (progress.state === 'replicate') progress.becomeProbe()
  sendAppend(raft, m.from)
}

function acknowledge(raft: Raft, m: AppendResponse, progress: Progress): void {
  // Old news still matters to a probe: the follower is there and agrees where it was thought to.
  const news = progress.maybeUpdate(m.index)
  if (!news && !(progress.match === m.index && progress.state === 'probe')) return

  if (progress.state === 'probe') {
    progress.becomeReplicate()
  } else if (progress.state === 'replicate') {
    progress.inflights.freeUpTo(m.index)
  } else if (progress.match + 1 >= raft.log.firstIndex()) {
    // Whatever became of the snapshot: the log reaches back far enough to go on from here.
    progress.becomeProbe()
    progress.becomeReplicate()
  }

  const before = raft.log.committed
  if (maybeCommit(raft)) {
    releaseReads(raft)
    if (tellsCommit(raft, before)) broadcastAppend(raft)
  } else if (!raft.config.lazyCommit && m.from !== raft.id && progress.canBumpCommit(raft.log.committed)) {
    sendAppend(raft, m.from)
  }
  if (m.from === raft.id) return
  // The window has room again: fill it, message by message.
  while (maybeSendAppend(raft, m.from, false)) {}
  if (m.from === raft.transferee && progress.match === raft.log.lastIndex()) sendTimeoutNow(raft, m.from)
}

/**
 * Whether a commit that moved from `before` is told at once. A change of members is, for whoever it removes
 * hears of nothing that comes later.
 */
function tellsCommit(raft: Raft, before: Index): boolean {
  if (!raft.config.lazyCommit) return true
  return before < raft.pendingConfIndex && raft.pendingConfIndex <= raft.log.committed
}

function handleHeartbeatResponse(raft: Raft, m: HeartbeatResponse, progress: Progress): void {
  progress.recentActive = true
  progress.flowPaused = false
  // Even with a full window: an empty append finds out whether those in flight were lost.
  if (progress.match < raft.log.lastIndex() || progress.state === 'probe') sendAppend(raft, m.from)
  confirmReads(raft, m)
}

/** Section 3.10 of the dissertation: bring the successor up to date, then let it stand at once. */
export function transferLeader(raft: Raft, transferee: NodeId): void {
  const progress = raft.tracker.get(transferee)
  if (progress === undefined || progress.isLearner) return
  if (raft.transferee !== NONE) {
    if (raft.transferee === transferee) return
    abortTransfer(raft)
  }
  if (transferee === raft.id) return
  // It has one election time-out; then this leader goes on as before.
  raft.electionElapsed = 0
  raft.transferee = transferee
  if (progress.match === raft.log.lastIndex()) sendTimeoutNow(raft, transferee)
  else sendAppend(raft, transferee)
}

/** Time passes for a leader: quorum check, end of a transfer that failed, heartbeats. */
export function tickLeader(raft: Raft): void {
  raft.heartbeatElapsed++
  raft.electionElapsed++
  if (raft.electionElapsed >= raft.config.electionTick) {
    raft.electionElapsed = 0
    if (raft.config.checkQuorum) checkQuorum(raft)
    if (raft.role !== 'leader') return
    abortTransfer(raft)
  }
  if (raft.heartbeatElapsed >= raft.config.heartbeatTick) {
    raft.heartbeatElapsed = 0
    broadcastHeartbeat(raft)
  }
}

/** A leader that no quorum answers may have been replaced long since: section 6.2 of the dissertation. */
function checkQuorum(raft: Raft): void {
  if (!raft.tracker.quorumActive()) raft.becomeFollower(raft.term, NONE)
  for (const id of raft.tracker.ids) {
    if (id !== raft.id) raft.tracker.get(id)!.recentActive = false
  }
}

/** The network could not deliver to `id`: what was in flight is probably lost. */
export function unreachable(raft: Raft, id: NodeId): void {
  if (raft.role !== 'leader') return
  const progress = raft.tracker.get(id)
  if (progress?.state === 'replicate') progress.becomeProbe()
}

/** The snapshot to `id` was delivered, or failed. Either way its answer, or a heartbeat's, comes first. */
export function snapshotReported(raft: Raft, id: NodeId, delivered: boolean): void {
  if (raft.role !== 'leader') return
  const progress = raft.tracker.get(id)
  if (progress?.state !== 'snapshot') return
  if (!delivered) progress.pendingSnapshot = 0
  progress.becomeProbe()
  progress.flowPaused = true
}
