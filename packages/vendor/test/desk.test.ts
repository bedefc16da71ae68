import { addMonths, dayOf, FieldError, generateKeyPair, signKey, unitsInForce } from '@tranca/license-key'
import fc from 'fast-check'
import t from 'tap'
import {
  checkCatalog,
  checkPlan,
  checkRegister,
  emergencyQuota,
  emptyRegister,
  issue,
  issueEmergency,
  type Plan,
  type Register,
  registerClone,
  renew,
  split,
} from '../src/index.ts'
import {
  at,
  catalog,
  check,
  developmentOrder,
  issued,
  must,
  noon,
  order,
  readJson,
  seeded,
  splitPlan,
} from './kit.ts'

const fieldOf = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    if (error instanceof FieldError && error.value !== '' && error.expected !== '') return error.field
    throw error
  }
  return 'accepted'
}

await t.test('the sample catalog has the products, natures and lists that the field knows', async (t) => {
  const byId = new Map(catalog.products.map((product) => [product.id, product]))
  const natures: Record<string, number[]> = {
    concurrent: [4000, 4001, 4004, 4007, 4092, 4099, 4107, 4134, 4135, 4145, 4160, 4161, 4199, 3999],
    named: [4016, 4017],
    processing: [4091],
    onDemand: [4177],
    enabling: [3100, 3125, 4284],
  }
  for (const [nature, ids] of Object.entries(natures)) {
    for (const id of ids) t.equal(byId.get(id)?.nature, nature, `${id}`)
  }
  t.equal(Object.values(natures).flat().length, catalog.products.length)
  t.strictSame(byId.get(4000)?.consumerKey, ['user', 'group'])
  t.strictSame(byId.get(4001)?.reuse, { windowMs: 30_000, from: 'acquire' })
  t.strictSame(byId.get(4199)?.reuse, { windowMs: 60_000, from: 'acquire' })
  t.strictSame(byId.get(4091)?.consumerKey, ['host'])
  const lists = new Map(catalog.features.map((feature) => [feature.id, feature.products]))
  t.strictSame(
    lists.get('fiscal'),
    [4134, 4145, 4135, 4177, 4107, 4160, 4161, 4004, 3999, 4016, 4017, 4000, 4099],
  )
  t.strictSame(lists.get('webservices'), [4001, 4199, 4016, 4017, 4000, 4099])
  t.strictSame(lists.get('rest.module7')?.slice(0, 2), [4177, 4001], 'OnDemand first, else TOTVS I')
})

await t.test('the development order becomes a key that can be signed', async (t) => {
  const result = must(
    issue({
      register: emptyRegister,
      catalog,
      order: check(readJson(developmentOrder)),
      nowMs: noon('2026-01-10'),
    }),
  )
  const license = result.licenses[0]!
  t.equal(license.products.length, catalog.products.length)
  t.equal(license.features.length, catalog.features.length)
  t.equal(license.validUntil, '2026-05-09')
  t.strictSame(signKey(license, generateKeyPair().privateKeyPem).body, license)
  t.equal(unitsInForce(license.products[0]!, 'development'), 10)
})

await t.test('an order takes nature, name, consumer key and reuse from the catalog', async (t) => {
  const { licenses, register } = issued('2026-01-31')
  const license = licenses[0]!
  t.strictSame(license.products[1], {
    id: 4001,
    name: 'TOTVS I',
    nature: 'concurrent',
    consumerKey: [],
    reuse: { windowMs: 30_000, from: 'acquire' },
    quantity: 4,
    overdraft: 2,
  })
  t.strictSame(license.products[3], { id: 3100, name: 'Corporate', nature: 'enabling', quantity: 0 })
  t.match(license, { serial: 1, validFrom: '2026-01-31', validUntil: '2026-05-30', hardlockId: 'HL-1' })
  t.strictSame(checkRegister(JSON.parse(JSON.stringify(register)), ''), register)
})

