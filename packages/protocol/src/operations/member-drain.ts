import { operation } from '../operation.ts'
import { memberId } from './shapes.ts'

/** Takes a member out of service: it gives up leadership and does not win again. */
export const memberDrain = operation({
  code: 133,
  name: 'member.drain',
  kind: 'admin',
  doc: 'Takes a member out of service: it gives up leadership and does not win again.',
  fields: { id: memberId },
  result: {},
  example: { id: 3 },
  exampleResult: {},
})
