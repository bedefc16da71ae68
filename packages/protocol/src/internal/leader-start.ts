import { operation } from '../operation.ts'
import { memberId } from '../operations/shapes.ts'

/** First entry of each new term. */
export const leaderStart = operation({
  code: 240,
  name: 'leader.start',
  kind: 'command',
  doc: 'First entry of each new term.',
  fields: { node: memberId },
  result: {},
  example: { node: 1 },
  exampleResult: {},
})
