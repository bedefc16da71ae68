import { operation } from '../operation.ts'
import { struct } from '../schema/containers.ts'
import { count, name, word } from '../schema/scalars.ts'
import { optional, told } from '../schema/schema.ts'
import { filledScope, many, namespaceAsked, scope, sequenceSpec, sessionId, value } from './shapes.ts'

const reservation = struct({
  value,
  session: sessionId,
  client: word,
  owner: word,
  expiresInMs: optional(count),
})

/** One counter of a sequence, with its reservations. */
export const sequenceGet = operation({
  code: 76,
  name: 'sequence.get',
  kind: 'read',
  doc: 'One counter of a sequence, with its reservations.',
  fields: { namespace: namespaceAsked, name, scope },
  result: {
    name,
    scope: filledScope,
    spec: sequenceSpec,
    last: optional(value, 'Largest value issued or jumped over so far.'),
    next: told(value, 'What would be issued now; empty after an overflow.'),
    free: told(count, 'Numbers given back and not yet issued again.'),
    reserved: many(reservation),
    gaps: told(count, 'Gap records.'),
    left: optional(count, 'Values left before the overflow.'),
  },
  example: { namespace: 'producao', name: 'nf', scope: { company: '01', branch: '0101', period: '2026' } },
  exampleResult: {
    name: 'nf',
    scope: { company: '01', branch: '0101', period: '2026' },
    spec: { kind: 'gapless', digits: 'decimal', width: 9, prefix: 'A', start: '000000001', reset: 'year' },
    last: '000000100',
    next: '000000101',
    free: 0,
    reserved: [{ value: '000000100', session: 17, client: 'appserver-1', owner: 'u1' }],
    gaps: 1,
    left: 999_999_899,
  },
})
