import { operation } from '../operation.ts'
import { readField } from '../schema/containers.ts'
import { name } from '../schema/scalars.ts'
import { owner, scope, value } from './shapes.ts'

/** Gives a reserved number back. */
export const sequenceRollback = operation({
  code: 68,
  name: 'sequence.rollback',
  kind: 'command',
  doc: 'Gives a reserved number back: it is issued again before the counter moves.',
  fields: { owner, name, scope, value },
  result: { value },
  example: {
    owner: 'u1',
    name: 'nf',
    scope: { company: '01', branch: '0101', period: '2026' },
    value: '000100',
  },
  exampleResult: { value: '000100' },
  build: (reader) => ({
    op: 'sequence.rollback',
    owner: readField(reader, owner),
    name: readField(reader, name),
    scope: readField(reader, scope),
    value: readField(reader, value),
  }),
  buildResult: (reader) => ({ value: readField(reader, value) }),
})
