import { operation } from '../operation.ts'
import { name } from '../schema/scalars.ts'
import { address, memberId } from './shapes.ts'

/** Adds a learner. */
export const memberAdd = operation({
  code: 128,
  name: 'member.add',
  kind: 'admin',
  doc: 'Adds a member as a learner: it replicates, and has no vote until it is promoted.',
  fields: { id: memberId, name, peer: address, client: address },
  result: {},
  example: { id: 4, name: 'n4', peer: '10.0.0.4:5556', client: '10.0.0.4:5555' },
  exampleResult: {},
})
