import { operation } from '../operation.ts'
import { memberId } from './shapes.ts'

/** Puts a drained member back into service. */
export const memberUndrain = operation({
  code: 134,
  name: 'member.undrain',
  kind: 'admin',
  doc: 'Puts a drained member back into service.',
  fields: { id: memberId },
  result: {},
  example: { id: 3 },
  exampleResult: {},
})
