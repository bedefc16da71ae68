import { fail } from './errors.ts'
import type { Raft } from './raft.ts'
import { payloadSize } from './size.ts'
import type { Progress } from './tracker/progress.ts'
import { type Entry, type Index, NONE, type NodeId } from './types.ts'

/** Sends what `to` needs next; an empty append too, which carries the commit index. */
export function sendAppend(raft: Raft, to: NodeId): void {
  maybeSendAppend(raft, to, true)
}

/** One message: entries, an empty append if `evenEmpty`, or a snapshot. False when nothing was sent. */
export function maybeSendAppend(raft: Raft, to: NodeId, evenEmpty: boolean): boolean {
  const progress = raft.tracker.get(to) ?? fail(`append to ${to}, who is no member`)
  if (progress.isPaused) return false
  const { log } = raft
  const index = progress.next - 1
  const logTerm = log.term(index)
  if (typeof logTerm !== 'number') return maybeSendSnapshot(raft, to, progress)

  // With a full window only empty appends go out: they carry the commit, and get lost probing going again.
  const throttled = progress.state === 'replicate' && progress.inflights.full
  const entries = throttled ? [] : log.entriesFrom(progress.next, raft.config.maxSizePerMsg)
  if (typeof entries === 'string') return maybeSendSnapshot(raft, to, progress)
  if (entries.length === 0 && !evenEmpty) return false

  const commit = log.committed
  raft.messages.push({ type: 'append', from: raft.id, to, term: raft.term, index, logTerm, entries, commit })
  progress.sentEntries(entries.length, payloadSize(entries))
  progress.sentCommit = commit
  return true
}

function maybeSendSnapshot(raft: Raft, to: NodeId, progress: Progress): boolean {
  // A member that is away would not get it, and snapshots are dear.
  if (!progress.recentActive) return false
  const snapshot = raft.log.snapshot()
  if (snapshot === 'temporarilyUnavailable') return false
  if (snapshot.index === 0) fail(`${to} needs a snapshot, but there is none`)
  progress.becomeSnapshot(snapshot.index)
  raft.messages.push({ type: 'snapshot', from: raft.id, to, term: raft.term, snapshot })
  return true
}

export function broadcastAppend(raft: Raft): void {
  const { ids } = raft.tracker
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] !== raft.id) sendAppend(raft, ids[i]!)
  }
}

/** Empty appends to those that have not heard of a commit up to `index`. */
export function tellCommit(raft: Raft, index: Index): void {
  for (const id of raft.tracker.ids) {
    if (id !== raft.id && raft.tracker.get(id)!.canBumpCommit(index)) sendAppend(raft, id)
  }
}

/** Heartbeats with the newest waiting read, so that a lost confirmation is asked for again. */
export function broadcastHeartbeat(raft: Raft): void {
  broadcastHeartbeatFor(raft, raft.reads.lastContext)
}

export function broadcastHeartbeatFor(raft: Raft, context: string): void {
  const { ids } = raft.tracker
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] !== raft.id) sendHeartbeat(raft, ids[i]!, context)
  }
}

function sendHeartbeat(raft: Raft, to: NodeId, context: string): void {
  const progress = raft.tracker.get(to)!
  // Clamped: beyond `match` the follower's log may differ, and it must not commit what it has not got.
  const commit = Math.min(progress.match, raft.log.committed)
  raft.messages.push({ type: 'heartbeat', from: raft.id, to, term: raft.term, commit, context })
  progress.sentCommit = commit
}

/** Commits what a quorum has, if that is of this term. */
export function maybeCommit(raft: Raft): boolean {
  return raft.log.maybeCommit(raft.tracker.committed(), raft.term)
}

/** Section 6.4: until then a new leader does not know which entries are committed. */
export function hasCommittedInTerm(raft: Raft): boolean {
  return raft.log.term(raft.log.committed) === raft.term
}

/**
 * Appends a leader's own entries, whose index and term are right. It acknowledges them to itself like any
 * member: after they are durable. False when too much waits for commitment already.
 */
export function appendAsLeader(raft: Raft, entries: readonly Entry[]): boolean {
  if (!growUncommitted(raft, entries)) return false
  const index = raft.log.append(entries)
  raft.messagesAfterAppend.push({
    type: 'appendResponse',
    from: raft.id,
    to: raft.id,
    term: raft.term,
    index,
    reject: false,
    rejectHint: 0,
    logTerm: 0,
  })
  return true
}

/** One batch always passes, however large: else it never could. Empty entries are free. */
function growUncommitted(raft: Raft, entries: readonly Entry[]): boolean {
  const size = payloadSize(entries)
  const { uncommittedSize } = raft
  if (uncommittedSize > 0 && size > 0 && uncommittedSize + size > raft.config.maxUncommittedEntriesSize)
    return false
  raft.uncommittedSize = uncommittedSize + size
  return true
}

export function shrinkUncommitted(raft: Raft, entries: readonly Entry[]): void {
  // Entries of earlier leaders were never counted here: stop at 0.
  raft.uncommittedSize = Math.max(0, raft.uncommittedSize - payloadSize(entries))
}

export function sendTimeoutNow(raft: Raft, to: NodeId): void {
  raft.messages.push({ type: 'timeoutNow', from: raft.id, to, term: raft.term })
}

export function abortTransfer(raft: Raft): void {
  raft.transferee = NONE
}
