import t from 'tap'
import { audit, type Evidence } from '../src/audit/audit.ts'
import type { Rule } from '../src/audit/finding.ts'
import type { AnyRequest } from '../src/record/operation.ts'
import { checkinOf, checkoutOf, clusterState, granted, licenseState, Story } from './sample.ts'

/** The rules that an audit finds broken, with the first message of each. */
function broken(evidence: Partial<Evidence> & Pick<Evidence, 'history'>): Partial<Record<Rule, string>> {
  const report = audit({ before: clusterState(), after: licenseState(), ...evidence })
  const found = report.verdicts.flatMap(({ rule, findings }) =>
    findings[0] === undefined ? [] : [[rule, findings[0].message] as const],
  )
  t.equal(report.ok, found.length === 0)
  return Object.fromEntries(found)
}

function onlyBroken(
  evidence: Partial<Evidence> & Pick<Evidence, 'history'>,
  rule: Rule,
  message: RegExp,
): void {
  const found = broken(evidence)
  t.strictSame(Object.keys(found), [rule])
  t.match(found[rule], message)
}

const usageOf = (checkouts: number) => [{ product: 4_000, checkouts, peak: 1, denials: {} }]
const full = { product: 4_000, name: 'Full', total: 2, used: 2, reserved: 0, overdraft: 0, queued: 0 }
const exhausted = {
  cause: 'exhausted',
  tried: [{ ...full, outcome: 'exhausted' }],
  holders: [{ user: 'ana' }],
  queued: 0,
}

await t.test('units in use', async (t) => {
  await t.test('as many as are in force, shared ones counted once, hold', async () => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 1], checkoutOf('u1'), granted(1, 1))
    story.ok(a, [2, 3], checkoutOf('u2'), granted(2, 2))
    story.ok(a, [4, 5], checkoutOf('u3', 'u1'), granted(3, 1, { status: 'waived' }))
    story.ok(a, [6, 7], checkinOf('u1', 1), { status: 'shared' })
    story.ok(a, [8, 9], checkinOf('u2', 2), { status: 'released' })
    story.ok(a, [8.5, 10], checkoutOf('u4'), granted(4, 3))
    story.end(a, 20)
    t.strictSame(broken({ history: story }), {})
  })

  await t.test('one more is found', async () => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 1], checkoutOf('u1'), granted(1, 1))
    story.ok(a, [2, 3], checkoutOf('u2'), granted(2, 2))
    story.ok(a, [4, 5], checkoutOf('u3'), granted(3, 3))
    story.end(a, 20)
    onlyBroken({ history: story }, 'unitsWithin', /product 4000: 3 units .*u3, and 2 in force/)
    t.strictSame(broken({ history: story, after: licenseState({}, { overdraft: 1 }) }), {})
    t.strictSame(broken({ history: story, after: licenseState({}, { nature: 'enabling', total: 0 }) }), {})
  })

  await t.test('what may have been given back counts for nobody', async () => {
    const story = new Story()
    const [a, b] = [story.client('app-01'), story.client('app-02')]
    story.ok(a, [0, 1], checkoutOf('u1'), granted(1, 1))
    story.ok(a, [0, 2], checkoutOf('u2'), granted(2, 2))
    story.unknown(a, 3, checkinOf('u1', 1))
    story.end(a, 9, 'cut')
    story.ok(b, [4, 5], checkoutOf('u3'), granted(3, 3))
    story.ok(b, [9, 10], checkoutOf('u4'), granted(4, 4))
    story.end(b, 20)
    t.strictSame(broken({ history: story }), {})
  })

  await t.test('cores count for as much as was asked for, and leases for all that they have', async () => {
    const story = new Story()
    const a = story.client('dbaccess')
    story.ok(a, [0, 1], checkoutOf('slave-1', '', 4_000, 2), granted(1, 1, { units: 2 }))
    const pool: AnyRequest = { op: 'license.pool', owner: 'master', product: 4_000, max: 0, host: 'db-1' }
    story.ok(a, [2, 3], pool, { grant: 2, units: 3, token: 2 })
    story.end(a, 20)
    onlyBroken({ history: story }, 'unitsWithin', /5 units/)
    t.strictSame(broken({ history: story, after: licenseState({}, { total: 5 }) }), {})
  })

  await t.test('a lease that hands out more than it has is found', async () => {
    const story = new Story()
    const a = story.client('dbaccess')
    const pool: AnyRequest = { op: 'license.pool', owner: 'master', product: 4_000, max: 1, host: 'db-1' }
    const take = (op: 'license.poolTake' | 'license.poolGive', holder: string): AnyRequest => {
      return { op, owner: 'master', grant: 1, holder }
    }
    story.ok(a, [0, 1], pool, { grant: 1, units: 1, token: 1 })
    story.ok(a, [2, 3], take('license.poolTake', 's/1'), { grant: 1, taken: 1, units: 1 })
    story.ok(a, [4, 5], take('license.poolGive', 's/1'), { grant: 1, taken: 0, units: 1 })
    story.ok(a, [5, 6], take('license.poolTake', 's/2'), { grant: 1, taken: 1, units: 1 })
    t.strictSame(broken({ history: story, after: licenseState({ grants: [grantOf(1, 'master')] }) }), {})
    story.ok(a, [7, 8], take('license.poolTake', 's/3'), { grant: 1, taken: 2, units: 1 })
    story.end(a, 20)
    onlyBroken({ history: story }, 'unitsWithin', /2 of 1 units handed out, the last one to s\/3/)
  })

  await t.test('a product that is not in the contract is found', async () => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 1], checkoutOf('u1', 'u1', 4_134), granted(1, 1, { product: 4_134 }))
    story.end(a, 2)
    onlyBroken({ history: story }, 'unitsWithin', /4134: granted to .* not in the contract/)
  })
})

