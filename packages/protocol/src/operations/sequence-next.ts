import { limits } from '../limits.ts'
import { operation } from '../operation.ts'
import { readField, readOptional } from '../schema/containers.ts'
import { count, integer, name, word } from '../schema/scalars.ts'
import { byDefault, optional } from '../schema/schema.ts'
import { owner, scope, sequenceSpec, value } from './shapes.ts'

const take = byDefault(integer(1, limits.sequenceCountMax), 1, 'More than one only for fast sequences.')
const spec = optional(sequenceSpec, 'Defines the sequence if there is none.')
const seed = optional(value, 'Largest value in use: a new counter starts after it.')

/** Issues the next value, or a block of them. */
export const sequenceNext = operation({
  code: 65,
  name: 'sequence.next',
  kind: 'command',
  doc: 'Issues the next value, or the next block of values.',
  fields: { owner, name, scope, count: take, spec, seedIfAbsent: seed },
  result: { first: value, last: value, count, prefix: word, period: word },
  example: { owner: 'u1', name: 'order', scope: { company: '01', branch: '0101' } },
  exampleResult: { first: '000124', last: '000124', count: 1, prefix: '', period: '' },
  build: (reader) => {
    const who = readField(reader, owner)
    const which = readField(reader, name)
    const where = readField(reader, scope)
    const many = readField(reader, take)
    const definition = readOptional(reader, spec)
    const largest = readOptional(reader, seed)
    return {
      op: 'sequence.next',
      owner: who,
      name: which,
      scope: where,
      count: many,
      ...(definition !== undefined && { spec: definition }),
      ...(largest !== undefined && { seedIfAbsent: largest }),
    }
  },
  buildResult: (reader) => ({
    first: readField(reader, value),
    last: readField(reader, value),
    count: readField(reader, count),
    prefix: readField(reader, word),
    period: readField(reader, word),
  }),
})
