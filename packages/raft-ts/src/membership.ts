import { asV2, type ConfChange } from './confchange/change.ts'
import { changeConfig } from './confchange/changer.ts'
import { ConfChangeError } from './errors.ts'
import type { Raft } from './raft.ts'
import { abortTransfer, broadcastAppend, maybeCommit, maybeSendAppend } from './replication.ts'
import { type ConfState, NONE } from './types.ts'

/**
 * Puts a committed configuration change into force; called when its entry is applied (section 6).
 * @throws ConfChangeError when it does not fit the configuration: the nodes' logs have gone separate ways.
 */
export function applyConfChange(raft: Raft, change: ConfChange): ConfState {
  const { tracker } = raft
  const result = changeConfig(tracker, raft.log.lastIndex(), asV2(change))
  if (!result.ok) throw new ConfChangeError(`configuration change refused: ${result.reason}`)
  tracker.replace(result.config, result.progress)
  followUp(raft)
  return tracker.confState()
}

/** What a new configuration means for this node. */
function followUp(raft: Raft): void {
  const self = raft.tracker.get(raft.id)
  raft.isLearner = self?.isLearner ?? false
  if (raft.role !== 'leader') return
  if (self === undefined || self.isLearner) {
    // A leader without a vote may go on until its removal is known, or leave at once.
    if (raft.config.stepDownOnRemoval) raft.becomeFollower(raft.term, NONE)
    return
  }
  if (raft.tracker.config.voters.incoming.size === 0) return

  if (maybeCommit(raft)) {
    // A smaller quorum may have what the larger had not.
    broadcastAppend(raft)
  } else {
    // New members should not wait for a heartbeat to be probed.
    for (const id of raft.tracker.ids) if (id !== raft.id) maybeSendAppend(raft, id, false)
  }
  if (raft.transferee !== NONE && !raft.tracker.config.voters.has(raft.transferee)) abortTransfer(raft)
}