function grantOf(grant: number, owner = 'u1') {
  return { grant, product: 4_000, session: 1, owner }
}

await t.test('grants', async (t) => {
  await t.test('a grant that is gone although nobody ended it is found', async () => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 1], checkoutOf('u1'), granted(1, 1))
    onlyBroken({ history: story }, 'grantsKept', /grant 1 .*u1 has it, and the cluster has not/)
    t.strictSame(broken({ history: story, after: licenseState({ grants: [grantOf(1)] }) }), {})
    story.refused(a, [2, 3], checkinOf('u1', 1), 'unknownGrant')
    story.end(a, 4)
    onlyBroken({ history: story }, 'grantsKept', /license\.checkin of .*u1: it had the grant/)
  })

  await t.test('what a log-out ended may be refused', async () => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 1], checkoutOf('u1'), granted(1, 1))
    story.ok(a, [2, 3], { op: 'owner.release', owner: 'u1' }, { released: 1 })
    story.refused(a, [4, 5], checkinOf('u1', 1), 'unknownGrant')
    t.strictSame(broken({ history: story }), {})
  })

  await t.test('a grant that two have, or that was given back and is there, is found', async () => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 1], checkoutOf('u1'), granted(1, 1))
    story.ok(a, [2, 3], checkinOf('u1', 1), { status: 'released' })
    const after = licenseState({ grants: [grantOf(1)] })
    onlyBroken({ history: story, after }, 'grantsKept', /grant 1 .*session 1, u1, yet it was given back/)
    const other = licenseState({ grants: [grantOf(7)] })
    onlyBroken({ history: story, after: other }, 'grantsKept', /grant 7 .*nobody was told of it/)
    const twice = granted(1, 2) as { token: number }
    story.ok(a, [4, 5], checkoutOf('u2'), { ...twice, token: 9 })
    story.end(a, 6)
    onlyBroken({ history: story }, 'grantsKept', /grant 1 was given to .*u1 and to .*u2/)
  })

  await t.test('a consumer with two units of a product is found, also after a crash', async () => {
    const story = new Story()
    const [a, b] = [story.client('app-01'), story.client('app-02')]
    story.ok(a, [0, 1], checkoutOf('u1', 'ana'), granted(1, 1))
    story.ok(b, [2, 3], checkoutOf('u2', 'ana'), granted(2, 2))
    story.end(a, 9)
    story.end(b, 9)
    onlyBroken({ history: story }, 'grantsKept', /u2 has units L1 and L2 for one consumer/)
  })

  await t.test('a unit with two consumers is found; of single requests each is one', async () => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 1], checkoutOf('u1', 'ana'), granted(1, 1))
    story.ok(a, [2, 3], checkoutOf('u2', 'bia'), granted(2, 1))
    story.end(a, 9)
    onlyBroken({ history: story }, 'grantsKept', /unit L1 of .*u2 is with 2 consumers/)
    const web = new Story()
    const b = web.client('app-01')
    web.ok(b, [0, 1], checkoutOf('u1', 'web'), granted(1, 1))
    web.ok(b, [2, 3], checkoutOf('u2', 'web'), granted(2, 2))
    web.ok(b, [4, 5], checkinOf('u1', 1), { status: 'resting' })
    web.ok(b, [6, 7], checkoutOf('u1', 'web'), granted(3, 1))
    const again = web.ok(b, [8, 9], checkoutOf('u3', 'web'), granted(4, 1))
    web.end(b, 20)
    const after = licenseState({}, { consumerKey: [] })
    onlyBroken({ history: web, after }, 'grantsKept', /unit L1 of .*u3 is with 2 consumers/)
    web.calls.splice(web.calls.indexOf(again), 1)
    t.strictSame(broken({ history: web, after }), {})
  })

  await t.test('check-outs that the usage report has not, or has too often, are found', async () => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 1], checkoutOf('u1'), granted(1, 1))
    story.end(a, 9, 'cut')
    const before = licenseState({ usage: usageOf(5) })
    const after = (checkouts: number) => licenseState({ usage: usageOf(checkouts) })
    t.strictSame(broken({ history: story, before, after: after(6) }), {})
    onlyBroken({ history: story, before, after: after(5) }, 'grantsKept', /1 check-out answered, and 0 in/)
    onlyBroken({ history: story, before, after: after(7) }, 'grantsKept', /1 check-out in .*nobody was told/)
    story.unknown(a, 8, checkoutOf('u2'))
    t.strictSame(broken({ history: story, before, after: after(7) }), {})
  })

  await t.test('a unit that stays taken, and a grant of an ended session, are found', async () => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 1], checkoutOf('u1'), granted(1, 1))
    story.end(a, 2, 'cut')
    const taken = licenseState({}, { used: 1 })
    onlyBroken(
      { history: story, after: taken },
      'grantsKept',
      /1 units count as used, 0 .* nobody has a grant/,
    )
    t.strictSame(broken({ history: story, after: licenseState({}, { used: 1, kept: 1 }) }), {})
    const after = licenseState({ grants: [grantOf(1)] })
    t.match(
      broken({ history: story, after }).nothingLeft,
      /license 1 of product 4000 is still held by session 1/,
    )
  })

  await t.test('a token that does not grow over locks and licenses is found', async () => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 1], checkoutOf('u1'), granted(5, 1))
    const locks = [{ name: 'job', mode: 'exclusive' }] as const
    const lock: AnyRequest = { op: 'lock.acquire', owner: 'u2', locks, waitMs: 0, priority: 0 }
    story.ok(a, [2, 3], lock, { token: 4, counts: [1] })
    story.end(a, 4)
    onlyBroken({ history: story }, 'tokensGrow', /token 4 .*u2 after .*u1 had token 5/)
  })

  await t.test('an older key than before is found', async () => {
    const before = licenseState({ serial: 2 })
    onlyBroken({ history: new Story(), before }, 'historyKept', /serial 2 was installed, and now it is 1/)
  })
})

