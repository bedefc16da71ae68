import { JointConfig } from '../quorum/joint.ts'
import { MajorityConfig } from '../quorum/majority.ts'
import { Progress } from '../tracker/progress.ts'
import type { MemberConfig, Tracker } from '../tracker/tracker.ts'
import type { ConfState, Index, NodeId } from '../types.ts'
import { checkConfig } from './changer.ts'

/**
 * Puts the configuration of a snapshot, or of a node's start, in force. All members begin unknown.
 * @throws InvariantError when `state` contradicts itself.
 */
export function restoreConfig(tracker: Tracker, lastIndex: Index, state: ConfState): void {
  const ascending = (ids: readonly NodeId[]) => [...new Set(ids)].sort((a, b) => a - b)
  const config: MemberConfig = {
    voters: new JointConfig(new MajorityConfig(state.voters), new MajorityConfig(state.votersOutgoing)),
    learners: ascending(state.learners),
    learnersNext: ascending(state.learnersNext),
    autoLeave: state.autoLeave,
  }
  const next = Math.max(lastIndex, 1)
  const progress = new Map<NodeId, Progress>()
  for (const id of config.voters.voters)
    progress.set(id, new Progress(next, false, true, tracker.newInflights()))
  for (const id of config.learners) progress.set(id, new Progress(next, true, true, tracker.newInflights()))
  checkConfig(config, progress)
  tracker.replace(config, progress)
}
