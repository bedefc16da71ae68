import { limits } from '../limits.ts'
import { operation } from '../operation.ts'
import { list, readField, readOptional } from '../schema/containers.ts'
import { count, name } from '../schema/scalars.ts'
import { optional, told } from '../schema/schema.ts'
import { owner, token } from './shapes.ts'

const names = list(name, { min: 1, max: limits.locksPerRequestMax, distinct: '' })
const holdersToken = optional(token, "If given, it must be the holder's.")
const counts = told(
  list(count, { max: limits.locksPerRequestMax }),
  'How often the owner still holds each name.',
)

/** Gives locks back, once each. */
export const lockRelease = operation({
  code: 33,
  name: 'lock.release',
  kind: 'command',
  doc: 'Gives locks back, once each. All names are checked first: nothing is half done.',
  fields: { owner, names, token: holdersToken },
  result: { counts },
  example: { owner: 'u1', names: ['SA1000001'], token: 42 },
  exampleResult: { counts: [0] },
  build: (reader) => {
    const who = readField(reader, owner)
    const which = readField(reader, names)
    const held = readOptional(reader, holdersToken)
    return held === undefined
      ? { op: 'lock.release', owner: who, names: which }
      : { op: 'lock.release', owner: who, names: which, token: held }
  },
  buildResult: (reader) => ({ counts: readField(reader, counts) }),
})
