import fc from 'fast-check'
import t from 'tap'
import {
  addDays,
  addMonths,
  dayEndMs,
  dayOf,
  dayStartMs,
  diffKeys,
  type LicenseKey,
  offsetText,
  type Product,
  unitsInForce,
  validityAt,
} from '../src/index.ts'
import { emergency, license, property } from './kit.ts'

const at = (instant: string): number => Date.parse(instant)

await t.test(
  'a license ends with its last day in its own offset, 15 days after contingency began',
  async (t) => {
    const stateAt = (instant: string): string => validityAt(license, at(instant)).state
    // -180: the day begins at 03:00 UTC
    t.equal(stateAt('2026-01-01T02:59:59.999Z'), 'notYet')
    t.equal(stateAt('2026-01-01T03:00:00.000Z'), 'valid')
    t.equal(stateAt('2026-04-16T02:59:59.999Z'), 'valid')
    t.equal(stateAt('2026-04-16T03:00:00.000Z'), 'contingency')
    t.equal(stateAt('2026-05-01T02:59:59.999Z'), 'contingency')
    t.equal(stateAt('2026-05-01T03:00:00.000Z'), 'expired')
    const validity = validityAt(license, 0)
    t.equal(validity.endMs, at('2026-05-01T00:00:00-03:00'))
    t.equal(validity.endMs - validity.contingencyMs, 15 * 86_400_000)
  },
)

await t.test('a license shorter than 15 days is in contingency from its first millisecond', async (t) => {
  const short: LicenseKey = { ...license, validFrom: '2026-02-27', validUntil: '2026-03-02' }
  t.equal(validityAt(short, at('2026-02-27T03:00:00.000Z')).state, 'contingency')
  t.equal(validityAt(short, at('2026-02-27T02:59:59.999Z')).state, 'notYet')
})

await t.test('an emergency key opens its own day only, midnight to midnight at -180', async (t) => {
  const stateAt = (instant: string): string => validityAt(emergency, at(instant)).state
  t.equal(stateAt('2026-02-28T12:00:00-03:00'), 'notYet', 'the day before')
  t.equal(stateAt('2026-02-28T23:59:59.999-03:00'), 'notYet')
  t.equal(stateAt('2026-03-01T00:00:00.000-03:00'), 'valid')
  t.equal(stateAt('2026-03-01T12:00:00-03:00'), 'valid', 'on the day')
  t.equal(stateAt('2026-03-01T23:59:59.999-03:00'), 'valid')
  t.equal(stateAt('2026-03-02T00:00:00.000-03:00'), 'expired')
  t.equal(stateAt('2026-03-02T12:00:00-03:00'), 'expired', 'the day after')
  // in UTC it is the next day already
  t.equal(stateAt('2026-03-02T02:59:59.999Z'), 'valid')
})

await t.test('months of different lengths', async (t) => {
  const cases: readonly (readonly [string, number, string])[] = [
    ['2026-01-31', 1, '2026-02-28'],
    ['2028-01-31', 1, '2028-02-29'],
    ['2026-11-30', 3, '2027-02-28'],
    ['2027-11-30', 3, '2028-02-29'],
    ['2026-08-31', 3, '2026-11-30'],
    ['2026-12-15', 3, '2027-03-15'],
    ['2026-01-15', 4, '2026-05-15'],
    ['2026-03-31', -1, '2026-02-28'],
    ['2026-01-15', -1, '2025-12-15'],
    ['2026-12-31', 0, '2026-12-31'],
    ['2100-01-30', 1, '2100-02-28'],
    ['2000-01-30', 1, '2000-02-29'],
  ]
  for (const [day, months, expected] of cases) t.equal(addMonths(day, months), expected)
  t.equal(addDays('2026-02-28', 1), '2026-03-01')
  t.equal(addDays('2028-03-01', -1), '2028-02-29')
  t.equal(offsetText(-180), '-03:00')
  t.equal(offsetText(345), '+05:45')
  t.equal(offsetText(0), '+00:00')
})

