import { operation } from '../operation.ts'
import { struct } from '../schema/containers.ts'
import { count, name, oneOf, word } from '../schema/scalars.ts'
import { optional, told } from '../schema/schema.ts'
import {
  after,
  cursor,
  filledScope,
  limit,
  many,
  namespaceAsked,
  scope,
  sessionId,
  value,
  wallMs,
} from './shapes.ts'

const gap = struct({
  name,
  scope: filledScope,
  from: value,
  to: value,
  count,
  kind: told(oneOf('jump', 'declared'), 'Never issued, or taken out for good.'),
  reason: word,
  session: sessionId,
  client: word,
  owner: word,
  wallMs,
})

/** The gap ledger of a sequence: ranges with who and why. */
export const sequenceGaps = operation({
  code: 78,
  name: 'sequence.gaps',
  kind: 'read',
  doc: 'The gap ledger of a sequence: ranges that will never be issued, with who and why.',
  fields: {
    namespace: namespaceAsked,
    name,
    scope: optional(scope, 'Absent: all counters of the sequence.'),
    after,
    limit,
  },
  result: { gaps: many(gap), next: optional(cursor) },
  example: { namespace: 'producao', name: 'nf' },
  exampleResult: {
    gaps: [
      {
        name: 'nf',
        scope: { company: '01', branch: '0101', period: '2026' },
        from: '000101',
        to: '000103',
        count: 3,
        kind: 'declared',
        reason: 'printer failure, numbers not used',
        session: 17,
        client: 'appserver-1',
        owner: 'fiscal',
        wallMs: 1_795_262_400_000,
      },
    ],
  },
})
