import t from 'tap'
import { dayNumber, dayText } from '../src/license/days.ts'
import { hourText } from '../src/license/hours.ts'
import { granted, outcome, refused } from './kit.ts'
import { checkout, keyBody, LicenseWorld, take, twice } from './license-kit.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

function licensed(): LicenseWorld {
  const world = new LicenseWorld()
  world.install(keyBody([{ id: 4000, quantity: 1 }], {}, { validUntil: '2027-12-31' }))
  return world
}

/** Hours of which something is known, and refusals. */
function kept(world: LicenseWorld): {
  readonly hours: number
  readonly denials: number
  readonly days: number
} {
  const all = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER }
  const usage = world.read({ op: 'license.usage', ...all, by: 'hour', limit: 1_000 })
  const { denials } = world.read({ op: 'license.denials', limit: 1_000 })
  const hours = (usage.rows as unknown[]).length
  return { hours, denials: (denials as unknown[]).length, days: usage.usageDays as number }
}

await t.test(
  'O20: how long usage is kept is a rule: validated, versioned, in one step, no restart',
  async (t) => {
    twice((failOver) => {
      const world = licensed()
      const erp = world.open('erp')
      t.same(kept(world).days, 30, 'until somebody says otherwise')
      const set = (version: number, usageDays?: number) =>
        erp.do({ op: 'license.rules', version, rules: [], ...(usageDays === undefined ? {} : { usageDays }) })
      for (const usageDays of [-1, 91, 1.5, Number.NaN]) {
        t.match(refused(set(1, usageDays)), { field: 'usageDays', value: usageDays, expected: '0 to 90' })
      }
      t.equal(outcome(set(2, 60)), 'versionDiffers')
      t.match(
        world.read({ op: 'license.rulesGet' }),
        { version: 0, usageDays: 30 },
        'a refusal changes nothing',
      )
      t.equal(outcome(set(1, 60)), 'ok')
      failOver(world)
      t.match(world.read({ op: 'license.rulesGet' }), { version: 1, usageDays: 60 })
      t.equal(outcome(set(2)), 'ok')
      failOver(world)
      t.match(world.read({ op: 'license.rulesGet' }), { version: 2, usageDays: 60 }, 'unsaid: as before')
    })
  },
)

await t.test('O22: usage that is older than the new rule allows is forgotten at once', async (t) => {
  twice((failOver) => {
    const world = licensed()
    const erp = world.open('erp', { ttlMs: 600_000 })
    const day = (): void => {
      const grant = take(erp, 4000, { owner: 'ana' })
      checkout(erp, 4000, { owner: 'bia' })
      world.pass(HOUR / 4)
      erp.do({ op: 'license.checkin', owner: 'ana', grant: grant.grant })
      world.pass(DAY - HOUR / 4)
    }
    for (let days = 0; days < 10; days += 1) day()
    t.match(kept(world), { hours: 10, denials: 10, days: 30 })
    const set = (version: number, usageDays: number) =>
      t.equal(outcome(erp.do({ op: 'license.rules', version, rules: [], usageDays })), 'ok')
    set(1, 4)
    t.match(kept(world), { hours: 4, denials: 4, days: 4 })
    failOver(world)
    for (let days = 0; days < 10; days += 1) day()
    t.match(kept(world), { hours: 5, denials: 5 }, 'and later days push older ones out')
    world.pass(2 * DAY)
    world.calendar(world.wallMs)
    t.match(kept(world), { hours: 2, denials: 2 }, 'also when nobody works')
    set(2, 0)
    failOver(world)
    t.match(kept(world), { hours: 0, denials: 0, days: 0 })
    day()
    t.match(kept(world), { hours: 0, denials: 0 }, '0 keeps none')
    set(3, 90)
    failOver(world)
    for (let days = 0; days < 40; days += 1) day()
    t.match(kept(world), { hours: 40, denials: 40, days: 90 }, 'and more days keep more')
  })
})