await t.test('days of any offset follow each other without a gap', async () => {
  const offset = fc.integer({ min: -720, max: 840 })
  const instant = fc.integer({ min: at('2001-01-01T00:00:00Z'), max: at('2900-01-01T00:00:00Z') })
  fc.assert(
    fc.property(offset, instant, (minutes, wallMs) => {
      const day = dayOf(wallMs, minutes)
      return (
        dayStartMs(day, minutes) <= wallMs &&
        wallMs < dayEndMs(day, minutes) &&
        dayEndMs(day, minutes) === dayStartMs(addDays(day, 1), minutes) &&
        dayOf(dayEndMs(day, minutes), minutes) === addDays(day, 1)
      )
    }),
    property(500),
  )
})

await t.test('the state of a license only goes forward', async () => {
  const order = ['notYet', 'valid', 'contingency', 'expired']
  const instant = fc.integer({ min: at('2025-12-01T00:00:00Z'), max: at('2026-06-01T00:00:00Z') })
  fc.assert(
    fc.property(instant, instant, (one, other) => {
      const [early, late] = [Math.min(one, other), Math.max(one, other)]
      const rank = (wallMs: number): number => order.indexOf(validityAt(license, wallMs).state)
      return rank(early) <= rank(late)
    }),
    property(300),
  )
})

await t.test('units in force: distribution, homologation as production, overdraft on top', async (t) => {
  const full = license.products[0]!
  t.equal(unitsInForce(full, 'production'), 10)
  t.equal(unitsInForce(full, 'homologation'), 10)
  t.equal(unitsInForce(full, 'development'), 4)
  const plain = license.products[1]!
  t.equal(unitsInForce(plain, 'production'), 5)
  t.equal(unitsInForce(plain, 'homologation'), 5)
  t.equal(unitsInForce(plain, 'development'), 0)
  t.equal(unitsInForce(license.products[5]!, 'production'), 0, 'enabling counts nothing')
  const closed: Product = { ...full, distribution: { production: 10, development: 0 } }
  t.equal(unitsInForce(closed, 'development'), 0, 'no overdraft where nothing was given')
})

await t.test('a difference names products, fields, features, and what falls below its use', async (t) => {
  const [full, webservice, , ...rest] = license.products
  const next: LicenseKey = {
    ...license,
    serial: 8,
    issuedAt: '2026-04-01T00:00:00.000Z',
    validUntil: '2026-08-31',
    products: [
      { ...full!, quantity: 6, distribution: { production: 5, development: 1 } },
      webservice!,
      ...rest,
      { id: 4004, name: 'Light', nature: 'concurrent', quantity: 1 },
    ],
    features: [
      { id: 'fiscal', name: 'Fiscal', products: [4134, 4004, 4000] },
      { id: 'rest', name: 'REST', products: [4001] },
    ],
  }
  const diff = diffKeys(license, next, [
    { product: 4000, installation: 'production', used: 8 },
    { product: 4000, installation: 'homologation', used: 7 },
    { product: 4177, installation: 'production', used: 250 },
  ])
  t.strictSame(diff, {
    added: [{ id: 4004, name: 'Light' }],
    removed: [{ id: 4177, name: 'HR OnDemand' }],
    changed: [
      {
        product: 4000,
        field: 'distribution',
        from: '{"development":2,"production":8}',
        to: '{"development":1,"production":5}',
      },
      { product: 4000, field: 'quantity', from: '10', to: '6' },
    ],
    reducedBelowUse: [
      { product: 4000, name: 'Full', installation: 'production', used: 8, inForce: 7 },
      { product: 4177, name: 'HR OnDemand', installation: 'production', used: 250, inForce: 0 },
    ],
    features: {
      added: ['rest'],
      removed: ['webservices'],
      changed: [{ feature: 'fiscal', field: 'products', from: '[4134,4000]', to: '[4134,4004,4000]' }],
    },
    general: [{ field: 'validUntil', from: '"2026-04-30"', to: '"2026-08-31"' }],
  })
  const first = diffKeys(undefined, license, [])
  t.equal(first.added.length, license.products.length)
  t.strictSame([first.removed, first.changed, first.reducedBelowUse, first.general], [[], [], [], []])
  const without: LicenseKey = { ...license }
  delete (without as { clones?: unknown }).clones
  const lost = diffKeys(license, without, []).general
  t.match(lost, [{ field: 'clones', from: /HL-77-B/ }])
  t.notOk('to' in lost[0]!)
})
