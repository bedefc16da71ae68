import { asV2 } from './confchange/change.ts'
import { decodeConfChange } from './confchange/codec.ts'
import { fail } from './errors.ts'
import type { Raft } from './raft.ts'
import { appendAsLeader, broadcastAppend } from './replication.ts'
import {
  draftEntry,
  EMPTY_DATA,
  type Entry,
  type EntryDraft,
  NONE,
  type NodeId,
  OK,
  type Result,
  refuse,
} from './types.ts'

/** Takes entries that were proposed at this node, all of them or none. They belong to the log from now on. */
export function propose(raft: Raft, drafts: readonly EntryDraft[]): Result {
  if (drafts.length === 0) fail('an empty proposal')
  return raft.role === 'leader' ? proposeAsLeader(raft, drafts) : forward(raft, raft.id, drafts)
}

/** Takes entries that came by a message, which others may hold too: copies are made before they are placed. */
export function proposeForwarded(raft: Raft, from: NodeId, entries: readonly Entry[]): Result {
  if (entries.length === 0) fail('an empty proposal')
  if (raft.role !== 'leader') return forward(raft, from, entries)
  return proposeAsLeader(
    raft,
    entries.map((entry) => draftEntry(entry.type, entry.data)),
  )
}

/** `from` is the member at which the proposal was made; it stays when it is passed on. */
function forward(raft: Raft, from: NodeId, entries: readonly Entry[]): Result {
  if (raft.role !== 'follower' || raft.leader === NONE) return refuse('noLeader')
  if (raft.config.disableProposalForwarding) return refuse('notLeader')
  raft.messages.push({ type: 'propose', from, to: raft.leader, term: 0, entries })
  return OK
}

function proposeAsLeader(raft: Raft, drafts: readonly EntryDraft[]): Result {
  // A removed member may still lead until all have applied its removal; it must not add to the log.
  if (raft.tracker.get(raft.id) === undefined) return refuse('notMember')
  if (raft.transferee !== NONE) return refuse('transferring')

  const first = raft.log.lastIndex() + 1
  for (let i = 0; i < drafts.length; i++) {
    const draft = drafts[i]!
    draft.index = first + i
    draft.term = raft.term
    if (draft.type === 'normal') continue
    if (mayChange(raft, draft)) {
      raft.pendingConfIndex = draft.index
    } else {
      // Its place in the log is kept, so that the proposer sees it pass without effect.
      draft.type = 'normal'
      draft.data = EMPTY_DATA
    }
  }
  if (!appendAsLeader(raft, drafts)) return refuse('tooLarge')
  broadcastAppend(raft)
  return OK
}

/** At most one configuration change is under way, and a joint configuration can only be left. */
function mayChange(raft: Raft, draft: EntryDraft): boolean {
  const leaves = asV2(decodeConfChange(draft)).changes.length === 0
  if (raft.config.disableConfChangeValidation) return true
  const pending = raft.pendingConfIndex > raft.log.applied
  return !pending && raft.tracker.config.voters.isJoint === leaves
}
