import { operation } from '../operation.ts'
import { memberId } from '../operations/shapes.ts'

/** Takes a member out of the address book. */
export const memberRemoved = operation({
  code: 243,
  name: 'member.remove',
  kind: 'command',
  doc: 'Takes a member out of the address book.',
  fields: { id: memberId },
  result: {},
  example: { id: 4 },
  exampleResult: {},
})
