import { address, leader, memberAddresses, memberId, sessionId, token } from '../operations/shapes.ts'
import { type Row, row, struct } from '../schema/containers.ts'
import { count, word } from '../schema/scalars.ts'
import { type FieldNode, type Fields, type Input, type Output, optional, told } from '../schema/schema.ts'

/** Kinds of the ledger's events, as watches name them. A newer node may know more. */
export const eventKinds = [
  'session.opened',
  'session.resumed',
  'session.closed',
  'session.expired',
  'lock.granted',
  'lock.released',
  'lock.queued',
  'code.reserved',
  'code.released',
  'semaphore.granted',
  'semaphore.released',
  'sequence.issued',
  'sequence.confirmed',
  'sequence.returned',
  'sequence.gap',
  'sequence.low',
  'member.changed',
  'license.granted',
  'license.released',
  'license.revoked',
  'license.queued',
  'license.assigned',
  'license.unassigned',
  'license.borrowed',
  'license.returned',
  'license.metric',
  'license.rules',
  'license.key',
  'license.validity',
] as const

export type EventKind = (typeof eventKinds)[number]

const change = struct({
  revision: told(count, 'Grows by one with each event of the cluster.'),
  kind: told(word, 'For example `lock.granted`; unknown ones are passed over.'),
  namespace: told(word, 'Empty if none.'),
  name: told(word, "Empty if none; of licenses: the product's number."),
  session: told(sessionId, '0 if none.'),
  owner: told(word, 'Empty if none.'),
  token: optional(token),
  value: optional(
    word,
    'A number, or `first..last` of a block or gap; of licenses: units, a metric, a user, a version, a serial, a state.',
  ),
  reason: optional(word),
})

interface EventDefinition<N extends string, T, I> {
  readonly code: number
  readonly name: N
  readonly doc: string
  readonly row: Row<T, I>
  readonly example: I
}

function event<const N extends string, F extends Fields>(description: {
  readonly code: number
  readonly name: N
  readonly doc: string
  readonly fields: F
  readonly example: Input<F>
}): EventDefinition<N, Output<F>, Input<F>> {
  const { code, name, doc, fields, example } = description
  return { code, name, doc, row: row(fields), example }
}

const leaderChanged = event({
  code: 1,
  name: 'leader',
  doc: 'Leadership moved, as far as the node knows. All absent: no leader is known.',
  fields: {
    node: optional(memberId, 'Id of the leader.'),
    address: optional(address, 'Where it serves clients.'),
    name: optional(word, 'Its name.'),
  },
  example: { node: 2, address: '10.0.0.2:5555', name: 'n2' },
})

const watched = event({
  code: 2,
  name: 'watch',
  doc: 'What a watch asked for; in the order of revisions.',
  fields: { watch: told(count, 'Number of the watch.'), change },
  example: {
    watch: 1,
    change: {
      revision: 5_001,
      kind: 'lock.granted',
      namespace: 'producao',
      name: 'SA1000001',
      session: 17,
      owner: 'u1',
      token: 42,
    },
  },
})

const sessionLost = event({
  code: 3,
  name: 'sessionLost',
  doc: "The connection's session has ended: all that it held is released.",
  fields: { session: sessionId, reason: told(word, '`expired`, `closed` or `resumed` (elsewhere).') },
  example: { session: 17, reason: 'expired' },
})

const watchLost = event({
  code: 4,
  name: 'watchLost',
  doc: 'The node ended a watch: events may be missing after the last one sent.',
  fields: {
    watch: count,
    reason: told(word, '`slow` or `compacted`.'),
    oldest: optional(count, 'First revision that can still be had.'),
  },
  example: { watch: 1, reason: 'slow', oldest: 4_900 },
})

const draining = event({
  code: 5,
  name: 'draining',
  doc: 'The node will end: go to the leader, or to another node.',
  fields: { leader: optional(leader) },
  example: { leader: { node: 2, address: '10.0.0.2:5555' } },
})

const membersChanged = event({
  code: 6,
  name: 'members',
  doc: 'The members have changed: those to dial when the present connection is gone.',
  fields: { members: told(memberAddresses, 'Where all of them serve clients.') },
  example: { members: ['10.0.0.2:5555', '10.0.0.3:5555', '10.0.0.4:5555'] },
})

export const eventList = [leaderChanged, watched, sessionLost, watchLost, draining, membersChanged] as const

type Listed = (typeof eventList)[number]
type Named<O extends Listed, T> = { event: O['name'] } & T extends infer E ? { [K in keyof E]: E[K] } : never
type Read<O extends Listed> = O extends Listed ? Named<O, ReturnType<O['row']['read']>> : never
type Written<O extends Listed> = O extends Listed ? Named<O, O['example']> : never

/** A pushed event, discriminated by `event`. */
export type ServerEvent = Read<Listed>
/** An event as a node writes it. */
export type ServerEventInput = Written<Listed>
/** What a watch tells. */
export type Change = Extract<ServerEvent, { event: 'watch' }>['change']

interface AnyEvent {
  readonly code: number
  readonly name: string
  readonly doc: string
  readonly row: Row<unknown, unknown> & { readonly fields: readonly FieldNode[] }
}

const list: readonly AnyEvent[] = eventList as readonly AnyEvent[]

export function eventByCode(code: number): AnyEvent | undefined {
  return list.find((known) => known.code === code)
}

export function eventByName(name: string): AnyEvent | undefined {
  return list.find((known) => known.name === name)
}
