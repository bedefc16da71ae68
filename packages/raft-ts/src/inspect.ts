import type { Raft } from './raft.ts'

/**
 * Everything inside a member that its next step may depend on, as plain data; entries and messages are
 * shared, not copied. What storage holds, and what never changes (`Config`), is left out. Two members with
 * equal pictures and equal storages behave alike: that is what an explorer of states needs. The form may
 * change with any version.
 */
export function inspect(raft: Raft): object {
  const { log, tracker, reads } = raft
  const { unstable } = log
  const { votes } = tracker
  return {
    term: raft.term,
    vote: raft.vote,
    role: raft.role,
    leader: raft.leader,
    isLearner: raft.isLearner,
    messages: raft.messages,
    messagesAfterAppend: raft.messagesAfterAppend,
    readStates: raft.readStates,
    reads: reads.pending.map(({ from, context, index, acks }) => [
      from,
      context,
      index,
      [...acks.keys()].sort(),
    ]),
    readsBeforeCommit: raft.readsBeforeCommit,
    transferee: raft.transferee,
    pendingConfIndex: raft.pendingConfIndex,
    uncommittedSize: raft.uncommittedSize,
    electionElapsed: raft.electionElapsed,
    heartbeatElapsed: raft.heartbeatElapsed,
    randomizedElectionTimeout: raft.randomizedElectionTimeout,
    log: {
      committed: log.committed,
      applying: log.applying,
      applied: log.applied,
      applyingSize: log.applyingSize,
      applyingPaused: log.applyingPaused,
      entries: unstable.entries,
      offset: unstable.offset,
      offsetInProgress: unstable.offsetInProgress,
      snapshot: unstable.snapshot,
      snapshotInProgress: unstable.snapshotInProgress,
    },
    config: tracker.confState(),
    votes: tracker.ids.filter((id) => votes.has(id)).map((id) => [id, votes.get(id)]),
    progress: tracker.ids.map((id) => {
      const { inflights, ...each } = tracker.get(id)!
      return { id, ...each, inflights: inflights.messages }
    }),
  }
}
