import { operation } from '../operation.ts'
import { readField } from '../schema/containers.ts'
import { name } from '../schema/scalars.ts'
import { owner, scope, value } from './shapes.ts'

/** Confirms a reserved number. */
export const sequenceConfirm = operation({
  code: 67,
  name: 'sequence.confirm',
  kind: 'command',
  doc: 'Confirms a reserved number: it is used for good. A late confirmation is refused.',
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
    op: 'sequence.confirm',
    owner: readField(reader, owner),
    name: readField(reader, name),
    scope: readField(reader, scope),
    value: readField(reader, value),
  }),
  buildResult: (reader) => ({ value: readField(reader, value) }),
})
