import { operation } from '../operation.ts'
import { count, name } from '../schema/scalars.ts'
import { owner, reason, scope, value } from './shapes.ts'

/** Declares free numbers as a gap, for good. */
export const sequenceGap = operation({
  code: 71,
  name: 'sequence.gap',
  kind: 'command',
  doc: 'Takes free numbers out for good and records them as a declared gap. The reason has 15 to 255 characters.',
  fields: { owner, name, scope, from: value, to: value, reason },
  result: { count },
  example: {
    owner: 'fiscal',
    name: 'nf',
    scope: { company: '01', branch: '0101', period: '2026' },
    from: '000101',
    to: '000103',
    reason: 'printer failure, numbers not used',
  },
  exampleResult: { count: 3 },
})
