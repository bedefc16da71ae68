import { operation } from '../operation.ts'
import { count } from '../schema/scalars.ts'

/** Ends a watch of this connection. */
export const watchStop = operation({
  code: 115,
  name: 'watch.stop',
  kind: 'local',
  doc: 'Ends a watch of this connection.',
  fields: { watch: count },
  result: {},
  example: { watch: 1 },
  exampleResult: {},
})
