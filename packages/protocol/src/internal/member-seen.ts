import { limits } from '../limits.ts'
import { operation } from '../operation.ts'
import { memberId } from '../operations/shapes.ts'
import { list, struct } from '../schema/containers.ts'
import { count, text } from '../schema/scalars.ts'
import { told } from '../schema/schema.ts'

const mark = struct({
  id: memberId,
  starts: count,
  lastIndex: count,
  run: told(text({ max: 64, plain: true }), 'Random for each start of the process; empty when not known.'),
})

/** Remembers how often members started and how far their logs had got. */
export const memberSeen = operation({
  code: 245,
  name: 'member.seen',
  kind: 'command',
  doc: 'Remembers how often members started and how far their logs had got.',
  fields: { marks: list(mark, { max: limits.membersMax }) },
  result: {},
  example: { marks: [{ id: 1, starts: 3, lastIndex: 9_000, run: '5f1c0ade' }] },
  exampleResult: {},
})
