import { operation } from '../operation.ts'
import { struct } from '../schema/containers.ts'
import { count, name } from '../schema/scalars.ts'
import { optional, told } from '../schema/schema.ts'
import {
  after,
  cursor,
  filledScope,
  limit,
  many,
  namespaceAsked,
  prefix,
  sequenceSpec,
  value,
} from './shapes.ts'

const summary = struct({
  name,
  scope: filledScope,
  spec: sequenceSpec,
  last: optional(value),
  next: value,
  free: count,
  reserved: told(count, 'How many are reserved.'),
  gaps: count,
})

/** Counters of sequences in the order of their names. */
export const sequenceList = operation({
  code: 77,
  name: 'sequence.list',
  kind: 'read',
  doc: 'Counters of sequences in the order of their names.',
  fields: { namespace: namespaceAsked, prefix, after, limit },
  result: { sequences: many(summary), next: optional(cursor) },
  example: { namespace: 'producao', prefix: 'nf' },
  exampleResult: {
    sequences: [
      {
        name: 'nf',
        scope: { company: '01', branch: '0101', period: '2026' },
        spec: {
          kind: 'gapless',
          digits: 'decimal',
          width: 9,
          prefix: 'A',
          start: '000000001',
          reset: 'year',
        },
        next: '000000001',
        free: 0,
        reserved: 0,
        gaps: 0,
      },
    ],
  },
})
