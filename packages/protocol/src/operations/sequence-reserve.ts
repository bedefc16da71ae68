import { limits } from '../limits.ts'
import { operation } from '../operation.ts'
import { boolean, count, integer, name, word } from '../schema/scalars.ts'
import { optional } from '../schema/schema.ts'
import { owner, scope, sequenceSpec, value } from './shapes.ts'

/** Reserves a number of a gapless sequence. */
export const sequenceReserve = operation({
  code: 66,
  name: 'sequence.reserve',
  kind: 'command',
  doc: 'Reserves a number: the smallest free one, else the next one.',
  fields: {
    owner,
    name,
    scope,
    ttlMs: optional(
      integer(0, limits.reservationTtlMaxMs),
      "Life of the reservation; absent = the sequence's.",
    ),
    spec: optional(sequenceSpec, 'Defines the sequence if there is none.'),
    seedIfAbsent: optional(value, 'Largest value in use: a new counter starts after it.'),
  },
  result: { value, prefix: word, period: word, expiresInMs: optional(count), reissued: boolean },
  example: {
    owner: 'u1',
    name: 'nf',
    scope: { company: '01', branch: '0101' },
    spec: { kind: 'gapless', digits: 'soma1', width: 6, start: '000001' },
    seedIfAbsent: '000099',
  },
  exampleResult: { value: '000100', prefix: 'A', period: '2026', reissued: false },
})
