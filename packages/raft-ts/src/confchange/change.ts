import type { NodeId } from '../types.ts'

export type ChangeType = 'addNode' | 'removeNode' | 'updateNode' | 'addLearner'

/** One step of a configuration change. `nodeId` 0 is ignored: a change that the application has vetoed. */
export interface SingleChange {
  readonly type: ChangeType
  readonly nodeId: NodeId
}

/**
 * - `auto`: simple if only one change is asked for, else joint and left by itself;
 * - `implicit`: joint, and left by itself;
 * - `explicit`: joint until a further, empty change leaves it.
 */
export type Transition = 'auto' | 'implicit' | 'explicit'

/** One member at a time: section 4.1 of the Raft dissertation. */
export interface ConfChangeV1 {
  readonly version: 1
  readonly id: number
  readonly type: ChangeType
  readonly nodeId: NodeId
  readonly context?: Uint8Array | undefined
}

/** Any number of members at once, by joint consensus where needed: section 6 of the Raft paper. */
export interface ConfChangeV2 {
  readonly version: 2
  readonly transition: Transition
  readonly changes: readonly SingleChange[]
  readonly context?: Uint8Array | undefined
}

export type ConfChange = ConfChangeV1 | ConfChangeV2

/** The change that leaves a joint configuration. */
export const LEAVE_JOINT: ConfChangeV2 = Object.freeze({ version: 2, transition: 'auto', changes: [] })

export function asV2(change: ConfChange): ConfChangeV2 {
  if (change.version === 2) return change
  const { type, nodeId, context } = change
  return { version: 2, transition: 'auto', changes: [{ type, nodeId }], context }
}

/** What applying the change means. */
export type ChangePlan =
  | { readonly kind: 'simple' }
  | { readonly kind: 'enterJoint'; readonly autoLeave: boolean }
  | { readonly kind: 'leaveJoint' }

export function planOf(change: ConfChangeV2): ChangePlan {
  if (change.transition !== 'auto') return { kind: 'enterJoint', autoLeave: change.transition === 'implicit' }
  if (change.changes.length === 0) return { kind: 'leaveJoint' }
  return change.changes.length > 1 ? { kind: 'enterJoint', autoLeave: true } : { kind: 'simple' }
}