await t.test('the day of issue is that of the installation, also around midnight', async (t) => {
  const late = must(issue({ register: emptyRegister, catalog, order, nowMs: at('2026-02-28T23:59:59.999') }))
  t.match(late.licenses[0], { validFrom: '2026-02-28', validUntil: '2026-06-27' })
  const early = must(issue({ register: emptyRegister, catalog, order, nowMs: at('2026-03-01T00:00:00') }))
  t.match(early.licenses[0], { validFrom: '2026-03-01', validUntil: '2026-06-30' })
})

await t.test('wrong orders, catalogs and plans name field, value and what was expected', async (t) => {
  const wrong = (change: object): string => fieldOf(() => check({ ...order, ...change }))
  t.equal(
    wrong({
      products: [
        { id: 4000, quantity: 1 },
        { id: 4711, quantity: 1 },
      ],
    }),
    'products[1].id',
  )
  t.equal(wrong({ products: [{ id: 4000 }] }), 'products[0].quantity')
  t.equal(wrong({ products: [{ id: 4000, quantity: '10' }] }), 'products[0].quantity')
  t.equal(
    wrong({
      products: [
        { id: 4000, quantity: 1 },
        { id: 4000, quantity: 1 },
      ],
    }),
    'products[1].id',
  )
  t.equal(wrong({ products: [] }), 'products')
  t.equal(wrong({ custommer: {} }), 'custommer')
  t.equal(wrong({ validUntil: '2026-02-30' }), 'validUntil')
  t.equal(wrong({ validUntil: '2026-02-28', months: 4 }), 'months')
  t.equal(wrong({ features: ['fiscal', 'fiskal'] }), 'features[1]')
  t.equal(wrong({ installationId: 'a b' }), 'installationId')
  const issueOf = (product: object): string =>
    fieldOf(() => issued('2026-01-10', { products: [{ id: 4000, quantity: 10, ...product }] }))
  t.equal(issueOf({ distribution: { production: 8, development: 3 } }), 'products[0].distribution')
  t.equal(
    fieldOf(() => issued('2026-01-10', { products: [{ id: 3100, quantity: 2 }] })),
    'products[0].quantity',
  )

  const badCatalog = (change: object): string => fieldOf(() => checkCatalog({ ...catalog, ...change }, ''))
  const product = { id: 1, name: 'One', nature: 'concurrent' }
  t.equal(
    badCatalog({ features: [{ id: 'x', name: 'X', products: [4000, 4711] }] }),
    'features[0].products[1]',
  )
  t.equal(badCatalog({ products: [{ ...product, nature: 'onDemand' }], features: [] }), 'products[0].metric')
  t.equal(badCatalog({ products: [{ ...product, metric: 'x' }], features: [] }), 'products[0].metric')
  t.equal(badCatalog({ products: [product, product], features: [] }), 'products[1].id')

  const badPlan = (share: object): string => {
    const plan = { format: 1, installations: [{ installationId: 'a', products: [share] }] }
    return fieldOf(() => checkPlan(catalog, order)(plan, ''))
  }
  t.equal(badPlan({ id: 4004, production: 1 }), 'installations[0].products[0].id')
  t.equal(badPlan({ id: 3100, production: 1 }), 'installations[0].products[0].id')
  t.equal(badPlan({ id: 4000, production: -1 }), 'installations[0].products[0].production')
  t.equal(badPlan({ id: 4001, production: 1, overdraft: 3 }), 'installations[0].products[0].overdraft')
})

await t.test('each key of an installation has a larger serial, whatever its kind', async (t) => {
  const first = issued('2026-01-10')
  const emergency = must(
    issueEmergency({ register: first.register, installationId: 'acme', nowMs: noon('2026-01-11') }),
  )
  const renewed = must(
    renew({ register: emergency.register, installationId: 'acme', nowMs: noon('2026-01-12') }),
  )
  const again = issued('2026-01-13', { products: [{ id: 4000, quantity: 20 }] }, renewed.register)
  t.strictSame(
    [
      first.licenses[0]!.serial,
      emergency.body.serial,
      renewed.licenses[0]!.serial,
      again.licenses[0]!.serial,
    ],
    [1, 2, 3, 4],
  )
})

