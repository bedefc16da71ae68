import { limits } from '../limits.ts'
import { list, struct } from '../schema/containers.ts'
import { count, integer, oneOf, text, word } from '../schema/scalars.ts'
import { byDefault, optional, told } from '../schema/schema.ts'
import { installation, many, namespace, sessionId, token, wallMs } from './shapes.ts'

// Parts that several operations on licenses share. Domain sections 2 and 3.

const who = text({ max: limits.nameSizeMax, plain: true })

export const product = told(integer(1, limits.productMax), "The product's number in the key.")
export const productAsked = byDefault(
  integer(0, limits.productMax),
  0,
  "The product's number in the key; 0 if a feature is given.",
)
export const feature = byDefault(who, '', 'What the application asks for; empty if a product is given.')
export const user = byDefault(who, '', 'User of the ERP.')
export const group = byDefault(who, '', 'Business group.')
export const company = byDefault(who, '', 'Company.')
export const host = byDefault(who, '', 'Machine.')
export const units = byDefault(
  integer(1, limits.unitsMax),
  1,
  'Units; for products that count processors, the cores of the host.',
)
export const checkoutMode = byDefault(
  oneOf('use', 'query'),
  'use',
  '`query` asks and is recorded, but counts nothing and never waits.',
)
export const lingerMs = optional(
  integer(0, limits.lingerMaxMs),
  'How long the unit stays with its consumer after the check-in.',
)
export const idleMs = optional(
  integer(0, limits.idleMaxMs),
  'Given back when it was not renewed for so long; absent = never.',
)
export const grant = told(count, 'Number of the grant.')
export const grantStatus = told(
  oneOf('query', 'inUse', 'waived'),
  'Asked only, counts, or shares a unit that is counted already.',
)
export const unit = told(count, 'Running number of the unit in its pool: L1, L2, ...; 0 for a query.')
const nature = oneOf('concurrent', 'onDemand', 'processing', 'enabling', 'named')
export const userNamed = told(text({ min: 1, max: limits.nameSizeMax, plain: true }), 'User of the ERP.')
export const metricValue = integer(0, limits.metricMax)

export const rule = struct({
  kind: oneOf('reserve', 'max', 'include', 'exclude', 'idle', 'linger', 'overdraft', 'borrowMax'),
  product: told(integer(0, limits.productMax), '0 = each product by itself.'),
  subject: told(
    struct({
      type: oneOf('user', 'group', 'host', 'company', 'network', 'all'),
      value: told(who, 'Empty for `all`; of `network` an IPv4 range such as 10.1.0.0/16.'),
    }),
    'Whom it is about.',
  ),
  amount: optional(integer(0, limits.metricMax), 'Of `reserve`, `max`, `overdraft`, `borrowMax`.'),
  ms: optional(integer(0, limits.idleMaxMs), 'Of `idle` and `linger`.'),
})
/** Told by members of this version; an older one keeps 30 days. */
export const usageDays = byDefault(count, 30, 'Days that usage and denials are kept.')
export const rules = list(rule, { max: limits.rulesMax })

export const licenseHolder = struct({
  session: sessionId,
  client: word,
  owner: word,
  user: word,
  group: word,
  host: word,
  sinceMs: wallMs,
  product: count,
})

export const licenseTried = struct({
  product: count,
  name: word,
  total: count,
  used: count,
  reserved: told(count, 'Kept free by rules for those who do not use them yet.'),
  overdraft: count,
  queued: count,
  outcome: told(word, '`free`, `shared`, `reused`, or the cause why not.'),
})

export const validityState = told(
  word,
  '`unlicensed`, `valid`, `contingency`, `expired`, `restricted` or `emergency`.',
)

export const validityFields = {
  state: validityState,
  reason: told(word, 'Empty, or why: for example `endsSoon`, `notValidated`, `notYet`, `ended`.'),
  endMs: told(count, 'End of what is in force, wall clock, exclusive; 0 if nothing is.'),
  calendarMs: told(count, 'The wall clock that validity goes by.'),
  validatedMs: told(count, 'Wall clock of the last online validation.'),
  serial: told(count, 'Serial of the key; 0 if none.'),
  customer: word,
  installationId: word,
  validFrom: told(word, 'First valid day, YYYY-MM-DD.'),
  validUntil: told(word, 'Last valid day.'),
  emergencies: told(list(word, { max: limits.itemsMax }), 'Days of emergency keys in three rolling months.'),
}

export const validity = struct(validityFields)

export const reducedBelowUse = struct({
  product: count,
  installation: word,
  used: count,
  total: told(count, 'What would be left.'),
})

export const productView = struct({
  product: count,
  name: word,
  nature,
  installation,
  total: told(count, "Units of this installation type; of `onDemand` the metric's limit."),
  overdraft: count,
  used: told(count, "Units counted now; of `onDemand` the metric's value."),
  resting: told(count, 'Units that wait to be reused: given up when another needs one.'),
  lingering: count,
  available: count,
  reserved: count,
  borrowed: count,
  assigned: told(count, 'Of `named`: users with a unit.'),
  inUse: told(count, 'Grants that count.'),
  waived: told(count, 'Grants that share a unit.'),
  query: told(count, 'Grants that only asked.'),
  queued: count,
  peak: told(count, 'Most units at a time.'),
  peakMs: wallMs,
  peakConnections: told(count, 'Most grants at a time, whatever their status.'),
  validity: validityState,
  validUntil: word,
})

export const grantView = struct({
  grant,
  product: count,
  name: word,
  installation,
  feature: word,
  status: grantStatus,
  units: count,
  unit,
  token,
  session: sessionId,
  client: word,
  namespace: told(word, namespace.doc),
  owner: word,
  user: word,
  group: word,
  company: word,
  host: word,
  sinceMs: wallMs,
  idleLeftMs: optional(count, 'Rest of the idle time.'),
  taken: optional(count, "A lease's units that are handed out."),
})

export const denialView = struct({
  id: count,
  atMs: wallMs,
  cause: word,
  feature: word,
  product: count,
  installation,
  session: sessionId,
  client: word,
  owner: word,
  user: word,
  group: word,
  company: word,
  host: word,
  units: count,
})

export const borrowView = struct({
  borrow: told(word, 'Id of what was borrowed.'),
  product: count,
  name: word,
  installation,
  user: word,
  units: count,
  sinceMs: wallMs,
  untilMs: wallMs,
})

export const keyView = struct({
  kind: oneOf('license', 'emergency'),
  serial: count,
  installedMs: wallMs,
  validFrom: word,
  validUntil: word,
  added: many(count),
  removed: many(count),
})
