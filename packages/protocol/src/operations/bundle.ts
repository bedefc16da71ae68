import { limits } from '../limits.ts'
import { operation } from '../operation.ts'
import { choice, variant } from '../schema/choice.ts'
import { list } from '../schema/containers.ts'
import { dictionary, free } from '../schema/free.ts'
import { integer, name } from '../schema/scalars.ts'
import { byDefault, optional, told } from '../schema/schema.ts'
import {
  checkoutMode,
  company,
  feature,
  group,
  host,
  idleMs,
  lingerMs,
  productAsked,
  units,
  user,
} from './license-shapes.ts'
import { lockRequest, owner, permits, scope, sequenceSpec, token, value } from './shapes.ts'

const spec = optional(sequenceSpec, 'Defines the sequence if there is none.')
const seedIfAbsent = optional(value, 'Largest value in use: a new counter starts after it.')

/** The parts have the codes of their operations, and their fields without owner, wait and priority. */
const bundlePart = choice(
  variant(80, 'license.checkout', {
    feature,
    product: productAsked,
    user,
    group,
    company,
    host,
    units,
    mode: checkoutMode,
    lingerMs,
    idleMs,
  }),
  variant(32, 'lock.acquire', {
    locks: list(lockRequest, { min: 1, max: limits.locksPerRequestMax, distinct: 'name' }),
  }),
  variant(50, 'semaphore.acquire', { name, permits: byDefault(permits, 1), total: optional(permits) }),
  variant(66, 'sequence.reserve', {
    name,
    scope,
    ttlMs: optional(
      integer(0, limits.reservationTtlMaxMs),
      "Life of the reservation; absent = the sequence's.",
    ),
    spec,
    seedIfAbsent,
  }),
  variant(65, 'sequence.next', {
    name,
    scope,
    count: byDefault(integer(1, limits.sequenceCountMax), 1),
    spec,
    seedIfAbsent,
  }),
)

/** Licenses, locks, permits and numbers in one step. */
export const bundle = operation({
  code: 93,
  name: 'bundle',
  kind: 'command',
  doc: 'Licenses, locks, permits and numbers, all or nothing, in one step and with one fencing token. A refusal is that of a part, with `part`: its place.',
  fields: {
    owner,
    parts: told(
      list(bundlePart, { min: 1, max: limits.bundlePartsMax }),
      'Each has the code and the fields of its operation, without owner, wait and priority.',
    ),
    waitMs: byDefault(integer(0, 0), 0, 'A bundle does not wait.'),
  },
  result: {
    token,
    results: told(
      list(dictionary(free), { max: limits.bundlePartsMax }),
      'What each part alone would have answered: maps whose keys are the names of the result fields.',
    ),
  },
  example: {
    owner: 'u1',
    parts: [
      { op: 'license.checkout', feature: 'fiscal', user: 'ana', group: '01' },
      { op: 'lock.acquire', locks: [{ name: 'SF2' }] },
      { op: 'sequence.reserve', name: 'nf', scope: { company: '01', branch: '0101' } },
    ],
  },
  exampleResult: {
    token: 46,
    results: [
      { grant: 815, product: 4_134, status: 'inUse', units: 1, unit: 3, token: 46 },
      { token: 46, counts: [1] },
      { value: '000101', prefix: 'A', period: '2026', reissued: false },
    ],
  },
})
