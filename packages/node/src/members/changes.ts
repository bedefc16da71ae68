import type { InternalCommand, MemberMark } from '@tranca/ledger'
import { decodeOperation } from '@tranca/protocol'
import { asV2, type ChangeType, type ConfChange, type NodeId } from '@tranca/raft-ts'
import { internalBytes } from '../replica/internal-bytes.ts'

/**
 * Changes of members as they go through the log. Each carries, as its context, the ledger's command
 * that belongs to it, so that the address book and the configuration change in the same step.
 */
function change(type: ChangeType, nodeId: NodeId, command?: InternalCommand): ConfChange {
  return {
    version: 2,
    transition: 'auto',
    changes: [{ type, nodeId }],
    ...(command && { context: internalBytes(command) }),
  }
}

export function addChange(member: { id: NodeId; name: string; peer: string; client: string }): ConfChange {
  const { id, name, peer, client } = member
  return change('addLearner', id, { op: 'member.set', id, name, peer, client })
}

/** The mark says which start of the member is promoted: its own sign that it may vote again. */
export function promoteChange(mark: MemberMark): ConfChange {
  return change('addNode', mark.id, { op: 'member.seen', marks: [mark] })
}

/** A voter becomes a learner. */
export function demoteChange(id: NodeId): ConfChange {
  return change('addLearner', id)
}

export function removeChange(id: NodeId): ConfChange {
  return change('removeNode', id, { op: 'member.remove', id })
}

/** The ledger's command that goes with a change. */
export function commandOf(confChange: ConfChange): InternalCommand | undefined {
  const { context } = confChange
  if (context === undefined || context.length === 0) return undefined
  const decoded = decodeOperation(context)
  return decoded.kind === 'internal' ? decoded.operation : undefined
}

/** Which start of `id` the change promotes to a voter; undefined if it does not. */
export function promotedStart(confChange: ConfChange, id: NodeId): number | undefined {
  if (!asV2(confChange).changes.some((one) => one.type === 'addNode' && one.nodeId === id)) return undefined
  const command = commandOf(confChange)
  return command?.op === 'member.seen' ? command.marks.find((mark) => mark.id === id)?.starts : undefined
}