await t.test('a renewal loses no day of the license in force, and none of its contract', async (t) => {
  const first = issued('2026-01-01')
  t.equal(first.licenses[0]!.validUntil, '2026-04-30')
  const renewAt = (day: string, more: object = {}) =>
    renew({ register: first.register, installationId: 'acme', nowMs: noon(day), ...more })
  const early = must(renewAt('2026-04-01')).licenses[0]!
  t.match(early, { serial: 2, validFrom: '2026-04-01', validUntil: '2026-08-31' })
  t.strictSame([early.products, early.features], [first.licenses[0]!.products, first.licenses[0]!.features])
  t.match(must(renewAt('2026-06-15')).licenses[0], { validFrom: '2026-06-15', validUntil: '2026-10-14' })
  t.match(must(renewAt('2026-04-30', { months: 1 })).licenses[0], { validUntil: '2026-05-31' })
  t.match(must(renewAt('2026-04-30', { validUntil: '2026-05-02' })).licenses[0], { validUntil: '2026-05-02' })
  t.match(renewAt('2026-04-01', { validUntil: '2026-04-30' }), { ok: false, code: 'periodPast' })
  t.match(renew({ register: emptyRegister, installationId: 'acme', nowMs: 0 }), {
    code: 'unknownInstallation',
  })
})

await t.test('an order that is over already, or of another customer, is refused', async (t) => {
  const { register } = issued('2026-01-10')
  const again = (change: object) =>
    issue({ register, catalog, order: check({ ...order, ...change }), nowMs: noon('2026-01-10') })
  t.match(again({ validFrom: '2025-01-01', validUntil: '2026-01-09' }), {
    code: 'periodPast',
    field: 'validUntil',
    value: '2026-01-09',
  })
  t.ok(again({ validFrom: '2025-01-01', validUntil: '2026-01-10' }).ok, 'today is in time')
  t.match(again({ customer: { id: 'C-2', name: 'Other' } }), { code: 'otherCustomer', expected: /C-1/ })
  t.match(again({ contractId: 'K-9' }), { code: 'otherContract', value: 'acme' })
})

const share = (
  installationId: string,
  production: number,
  development = 0,
): Plan['installations'][number] => ({
  installationId,
  products: [{ id: 4000, production, development }],
})

function splitAt(register: Register, day: string, installations: Plan['installations']) {
  const plan = checkPlan(catalog, order)({ format: 1, installations }, '')
  return split({ register, catalog, order, plan, nowMs: noon(day) })
}

await t.test('a split gives each installation its share, and all of them what is not counted', async (t) => {
  const result = must(splitAt(emptyRegister, '2026-01-10', [share('acme', 5, 1), share('branch', 4)]))
  const [acme, branch] = result.licenses
  t.match(acme, { installationId: 'acme', hardlockId: 'HL-1', serial: 1 })
  t.notOk(branch?.hardlockId, 'a hardlock of its own, or none')
  t.strictSame(
    acme?.products.map(({ id, quantity, distribution }) => [id, quantity, distribution]),
    [
      [4000, 6, { production: 5, development: 1 }],
      [3100, 0, undefined],
    ],
  )
  t.strictSame(
    branch?.products.map(({ id, quantity }) => [id, quantity]),
    [
      [4000, 4],
      [3100, 0],
    ],
  )
  const sample = check(readJson(developmentOrder))
  const plan = checkPlan(catalog, sample)(readJson(splitPlan), '')
  t.equal(
    must(split({ register: emptyRegister, catalog, order: sample, plan, nowMs: noon('2026-01-10') })).licenses
      .length,
    2,
  )
})

