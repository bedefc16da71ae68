import { checkConfig } from './confchange/changer.ts'
import { fail } from './errors.ts'
import type { Raft } from './raft.ts'
import type { Index, Term } from './types.ts'

/** What was seen by the check before: terms, commits and applied indexes never go back. */
export interface HighWater {
  term: Term
  commit: Index
  applied: Index
}

/**
 * Checks everything that must hold between two calls, with the member's own high-water mark. Walks the
 * members: for tests and simulation after every step; cheap parts of it are asserted in the code itself.
 * @throws InvariantError
 */
export function checkInvariants(raft: Raft, seen: HighWater): void {
  checkLog(raft)
  checkConfig(raft.tracker.config, raft.tracker.progress)
  checkRole(raft)
  const { term, log } = raft
  if (term < seen.term) fail(`term went from ${seen.term} to ${term}`)
  if (log.committed < seen.commit) fail(`commit went from ${seen.commit} to ${log.committed}`)
  if (log.applied < seen.applied) fail(`applied went from ${seen.applied} to ${log.applied}`)
  seen.term = term
  seen.commit = log.committed
  seen.applied = log.applied
}

function checkLog(raft: Raft): void {
  const { log } = raft
  const { unstable } = log
  const last = log.lastIndex()
  if (!(log.applied <= log.applying && log.applying <= log.committed && log.committed <= last))
    fail(`log: applied ${log.applied}, applying ${log.applying}, committed ${log.committed}, last ${last}`)
  const end = unstable.offset + unstable.entries.length
  if (unstable.offset > unstable.offsetInProgress || unstable.offsetInProgress > end)
    fail(`unstable: ${unstable.offset}..${end}, in progress from ${unstable.offsetInProgress}`)
  for (const [i, entry] of unstable.entries.entries()) {
    if (entry.index !== unstable.offset + i) fail(`unstable: entry ${entry.index} at ${unstable.offset + i}`)
    if (entry.term > raft.term) fail(`unstable: entry ${entry.index} of term ${entry.term} in ${raft.term}`)
  }
  if (unstable.snapshot !== undefined && unstable.snapshot.index >= unstable.offset)
    fail(`unstable: snapshot ${unstable.snapshot.index} behind offset ${unstable.offset}`)
}

function checkRole(raft: Raft): void {
  const { role, leader, id, tracker, log } = raft
  if ((role === 'leader') !== (leader === id)) fail(`${role} ${id} takes ${leader} for the leader`)
  if (role === 'candidate' && raft.vote !== id) fail(`candidate ${id} voted for ${raft.vote}`)
  if (role !== 'leader') return
  const last = log.lastIndex()
  for (const [member, progress] of tracker.progress) {
    const { match, next, state, inflights, pendingSnapshot } = progress
    if (match >= next || match > last)
      fail(`progress of ${member}: match ${match}, next ${next}, last ${last}`)
    if (state !== 'replicate' && inflights.count > 0) fail(`progress of ${member}: in flight in ${state}`)
    if (state !== 'snapshot' && pendingSnapshot !== 0) fail(`progress of ${member}: pending in ${state}`)
    if (inflights.count > inflights.countMax) fail(`progress of ${member}: ${inflights.count} in flight`)
  }
  // Whatever a quorum holds of this term is committed at once.
  const durable = tracker.committed()
  if (Number.isFinite(durable) && durable > log.committed && log.matches(durable, raft.term)) {
    const self = tracker.get(id)
    if (self !== undefined && !self.isLearner) fail(`${durable} is on a quorum, commit is ${log.committed}`)
  }
}