await t.test('the peak of an on-demand product is that of its metric', async (t) => {
  twice((failOver) => {
    const world = new LicenseWorld()
    world.install(
      keyBody([{ id: 4177, nature: 'onDemand', quantity: 500 }], {}, { validUntil: '2027-12-31' }),
    )
    const erp = world.open('erp', { ttlMs: 600_000 })
    const metric = (value: number) => erp.do({ op: 'license.metric', product: 4177, value })
    metric(480)
    const atMs = world.wallMs
    failOver(world)
    world.pass(HOUR)
    metric(120)
    failOver(world)
    t.match(world.view(4177), { used: 120, peak: 480, peakMs: atMs })
    world.pass(2 * HOUR)
    metric(130)
    const since = (fromMs: number) =>
      world.read({ op: 'license.usage', fromMs, toMs: Number.MAX_SAFE_INTEGER, by: 'product', limit: 9 }).rows
    t.match(since(0), [{ key: '4177', peak: 480 }])
    t.match(since(world.wallMs - HOUR), [{ key: '4177', peak: 130 }])
    t.match(
      since(world.wallMs - 2 * HOUR),
      [{ key: '4177', peak: 480 }],
      'an hour begins with what there was',
    )
  })
})

await t.test('what was used while nothing was kept stays unknown', async (t) => {
  const world = licensed()
  const erp = world.open('erp', { ttlMs: 600_000 })
  erp.do({ op: 'license.rules', version: 1, rules: [], usageDays: 0 })
  const grant = take(erp, 4000, { owner: 'ana' })
  world.pass(5 * HOUR)
  t.match(kept(world), { hours: 0 }, 'not even what is in use now')
  erp.do({ op: 'license.rules', version: 2, rules: [], usageDays: 10 })
  world.pass(HOUR)
  erp.do({ op: 'license.checkin', owner: 'ana', grant: grant.grant })
  const usage = world.read({ op: 'license.usage', fromMs: 0, toMs: world.wallMs + 1, by: 'user', limit: 9 })
  t.match(usage.rows, [{ key: 'ana', unitMs: HOUR }])
})

t.test('hours and days have the names that the calendar gives them', async (t) => {
  const wrong: number[] = []
  for (let day = 0; day < 160_000; day += 1) {
    const text = dayText(day)
    const isRight = dayNumber(text) === day && new Date(day * 86_400_000).toISOString().startsWith(text)
    if (!isRight) wrong.push(day)
  }
  t.same(wrong, [], 'up to the year 2408')
  for (const hour of [0, 23, 24, 490_000]) {
    t.equal(hourText(hour), new Date(hour * 3_600_000).toISOString())
  }
})

await t.test(
  'what is borrowed is a check-out of its user, its product and its hour, with its peak',
  async (t) => {
    twice((failOver) => {
      const world = new LicenseWorld()
      world.install(keyBody([{ id: 4000, quantity: 2 }], {}, { validUntil: '2027-12-31' }))
      const erp = world.open('laptop', { ttlMs: 600_000 })
      const fromMs = world.wallMs
      const usage = (by: 'product' | 'user' | 'company' | 'hour') =>
        world.read({ op: 'license.usage', fromMs: fromMs - HOUR, toMs: fromMs + DAY, by, limit: 9 }).rows
      const borrow = (user: string) => {
        const untilWallMs = world.wallMs + 10 * HOUR
        return erp.do({ op: 'license.borrow', owner: 'laptop', product: 4000, user, untilWallMs })
      }
      const first = granted(borrow('ana'))
      t.match(usage('user'), [{ key: 'ana', checkouts: 1, peak: 1 }], 'at once')
      failOver(world)
      const grant = take(erp, 4000, { owner: 'ana' })
      t.equal(outcome(borrow('bia')), 'ok')
      t.equal(outcome(borrow('caio')), 'exhausted')
      failOver(world)
      const byUser = [
        { key: 'ana', checkouts: 2, peak: 1, denied: 0 },
        { key: 'bia', checkouts: 1, peak: 1, denied: 0 },
        { key: 'caio', checkouts: 0, peak: 0, denied: 1 },
      ]
      t.match(usage('user'), byUser)
      t.match(usage('product'), [{ key: '4000', checkouts: 3, peak: 2, denied: 1 }])
      t.match(usage('hour'), [{ checkouts: 3, peak: 2, denied: 1 }])
      erp.do({ op: 'license.checkin', owner: 'ana', grant: grant.grant })
      erp.do({ op: 'license.returnBorrowed', borrow: first.borrow as string })
      failOver(world)
      t.match(usage('user'), byUser, 'to give back is none')
      t.match(usage('product'), [{ key: '4000', checkouts: 3, peak: 2, denied: 1 }])
    })
  },
)