await t.test('a split beyond the contract is refused, also when others hold the rest', async (t) => {
  const over = splitAt(emptyRegister, '2026-01-10', [share('acme', 6), share('branch', 5)])
  t.match(over, { code: 'contractExceeded', field: 'product 4000', value: '11', expected: /at most 10/ })
  const { register } = must(splitAt(emptyRegister, '2026-01-10', [share('acme', 6), share('branch', 4)]))
  const third = splitAt(register, '2026-02-10', [share('acme', 6), share('third', 1)])
  t.match(third, { code: 'contractExceeded', value: '11', expected: /held elsewhere: branch 4/ })
  t.ok(splitAt(register, '2026-02-10', [share('acme', 3), share('third', 3)]).ok)
  const whole = issue({ register, catalog, order, nowMs: noon('2026-02-10') })
  t.match(whole, { code: 'contractExceeded', value: '14' }, 'all for one, while another holds a share')
  // the branch's license was valid until May 9
  t.match(splitAt(register, '2026-05-09', [share('acme', 10)]), { code: 'contractExceeded' }, 'its last day')
  t.ok(splitAt(register, '2026-05-10', [share('acme', 10)]).ok)
  const taken = must(splitAt(register, '2026-05-10', [share('acme', 10)])).register
  const back = renew({ register: taken, installationId: 'branch', nowMs: noon('2026-05-11') })
  t.match(back, { code: 'contractExceeded', value: '14', expected: /acme 10/ })
})

await t.test('whatever is split and renewed, living licenses stay within the contract', async () => {
  const names = ['acme', 'b', 'c']
  const step = fc.record({
    days: fc.nat(70),
    renewing: fc.option(fc.constantFrom(...names), { nil: undefined }),
    shares: fc
      .subarray(names, { minLength: 1 })
      .chain((chosen) =>
        fc
          .array(fc.tuple(fc.nat(5), fc.nat(3)), { minLength: chosen.length, maxLength: chosen.length })
          .map((amounts) => chosen.map((name, at) => share(name, amounts[at]![0], amounts[at]![1]))),
      ),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      let register: Register = emptyRegister
      let nowMs = noon('2026-01-10')
      for (const { days, renewing, shares } of steps) {
        nowMs += days * 86_400_000
        const today = dayOf(nowMs, -180)
        const result =
          renewing === undefined
            ? splitAt(register, today, shares)
            : renew({ register, installationId: renewing, nowMs })
        if (result.ok) register = result.register
        const held = register.installations
          .filter((each) => each.license.validUntil >= today)
          .flatMap((each) => each.license.products)
          .filter((product) => product.id === 4000)
          .reduce((sum, product) => sum + product.quantity, 0)
        if (held > 10) return false
      }
      return true
    }),
    seeded(300),
  )
})

await t.test('an emergency key on its day; the sixth within three months is refused', async (t) => {
  let { register } = issued('2026-01-01')
  const ask = (day: string) => issueEmergency({ register, installationId: 'acme', nowMs: noon(day) })
  const days = ['2026-01-15', '2026-01-31', '2026-02-01', '2026-03-01', '2026-04-01']
  for (const [at, day] of days.entries()) {
    const result = must(ask(day))
    t.match(result.body, { day, number: at + 1, utcOffsetMinutes: -180, installationId: 'acme' })
    t.equal(result.quota.left, 4 - at)
    register = result.register
  }
  const refused = { code: 'quotaExceeded', value: '5 within 3 months', expected: /next from 2026-04-15/ }
  t.match(ask('2026-04-02'), refused)
  t.match(ask('2026-04-14'), refused, 'the day before')
  const sixth = must(ask('2026-04-15'))
  t.match(sixth.body, { day: '2026-04-15', number: 5 })
  register = sixth.register
  // the next to end is that of January 31: April has 30 days
  t.match(ask('2026-04-29'), { code: 'quotaExceeded', expected: /next from 2026-04-30/ })
  t.ok(ask('2026-04-30').ok)
})

