import { operation } from '../operation.ts'
import { boolean, count } from '../schema/scalars.ts'
import { told } from '../schema/schema.ts'

/** Ends the wait of a request of the same session. */
export const requestCancel = operation({
  code: 20,
  name: 'request.cancel',
  kind: 'command',
  doc: 'Ends the wait of a request of this session; that request is answered `canceled`.',
  fields: { request: told(count, 'Id of the waiting request.') },
  result: { canceled: boolean },
  example: { request: 7 },
  exampleResult: { canceled: true },
})
