import { limits } from '../limits.ts'
import { list, readField, readOptional, struct } from '../schema/containers.ts'
import { count, integer, name, oneOf, signed, text, word } from '../schema/scalars.ts'
import { byDefault, optional, type Schema, told } from '../schema/schema.ts'

// Parts that several operations share. Domain section 1 (sessions), 4 (locks), 5 (sequences).

export const namespace = told(name, 'Environment in which the names live.')
export const namespaceAsked = told(
  text({ max: limits.nameSizeMax, plain: true }),
  "Environment; empty = the one of the connection's session.",
)
export const owner = told(name, 'User or thread inside the session; any text.')
export const sessionId = told(count, 'Number of the session.')
export const memberId = integer(1, Number.MAX_SAFE_INTEGER)
export const address = text({ min: 1, max: limits.addressSizeMax, plain: true })
export const memberAddresses = list(address, { max: limits.membersMax })
export const installation = told(
  oneOf('production', 'homologation', 'development'),
  'Type of the installation.',
)
const mode = oneOf('exclusive', 'shared')
export const waitMs = told(
  integer(-1, limits.waitMaxMs),
  'How long to wait in the queue: 0 = try, -1 = until canceled.',
)
export const token = told(count, 'Fencing token: grows with every grant of the whole cluster.')
export const wallMs = told(count, "The leader's wall clock, milliseconds since 1970. Data only.")
export const permits = integer(1, limits.permitsMax)

const lockMode = byDefault(mode, 'exclusive')

export const lockRequest = struct({ name, mode: lockMode }, (reader) => ({
  name: readField(reader, name),
  mode: readField(reader, lockMode),
}))

export const holder = struct({
  session: sessionId,
  client: word,
  owner: word,
  mode,
  token,
  sinceMs: wallMs,
  count,
})

export const waiter = struct({
  session: sessionId,
  client: word,
  owner: word,
  mode,
  id: told(count, "The waiting request's id."),
  sinceMs: wallMs,
  waitMs: signed,
})

export const value = told(text({ max: limits.valueSizeMax }), 'Value of a sequence, without its prefix.')
export const reason = told(text({ max: limits.reasonSizeMax }), 'Why, in words.')
const scopePart = text({ max: limits.valueSizeMax, plain: true })
const period = optional(scopePart, 'Absent: the present one, if the sequence is reset by period.')

export const scope = told(
  struct({ company: scopePart, branch: scopePart, period }, (reader) => {
    const company = readField(reader, scopePart)
    const branch = readField(reader, scopePart)
    const at = readOptional(reader, period)
    return at === undefined ? { company, branch } : { company, branch, period: at }
  }),
  'Which counter of the sequence.',
)

export const sequenceSpec = struct({
  kind: oneOf('gapless', 'fast'),
  digits: told(oneOf('decimal', 'soma1'), 'Order of the values.'),
  width: told(integer(1, limits.widthMax), 'Digits of each value.'),
  prefix: byDefault(text({ max: limits.valueSizeMax, plain: true }), ''),
  start: told(value, 'First value, as wide as all.'),
  reset: byDefault(oneOf('never', 'year', 'month', 'day'), 'never', 'A counter for each period.'),
  utcOffsetMinutes: byDefault(integer(-840, 840), -180, 'Time zone of the period.'),
  reservationTtlMs: byDefault(
    integer(0, limits.reservationTtlMaxMs),
    0,
    'Life of a reservation; 0 = as long as its owner.',
  ),
  warnBelow: byDefault(count, 0, 'Values left at which an event warns of the overflow; 0 = never.'),
})

export const prefix = byDefault(
  text({ max: limits.nameSizeMax, plain: true }),
  '',
  'Only names that begin so.',
)
export const cursor = told(text({ max: 2_048 }), 'Where the next page begins.')
export const after = optional(cursor, "The last page's `next`.")
export const limit = byDefault(integer(1, limits.pageMax), 100, 'Rows of a page.')

export const leader = struct({ node: memberId, address, name: optional(word) })

/** A list whose length the writer bounds: pages, holders. */
export function many<T, I>(item: Schema<T, 'required', I>): Schema<T[], 'required', readonly I[]> {
  return list(item, { max: limits.itemsMax })
}

/** A scope whose period was filled in. */
export const filledScope = struct({ company: word, branch: word, period: word })

export const sessionFields = {
  session: sessionId,
  client: word,
  namespace: word,
  installation,
  ttlMs: count,
  generation: count,
  locks: count,
  codes: count,
  permits: count,
  reservations: count,
  waiting: count,
  openedMs: wallMs,
}