await t.test('the same day again gives the same key and costs nothing', async (t) => {
  const { register } = issued('2026-01-01')
  const morning = must(issueEmergency({ register, installationId: 'acme', nowMs: at('2026-01-15T00:00:00') }))
  const evening = must(
    issueEmergency({
      register: morning.register,
      installationId: 'acme',
      nowMs: at('2026-01-15T23:59:59.999'),
    }),
  )
  t.ok(evening.repeated)
  t.strictSame(evening.body, morning.body)
  t.equal(evening.register, morning.register)
  const next = must(
    issueEmergency({ register: morning.register, installationId: 'acme', nowMs: at('2026-01-16T00:00:00') }),
  )
  t.match(next.body, { day: '2026-01-16', number: 2 })
  t.notOk(next.repeated)
})

await t.test('quotas are per installation', async (t) => {
  let { register } = must(splitAt(emptyRegister, '2026-01-10', [share('acme', 5), share('branch', 5)]))
  for (let date = 11; date <= 15; date++) {
    register = must(
      issueEmergency({ register, installationId: 'acme', nowMs: noon(`2026-01-${date}`) }),
    ).register
  }
  const ask = (installationId: string) =>
    issueEmergency({ register, installationId, nowMs: noon('2026-01-16') })
  t.match(ask('acme'), { code: 'quotaExceeded' })
  t.ok(ask('branch').ok)
})

await t.test(
  'never more than five emergency keys count on any day, and a refusal names when there is one',
  async () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 60 }), (gaps) => {
        const days: string[] = []
        let nowMs = noon('2026-11-25')
        for (const gap of gaps) {
          nowMs += (gap + 1) * 86_400_000
          const today = dayOf(nowMs, -180)
          const { left, nextDay } = emergencyQuota(days, today)
          if (left > 0) days.push(today)
          else if (nextDay === undefined || emergencyQuota(days, nextDay).left === 0) return false
          if (days.filter((day) => today < addMonths(day, 3)).length > 5) return false
        }
        return true
      }),
      seeded(300),
    )
    // clocks go back: a key of a later day still counts
    const later = ['2026-05-01', '2026-05-02', '2026-05-03', '2026-05-04', '2026-05-05']
    t.equal(emergencyQuota(later, '2026-04-01').left, 0)
    t.strictSame(emergencyQuota(['2026-11-30'], '2027-02-27'), { used: 1, left: 4 })
    t.strictSame(emergencyQuota(['2026-11-30'], '2027-02-28'), { used: 0, left: 5 })
  },
)

await t.test('a clone is in the next license, renewed or new, and not in the one before', async (t) => {
  const first = issued('2026-01-10')
  const clone = {
    installationId: 'acme',
    serial: 'HL-1-B',
    term: 'T-1',
    signedBy: 'Ana',
    signedOn: '2026-01-11',
    nowMs: noon('2026-01-12'),
  }
  const registered = must(registerClone({ register: first.register, ...clone }))
  t.notOk(first.licenses[0]?.clones)
  const { register } = registered
  const { installationId, nowMs: _nowMs, ...rest } = clone
  const carried = [{ ...rest, registeredAt: '2026-01-12T15:00:00.000Z' }]
  const renewed = must(renew({ register, installationId, nowMs: noon('2026-01-13') }))
  t.strictSame(renewed.licenses[0]?.clones, carried)
  t.strictSame(issued('2026-01-14', {}, renewed.register).licenses[0]?.clones, carried)
  t.match(registerClone({ register, ...clone }), { code: 'cloneKnown', value: 'HL-1-B' })
  t.match(
    registerClone({ register, ...clone, serial: 'HL-1' }),
    { code: 'cloneKnown' },
    'the original itself',
  )
  t.match(registerClone({ register, ...clone, installationId: 'x' }), { code: 'unknownInstallation' })
  const { hardlockId: _none, ...soft } = order
  const virtual = must(issue({ register: emptyRegister, catalog, order: soft, nowMs: noon('2026-01-10') }))
  t.match(registerClone({ register: virtual.register, ...clone }), { code: 'noHardlock' })
  t.equal(
    fieldOf(() => registerClone({ register: first.register, ...clone, signedOn: '11/01/2026' })),
    'signedOn',
  )
})
