import { operation } from '../operation.ts'
import { sessionId } from '../operations/shapes.ts'
import { count } from '../schema/scalars.ts'

/** Ends a session that gave no sign of life; ignored unless generation and term are still the present ones. */
export const sessionExpire = operation({
  code: 241,
  name: 'session.expire',
  kind: 'command',
  doc: 'Ends a session that gave no sign of life.',
  fields: { session: sessionId, generation: count, term: count },
  result: {},
  example: { session: 17, generation: 2, term: 4 },
  exampleResult: {},
})
