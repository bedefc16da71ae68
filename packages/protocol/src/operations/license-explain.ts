import { operation } from '../operation.ts'
import { count, word } from '../schema/scalars.ts'
import { optional, told } from '../schema/schema.ts'
import {
  company,
  feature,
  group,
  host,
  licenseHolder,
  licenseTried,
  productAsked,
  rule,
  units,
  user,
  validityState,
} from './license-shapes.ts'
import { installation, many, sessionId } from './shapes.ts'

/** What a check-out would be answered now, and why. */
export const licenseExplain = operation({
  code: 98,
  name: 'license.explain',
  kind: 'read',
  doc: 'What a check-out would be answered now, and why. A refused check-out has the same fields in its detail.',
  fields: {
    feature,
    product: productAsked,
    user,
    group,
    company,
    host,
    units: optional({ ...units, presence: 'required' as const, fallback: undefined }, 'Absent: 1.'),
    installation: optional(installation, "Absent: the session's, else `production`."),
    session: optional(sessionId, 'Ask as an owner of this session. Absent: as a new one.'),
    owner: optional(word, 'For products whose consumer key names it.'),
  },
  result: {
    would: told(word, '`grant` or `refuse`.'),
    product: told(count, '0 if refused.'),
    status: told(word, '`inUse` or `waived`; empty if refused.'),
    cause: told(word, 'Empty if granted.'),
    tried: told(many(licenseTried), 'Products looked at, in order.'),
    rule: optional(rule, 'The rule that decided.'),
    holders: told(many(licenseHolder), 'Who has the units.'),
    queued: count,
    place: optional(count, 'The place in the queue that waiting would give.'),
    earliestFreeMs: optional(count, 'From now: the first moment at which a time-out may free a unit.'),
    validity: validityState,
  },
  example: { feature: 'fiscal', user: 'bia', group: '01' },
  exampleResult: {
    would: 'refuse',
    product: 0,
    status: '',
    cause: 'exhausted',
    tried: [
      {
        product: 4_134,
        name: 'Fiscal',
        total: 10,
        used: 10,
        reserved: 0,
        overdraft: 0,
        queued: 1,
        outcome: 'exhausted',
      },
    ],
    holders: [
      {
        session: 17,
        client: 'appserver-1',
        owner: 'u1',
        user: 'ana',
        group: '01',
        host: 'ws-12',
        sinceMs: 1_795_262_400_000,
        product: 4_134,
      },
    ],
    queued: 1,
    place: 2,
    earliestFreeMs: 42_000,
    validity: 'valid',
  },
})
