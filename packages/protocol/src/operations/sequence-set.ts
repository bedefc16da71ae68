import { operation } from '../operation.ts'
import { name } from '../schema/scalars.ts'
import { byDefault, optional } from '../schema/schema.ts'
import { owner, reason, scope, sequenceSpec, value } from './shapes.ts'

/** The administrator's way to move a counter. */
export const sequenceSet = operation({
  code: 70,
  name: 'sequence.set',
  kind: 'command',
  doc: "The administrator's `ensureAtLeast`: a smaller value is refused with `backwards`.",
  fields: {
    owner,
    name,
    scope,
    value,
    spec: optional(sequenceSpec, 'Defines the sequence if there is none.'),
    reason: byDefault(reason, ''),
  },
  result: { value },
  example: {
    owner: 'admin',
    name: 'nf',
    scope: { company: '01', branch: '0101' },
    value: '000900',
    reason: 'series opened by hand',
  },
  exampleResult: { value: '000900' },
})
