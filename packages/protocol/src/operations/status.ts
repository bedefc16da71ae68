import { operation } from '../operation.ts'
import { map } from '../schema/containers.ts'
import { boolean, count, float, signed, word } from '../schema/scalars.ts'
import { byDefault, optional, told } from '../schema/schema.ts'
import { leader, many, memberId } from './shapes.ts'

const member = map({
  id: memberId,
  name: word,
  peer: word,
  client: word,
  role: told(word, '`voter` or `learner`.'),
  drained: boolean,
  alive: told(boolean, 'Heard from lately, as the node that answers sees it.'),
  match: optional(count, 'Last index known to be on it; only the leader knows.'),
  lag: optional(count, 'Entries behind the leader.'),
  state: optional(word, '`probe`, `replicate` or `snapshot`.'),
})

const report = map({
  node: memberId,
  name: word,
  cluster: word,
  version: told(word, 'Software version.'),
  role: told(word, '`leader`, `follower`, `candidate` or `learner`.'),
  term: count,
  leader: optional(leader),
  commit: count,
  applied: count,
  lastIndex: count,
  members: many(member),
  uptimeMs: count,
  draining: byDefault(boolean, false),
  connections: byDefault(count, 0),
  revision: byDefault(count, 0, 'Events so far.'),
  sessions: byDefault(count, 0),
  locks: byDefault(count, 0),
  codes: byDefault(count, 0),
  semaphores: byDefault(count, 0),
  sequences: byDefault(count, 0),
  waiting: byDefault(count, 0),
  hash: optional(map({ index: count, digest: word }), 'Hash over the ledger at an index.'),
  memory: optional(map({ rssBytes: count, heapUsedBytes: count })),
  commitLatencyMs: optional(float),
  clockOffsetMs: optional(signed, "Cluster time less the node's own clock."),
})

/** What a node knows about itself and the cluster. */
export const status = operation({
  code: 112,
  name: 'status',
  kind: 'local',
  doc: 'What the node that is asked knows about itself and the cluster.',
  fields: {},
  result: { status: report },
  example: {},
  exampleResult: {
    status: {
      node: 1,
      name: 'n1',
      cluster: 'c-4f1d',
      version: '0.1.0',
      role: 'leader',
      term: 4,
      leader: { node: 1, address: '10.0.0.1:5555', name: 'n1' },
      commit: 9_000,
      applied: 9_000,
      lastIndex: 9_001,
      members: [
        {
          id: 2,
          name: 'n2',
          peer: '10.0.0.2:5556',
          client: '10.0.0.2:5555',
          role: 'voter',
          drained: false,
          alive: true,
          match: 9_000,
          lag: 1,
          state: 'replicate',
        },
      ],
      uptimeMs: 86_400_000,
      sessions: 3,
      locks: 120,
      hash: { index: 8_192, digest: '5f1c0ade' },
      commitLatencyMs: 0.75,
    },
  },
})
