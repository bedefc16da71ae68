import { operation } from '../operation.ts'
import { memberId } from '../operations/shapes.ts'
import { boolean } from '../schema/scalars.ts'

/** Remembers that a member is drained, or no longer. */
export const memberDrained = operation({
  code: 244,
  name: 'member.drain',
  kind: 'command',
  doc: 'Remembers that a member is drained, or no longer.',
  fields: { id: memberId, drained: boolean },
  result: {},
  example: { id: 3, drained: true },
  exampleResult: {},
})
