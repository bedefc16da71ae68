import { operation } from '../operation.ts'
import { boolean, name } from '../schema/scalars.ts'
import { byDefault, optional } from '../schema/schema.ts'
import { owner, reason, scope, sequenceSpec, value } from './shapes.ts'

/** Moves a counter beyond a value that is in use already. */
export const sequenceEnsureAtLeast = operation({
  code: 69,
  name: 'sequence.ensureAtLeast',
  kind: 'command',
  doc: 'The next number issued will be larger than the value; numbers jumped over become one gap record.',
  fields: {
    owner,
    name,
    scope,
    value,
    spec: optional(sequenceSpec, 'Defines the sequence if there is none.'),
    reason: byDefault(reason, ''),
  },
  result: { value, moved: boolean },
  example: {
    owner: 'u1',
    name: 'nf',
    scope: { company: '01', branch: '0101' },
    value: '000500',
    reason: 'imported from the old system',
  },
  exampleResult: { value: '000500', moved: true },
})