await t.test('refusals', async (t) => {
  const refusing = (cause: string, detail: Readonly<Record<string, unknown>>, request = checkoutOf('u1')) => {
    const story = new Story()
    story.refused(story.client('app-01'), [0, 1], request, cause, detail)
    return { history: story }
  }

  await t.test('one that says why, what was tried and who has it holds', async () => {
    t.strictSame(broken(refusing('exhausted', exhausted)), {})
    t.strictSame(broken(refusing('timeout', exhausted)), {}, 'one who waited in vain is told why')
    t.strictSame(broken(refusing('deadlock', { ...exhausted, cycle: [] })), {}, 'one in a circle, too')
    const queued = [{ ...full, used: 1, queued: 2, outcome: 'exhausted' }]
    t.strictSame(broken(refusing('exhausted', { ...exhausted, tried: queued })), {}, 'others were first')
    const excluded = { cause: 'excluded', tried: [{ ...full, outcome: 'excluded' }], holders: [] }
    t.strictSame(broken(refusing('excluded', excluded)), {})
  })

  await t.test('one that does not explain itself is found', async () => {
    const tried = (fields: object) => ({
      ...exhausted,
      tried: [{ ...full, outcome: 'exhausted', ...fields }],
    })
    for (const [cause, detail, message] of [
      [
        'exceeded',
        { ...exhausted, cause: 'exceeded' },
        /app-01 .* refused as exceeded: the cause "exceeded"/,
      ],
      ['exhausted', {}, /cause undefined is not known/],
      ['expired', exhausted, /the detail says exhausted/],
      ['exhausted', { ...exhausted, tried: [] }, /does not say which products were tried/],
      ['exhausted', { ...exhausted, holders: [] }, /does not say who has the units/],
      ['exhausted', tried({ used: undefined }), /product 4000: no used/],
      ['exhausted', tried({ outcome: 'free' }), /"free" is no reason/],
      ['exhausted', tried({ used: 1 }), /4000 is said to be exhausted, with 1 units free/],
      ['exhausted', tried({ outcome: 'excluded' }), /no product that was tried has this outcome/],
      [
        'reservedForOthers',
        { ...tried({ outcome: 'reservedForOthers' }), cause: 'reservedForOthers' },
        /which rule decided/,
      ],
    ] as const) {
      onlyBroken(refusing(cause, detail), 'refusalExplained', message)
    }
  })

  await t.test('a lease says how many units it has', async () => {
    const take: AnyRequest = { op: 'license.poolTake', owner: 'master', grant: 1, holder: 's/1' }
    const detail = { cause: 'exhausted', grant: 1, taken: 3, units: 3 }
    t.strictSame(broken(refusing('exhausted', detail, take)), {})
    onlyBroken(refusing('exhausted', {}, take), 'refusalExplained', /how many units/)
    onlyBroken(
      refusing('exhausted', { ...detail, taken: 2 }, take),
      'refusalExplained',
      /1 units .* are free/,
    )
  })
})
