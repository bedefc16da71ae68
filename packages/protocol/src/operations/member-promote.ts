import { operation } from '../operation.ts'
import { memberId } from './shapes.ts'

/** Makes a learner that has caught up a voter. */
export const memberPromote = operation({
  code: 129,
  name: 'member.promote',
  kind: 'admin',
  doc: 'Makes a learner that has caught up a voter.',
  fields: { id: memberId },
  result: {},
  example: { id: 3 },
  exampleResult: {},
})
