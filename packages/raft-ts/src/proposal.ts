import { asV2 } from './confchange/change.ts'
import { decodeConfChange } from './confchange/codec.ts'
import { fail } from './errors.ts'
import type { Raft } from './raft.ts'
import { appendAsLeader, broadcastAppend } from './replication.ts'
import {
  EMPTY_DATA,
  type Entry,
  type EntryType,
  type Index,
  NONE,
  type NodeId,
  OK,
  type Result,
  refuse,
} from './types.ts'

/** What is proposed: an entry without a place in the log yet. */
export interface Proposal {
  readonly type: EntryType
  readonly data: Uint8Array
}

/**
 * Takes proposals according to the role, all of them or none. `from` is the member at which they were made;
 * it stays when they are passed on.
 */
export function propose(raft: Raft, from: NodeId, proposals: readonly Proposal[]): Result {
  if (proposals.length === 0) fail('an empty proposal')
  switch (raft.role) {
    case 'leader':
      return proposeAsLeader(raft, proposals)
    case 'follower':
      return forward(raft, from, proposals)
    case 'candidate':
    case 'preCandidate':
      return refuse('noLeader')
    default:
      return raft.role satisfies never
  }
}

function forward(raft: Raft, from: NodeId, proposals: readonly Proposal[]): Result {
  if (raft.leader === NONE) return refuse('noLeader')
  if (raft.config.disableProposalForwarding) return refuse('notLeader')
  const entries: Entry[] = new Array(proposals.length)
  for (let i = 0; i < proposals.length; i++) entries[i] = entryOf(proposals[i]!, 0, 0)
  raft.messages.push({ type: 'propose', from, to: raft.leader, term: 0, entries })
  return OK
}

function proposeAsLeader(raft: Raft, proposals: readonly Proposal[]): Result {
  // Removed members may still lead until the removal is applied by all; they must not add to the log.
  if (raft.tracker.get(raft.id) === undefined) return refuse('notMember')
  if (raft.transferee !== NONE) return refuse('transferring')

  const first = raft.log.lastIndex() + 1
  const entries: Entry[] = new Array(proposals.length)
  for (let i = 0; i < proposals.length; i++) {
    const proposal = proposals[i]!
    const index = first + i
    if (proposal.type === 'normal') {
      entries[i] = entryOf(proposal, index, raft.term)
    } else if (mayChange(raft, proposal)) {
      raft.pendingConfIndex = index
      entries[i] = entryOf(proposal, index, raft.term)
    } else {
      // Its place in the log is kept, so that the proposer sees it pass without effect.
      entries[i] = { index, term: raft.term, type: 'normal', data: EMPTY_DATA }
    }
  }
  if (!appendAsLeader(raft, entries)) return refuse('tooLarge')
  broadcastAppend(raft)
  return OK
}

/** At most one configuration change is under way, and a joint configuration can only be left. */
function mayChange(raft: Raft, proposal: Proposal): boolean {
  const leaves = asV2(decodeConfChange(proposal)).changes.length === 0
  if (raft.config.disableConfChangeValidation) return true
  const pending = raft.pendingConfIndex > raft.log.applied
  return !pending && raft.tracker.config.voters.isJoint === leaves
}

function entryOf(proposal: Proposal, index: Index, term: number): Entry {
  return { index, term, type: proposal.type, data: proposal.data }
}
