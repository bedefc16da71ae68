import { operation } from '../operation.ts'
import { memberId } from '../operations/shapes.ts'
import { name, word } from '../schema/scalars.ts'

/** Writes a member into the address book. */
export const memberSet = operation({
  code: 242,
  name: 'member.set',
  kind: 'command',
  doc: 'Writes a member into the address book.',
  fields: { id: memberId, name, peer: word, client: word },
  result: {},
  example: { id: 4, name: 'n4', peer: '10.0.0.4:5556', client: '10.0.0.4:5555' },
  exampleResult: {},
})
