import { operation } from '../operation.ts'

/** Ends the session and releases all that it holds. */
export const sessionClose = operation({
  code: 18,
  name: 'session.close',
  kind: 'command',
  doc: 'Ends the session and releases all that it holds, in one step and without lock-delay.',
  fields: {},
  result: {},
  example: {},
  exampleResult: {},
})
