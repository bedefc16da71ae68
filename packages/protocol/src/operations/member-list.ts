import { operation } from '../operation.ts'
import { struct } from '../schema/containers.ts'
import { boolean, count, name, word } from '../schema/scalars.ts'
import { told } from '../schema/schema.ts'
import { many, memberId } from './shapes.ts'

const member = struct({
  id: memberId,
  name,
  peer: word,
  client: word,
  drained: boolean,
  starts: told(count, 'How often the member has started.'),
  lastIndex: told(count, 'How far its log had got when it was last seen.'),
})

/** The address book, as the ledger knows it. */
export const memberList = operation({
  code: 132,
  name: 'member.list',
  kind: 'read',
  doc: 'The address book of the cluster, as the ledger knows it.',
  fields: {},
  result: { members: many(member) },
  example: {},
  exampleResult: {
    members: [
      {
        id: 1,
        name: 'n1',
        peer: '10.0.0.1:5556',
        client: '10.0.0.1:5555',
        drained: false,
        starts: 3,
        lastIndex: 9_000,
      },
    ],
  },
})
