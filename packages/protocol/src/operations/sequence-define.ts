import { operation } from '../operation.ts'
import { boolean, name } from '../schema/scalars.ts'
import { sequenceSpec } from './shapes.ts'

/** Defines a sequence, or changes what may be changed. */
export const sequenceDefine = operation({
  code: 64,
  name: 'sequence.define',
  kind: 'command',
  doc: 'Defines a sequence. The same definition again is no error; prefix, life of reservations and warning may change.',
  fields: { name, spec: sequenceSpec },
  result: { created: boolean },
  example: {
    name: 'nf',
    spec: { kind: 'gapless', digits: 'decimal', width: 9, prefix: 'A', start: '000000001', reset: 'year' },
  },
  exampleResult: { created: true },
})
