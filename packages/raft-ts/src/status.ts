import type { Raft } from './raft.ts'
import type { ProgressState } from './tracker/progress.ts'
import type { ConfState, HardState, Index, NodeId, Role } from './types.ts'

/** A leader's view of one member, copied. */
export interface ProgressStatus {
  readonly id: NodeId
  readonly state: ProgressState
  readonly match: Index
  readonly next: Index
  readonly isLearner: boolean
  readonly isPaused: boolean
  readonly recentActive: boolean
  readonly pendingSnapshot: Index
  readonly inflightCount: number
  readonly inflightFull: boolean
}

export interface BasicStatus {
  readonly id: NodeId
  readonly role: Role
  readonly leader: NodeId
  readonly hardState: HardState
  readonly applied: Index
  readonly lastIndex: Index
  readonly transferee: NodeId
}

export interface Status extends BasicStatus {
  readonly confState: ConfState
  /** In the order of ids; only a leader knows it, others give nothing. */
  readonly progress: readonly ProgressStatus[]
}

export function basicStatusOf(raft: Raft): BasicStatus {
  return {
    id: raft.id,
    role: raft.role,
    leader: raft.leader,
    hardState: raft.hardState,
    applied: raft.log.applied,
    lastIndex: raft.log.lastIndex(),
    transferee: raft.transferee,
  }
}

export function statusOf(raft: Raft): Status {
  const { tracker } = raft
  const progress = raft.role === 'leader' ? tracker.ids.map((id) => progressStatusOf(raft, id)) : []
  return { ...basicStatusOf(raft), confState: tracker.confState(), progress }
}

function progressStatusOf(raft: Raft, id: NodeId): ProgressStatus {
  const progress = raft.tracker.get(id)!
  return {
    id,
    state: progress.state,
    match: progress.match,
    next: progress.next,
    isLearner: progress.isLearner,
    isPaused: progress.isPaused,
    recentActive: progress.recentActive,
    pendingSnapshot: progress.pendingSnapshot,
    inflightCount: progress.inflights.count,
    inflightFull: progress.inflights.full,
  }
}
