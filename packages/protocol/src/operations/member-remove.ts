import { operation } from '../operation.ts'
import { memberId } from './shapes.ts'

/** Removes a member for good. */
export const memberRemove = operation({
  code: 130,
  name: 'member.remove',
  kind: 'admin',
  doc: 'Removes a member for good.',
  fields: { id: memberId },
  result: {},
  example: { id: 3 },
  exampleResult: {},
})
