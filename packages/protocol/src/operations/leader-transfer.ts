import { operation } from '../operation.ts'
import { optional } from '../schema/schema.ts'
import { memberId } from './shapes.ts'

/** Hands leadership over. */
export const leaderTransfer = operation({
  code: 131,
  name: 'leader.transfer',
  kind: 'admin',
  doc: 'Hands leadership to a member, or to the one that is furthest; the answer comes when it has moved.',
  fields: { to: optional(memberId, 'Absent: the leader chooses.') },
  result: { leader: memberId },
  example: { to: 2 },
  exampleResult: { leader: 2 },
})
