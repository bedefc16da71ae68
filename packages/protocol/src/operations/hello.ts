import { limits } from '../limits.ts'
import { operation } from '../operation.ts'
import { list, map } from '../schema/containers.ts'
import { boolean, count, integer, name, text, word } from '../schema/scalars.ts'
import { byDefault, optional, told } from '../schema/schema.ts'
import { leader, memberAddresses, memberId } from './shapes.ts'

const versionNumber = integer(1, 65_535)
const featureList = list(text({ min: 1, max: 64, plain: true }), { max: 64 })

const hi = map({
  min: told(versionNumber, 'Oldest protocol version that the client speaks.'),
  max: told(versionNumber, 'Newest one.'),
  features: told(byDefault(featureList, []), 'Features that it knows.'),
  client: told(name, 'Its name, shown to people.'),
  software: optional(text({ max: 128, plain: true }), 'Library and version.'),
  auth: optional(text({ max: limits.authSizeMax }), 'Token, where the cluster asks for one.'),
})

const welcome = map({
  version: told(versionNumber, 'The version that both speak from now on.'),
  features: told(byDefault(featureList, []), 'Features that the node knows.'),
  software: optional(word, "The node's version."),
  cluster: told(word, 'Id of the cluster.'),
  node: memberId,
  name: told(word, "The node's name."),
  role: told(word, '`leader`, `follower`, `candidate` or `learner`.'),
  leader: optional(leader, 'Absent: none is known.'),
  draining: told(byDefault(boolean, false), 'The node takes no new work.'),
  members: told(byDefault(memberAddresses, []), 'Where the members serve clients, as far as the node knows.'),
  limits: map({
    frameSizeMax: count,
    nameSizeMax: count,
    ttlMinMs: count,
    ttlMaxMs: count,
    outstandingMax: count,
  }),
  serverTimeMs: told(count, "The node's wall clock, milliseconds since 1970. For people only."),
})

/** The first frame of a connection: who speaks which versions. */
export const hello = operation({
  code: 0,
  name: 'hello',
  kind: 'local',
  doc: 'The first frame of a connection. No common version: `unsupportedVersion`, and the node closes.',
  fields: { hi },
  result: { welcome },
  example: { hi: { min: 1, max: 1, features: ['watch', 'resume'], client: 'appserver-1' } },
  exampleResult: {
    welcome: {
      version: 1,
      features: ['watch', 'resume'],
      cluster: 'c-4f1d',
      node: 2,
      name: 'n2',
      role: 'follower',
      leader: { node: 1, address: '10.0.0.1:5555', name: 'n1' },
      members: ['10.0.0.1:5555', '10.0.0.2:5555', '10.0.0.3:5555'],
      limits: {
        frameSizeMax: 1_048_576,
        nameSizeMax: 512,
        ttlMinMs: 2_000,
        ttlMaxMs: 600_000,
        outstandingMax: 65_536,
      },
      serverTimeMs: 1_795_262_400_000,
    },
  },
})
