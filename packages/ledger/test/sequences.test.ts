import fc from 'fast-check'
import t from 'tap'
import type { Operation, SequenceSpec } from '../src/index.ts'
import { advance, countAfter, countBetween, reaches, successor } from '../src/sequence/digits.ts'
import { periodOf } from '../src/sequence/period.ts'
import { FAST, GAPLESS, granted, outcome, refused, SCOPE, seeded, World } from './kit.ts'

const soma1: SequenceSpec = { ...FAST, digits: 'soma1', width: 3, start: '001' }

await t.test('Soma1: the order of domain section 5', async (t) => {
  const table: [string, string | undefined][] = [
    ['000', '001'],
    ['009', '010'],
    ['998', '999'],
    ['999', '99A'],
    ['99Z', '9A0'],
    ['9A0', '9A1'],
    ['9ZZ', 'A00'],
    ['A09', 'A0A'],
    ['AZZ', 'B00'],
    ['ZZZ', undefined],
    ['0A1', '0A2'],
    ['0ZZ', '100'],
    ['9', 'A'],
    ['Z', undefined],
  ]
  for (const [value, next] of table) t.equal(successor(value, 'soma1'), next, `${value} -> ${next}`)
  t.equal(successor('999', 'decimal'), undefined)
  t.equal(successor('099', 'decimal'), '100')
})

await t.test('Soma1: capacities, and AAZ is the 2 357th value', async (t) => {
  const capacity = (width: number) => countBetween('0'.repeat(width), 'Z'.repeat(width), 'soma1')
  t.equal(capacity(2), 1_062n)
  t.equal(capacity(3), 35_658n)
  t.equal(capacity(6), 1_618_038_306n)
  t.equal(advance('000', 2_357n, 'soma1'), 'AAZ')
  t.equal(countAfter('000', 'decimal'), 999n)
})

await t.test('Soma1: strictly increasing in ASCII, and arithmetic agrees with single steps', async (t) => {
  for (const start of ['00', '0A', '1Z', '9A', 'A0']) {
    const values = [start]
    for (let next = successor(start, 'soma1'); next !== undefined; next = successor(next, 'soma1')) {
      values.push(next)
    }
    t.same([...values].sort(), values, `from ${start} in order, to ${values.at(-1)}`)
    const all = new Set(values)
    fc.assert(
      fc.property(fc.nat(values.length - 1), fc.nat(values.length + 10), (from, steps) => {
        const value = values[from]!
        return (
          advance(value, BigInt(steps), 'soma1') === values[from + steps] &&
          countBetween(start, value, 'soma1') === BigInt(from + 1) &&
          countAfter(value, 'soma1') === BigInt(values.length - 1 - from)
        )
      }),
      { verbose: 1, ...seeded() },
    )
    const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'
    const wrong = [...alphabet]
      .flatMap((a) => [...alphabet].map((b) => a + b))
      .filter((value) => reaches(start, value, 'soma1') !== all.has(value))
    t.same(wrong, [], `what ${start} reaches`)
  }
})

await t.test('wide values are counted exactly', async (t) => {
  const width = 20
  t.equal(advance('0'.repeat(width), 10n ** 20n - 1n, 'soma1'), '9'.repeat(width))
  t.equal(advance('9'.repeat(width), 1n, 'soma1'), `${'9'.repeat(width - 1)}A`)
  t.equal(countBetween('A'.padEnd(width, '0'), 'Z'.repeat(width), 'soma1'), 26n * 36n ** 19n)
})

await t.test('periods follow the calendar at the offset', async (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: -840, max: 840 }), (wall, offset) => {
      const day = new Date(wall + offset * 60_000).toISOString().slice(0, 10)
      return (
        periodOf(wall, offset, 'day') === day &&
        periodOf(wall, offset, 'month') === day.slice(0, 7) &&
        periodOf(wall, offset, 'year') === day.slice(0, 4) &&
        periodOf(wall, offset, 'never') === ''
      )
    }),
    { verbose: 1, ...seeded() },
  )
  t.pass('as ISO 8601 says')
})

await t.test('gapless: a number that came back is issued again, the smallest first', async (t) => {
  const world = new World()
  const a = world.open('a')
  const reserve = () => granted(a.reserve('u', 'nf', { spec: GAPLESS }))
  t.same(reserve(), { value: '000001', prefix: 'A', period: '', reissued: false })
  reserve()
  reserve()
  t.same(granted(a.rollBack('u', 'nf', '000002')), { value: '000002' })
  a.rollBack('u', 'nf', '000001')
  t.same(reserve(), { value: '000001', prefix: 'A', period: '', reissued: true })
  t.same(reserve(), { value: '000002', prefix: 'A', period: '', reissued: true })
  t.same(granted(a.confirm('u', 'nf', '000002')), { value: '000002' })
  t.equal(outcome(a.confirm('u', 'nf', '000002')), 'notReserved', 'confirmed already')
  t.equal(outcome(a.confirm('u', 'nf', '000009')), 'notReserved', 'never issued')
  t.equal(outcome(a.confirm('u2', 'nf', '000001')), 'reservationLost', "another owner's")
  t.equal(reserve().value, '000004')
})

await t.test(
  'O18: a reservation ends with its TTL, the number returns, a late confirm is refused',
  async (t) => {
    const world = new World()
    const [a, b] = [world.open('a'), world.open('b')]
    a.do({ op: 'sequence.define', name: 'nf', spec: { ...GAPLESS, reservationTtlMs: 5_000 } })
    t.match(granted(a.reserve('u', 'nf')), { value: '000001', expiresInMs: 5_000 })
    t.match(granted(a.reserve('u', 'nf', { ttlMs: 0 })), { value: '000002', expiresInMs: undefined })
    t.equal(world.ledger.nextDeadlineMs(), 5_000)
    world.failOver()
    world.pass(5_000)
    t.equal(outcome(a.confirm('u', 'nf', '000001')), 'reservationLost')
    t.match(granted(b.reserve('v', 'nf')), { value: '000001', reissued: true })
    t.equal(outcome(a.confirm('u', 'nf', '000001')), 'reservationLost', "it is b's now")
    t.equal(outcome(a.rollBack('u', 'nf', '000001')), 'reservationLost')
    t.equal(outcome(b.confirm('v', 'nf', '000001')), 'ok')
    t.equal(outcome(a.confirm('u', 'nf', '000002')), 'ok', 'without a TTL it lives as long as its owner')
  },
)

await t.test('a reservation dies with its owner and with its session', async (t) => {
  const world = new World()
  const [a, b] = [world.open('a', { lockDelayMs: 9_000 }), world.open('b')]
  a.reserve('u1', 'nf', { spec: GAPLESS })
  a.reserve('u2', 'nf')
  a.do({ op: 'owner.release', owner: 'u1' })
  t.match(granted(b.reserve('v', 'nf')), { value: '000001', reissued: true })
  world.expire(a)
  t.match(granted(b.reserve('v', 'nf')), { value: '000002', reissued: true })
  const returned = world.events.filter((event) => event.kind === 'sequence.returned')
  t.same(
    returned.map(({ value, reason }) => [value, reason]),
    [
      ['000001', 'ownerReleased'],
      ['000002', 'sessionExpired'],
    ],
  )
})

await t.test(
  'O17: over a failover at any step no number is issued twice and none is unexplained',
  async (t) => {
    const world = new World()
    let a = world.open('a')
    const confirmed = new Set<string>()
    const open: string[] = []
    for (let step = 0; step < 200; step += 1) {
      const { value } = granted(a.reserve('u', 'nf', { spec: GAPLESS })) as { value: string }
      t.notOk(confirmed.has(value) || open.includes(value), `${value} is nobody's`)
      open.push(value)
      const done = open[(step * 7) % open.length]!
      if (step % 3 === 0) granted(a.confirm('u', 'nf', done))
      if (step % 3 === 0) confirmed.add(done)
      if (step % 3 === 1) granted(a.rollBack('u', 'nf', done))
      if (step % 3 !== 2) open.splice(open.indexOf(done), 1)
      world.failOver()
      if (step % 50 !== 49) continue
      world.expire(a)
      open.length = 0
      a = world.open(`a${step}`)
    }
    const view = granted(world.query({ op: 'sequence.get', namespace: 'erp', name: 'nf', scope: SCOPE }))
    const { last, free, reserved } = view as { last: string; free: number; reserved: unknown[] }
    t.equal(Number(last), confirmed.size + free + reserved.length)
  },
)

await t.test('ensureAtLeast: new numbers come after the value, those jumped over are one gap', async (t) => {
  const world = new World()
  const a = world.open('a')
  a.reserve('u', 'nf', { spec: GAPLESS })
  a.reserve('u', 'nf')
  a.rollBack('u', 'nf', '000001')
  const ensure = (value: string): Operation => {
    return {
      op: 'sequence.ensureAtLeast',
      owner: 'u',
      name: 'nf',
      scope: SCOPE,
      value,
      reason: 'in the table',
    }
  }
  t.same(granted(a.do(ensure('000100'))), { value: '000100', moved: true })
  t.same(granted(a.do(ensure('000050'))), { value: '000100', moved: false })
  t.equal(granted(a.reserve('u', 'nf')).value, '000001', 'known to be unused')
  t.equal(granted(a.reserve('u', 'nf')).value, '000101')
  const { gaps } = granted(world.query({ op: 'sequence.gaps', namespace: 'erp', name: 'nf', limit: 10 }))
  t.same(gaps, [
    {
      name: 'nf',
      scope: { ...SCOPE, period: '' },
      from: '000003',
      to: '000100',
      count: 98,
      kind: 'jump',
      reason: 'in the table',
      session: a.session,
      client: 'a',
      owner: 'u',
      wallMs: world.wallMs,
    },
  ])
  const set = (value: string): Operation => ({ ...ensure(value), op: 'sequence.set' }) as Operation
  t.same(a.do(set('000099')), {
    ok: false,
    cause: 'backwards',
    detail: { name: 'nf', last: '000101', value: '000099' },
  })
  t.same(granted(a.do(set('000101'))), { value: '000101' })
  t.same(granted(a.do(set('000200'))), { value: '000200' })
  t.equal(granted(a.reserve('u', 'nf')).value, '000201')
  t.equal(outcome(a.do({ ...ensure('000300'), name: 'new' } as Operation)), 'unknownSequence')
  const fresh = { ...ensure('000300'), name: 'new', spec: GAPLESS } as Operation
  t.same(granted(a.do(fresh)), { value: '000300', moved: true }, 'as a seed: nothing is jumped over')
  t.equal(granted(a.reserve('u', 'new')).value, '000301')
})

await t.test('gap: free numbers are taken out for good, with a reason of 15 to 255 characters', async (t) => {
  const world = new World()
  const a = world.open('a')
  for (let n = 0; n < 9; n += 1) a.reserve('u', 'nf', { spec: GAPLESS })
  for (const n of [2, 3, 4, 5, 7]) a.rollBack('u', 'nf', `00000${n}`)
  const gap = (from: string, to: string, reason = 'cancelled in the table'): Operation => {
    return { op: 'sequence.gap', owner: 'fiscal', name: 'nf', scope: SCOPE, from, to, reason }
  }
  t.equal(outcome(a.do(gap('000002', '000003', 'too short'))), 'badReason')
  t.equal(outcome(a.do(gap('000002', '000003', 'x'.repeat(256)))), 'badReason')
  t.equal(outcome(a.do(gap('000002', '000007'))), 'notFree', '6 is reserved')
  t.equal(outcome(a.do(gap('000004', '000003'))), 'invalid')
  t.same(granted(a.do(gap('000003', '000004'))), { count: 2 })
  t.equal(outcome(a.do(gap('000003', '000003'))), 'notFree', 'declared already')
  world.failOver()
  t.same(
    [1, 2, 3, 4].map(() => granted(a.reserve('u', 'nf')).value),
    ['000002', '000005', '000007', '000010'],
  )
  a.rollBack('u', 'nf', '000005')
  a.do(gap('000005', '000005'))
  const page = granted(world.query({ op: 'sequence.gaps', namespace: 'erp', name: 'nf', limit: 1 }))
  t.match(page.gaps, [{ from: '000003', to: '000004', kind: 'declared', owner: 'fiscal' }])
  const rest = { op: 'sequence.gaps', namespace: 'erp', name: 'nf', scope: SCOPE, limit: 1 } as const
  t.match(granted(world.query({ ...rest, after: page.next as string })), { gaps: [{ from: '000005' }] })
})

await t.test('many numbers that come back are kept in small rows, and in order', async (t) => {
  const world = new World()
  const a = world.open('a')
  const spec = { ...GAPLESS, width: 6 }
  for (let n = 0; n < 1_000; n += 1) a.reserve(n % 2 === 0 ? 'even' : 'odd', 'nf', { spec })
  a.do({ op: 'owner.release', owner: 'even' })
  const blocks = world.rows().filter(([key]) => key.startsWith('f/'))
  t.ok(blocks.length > 3 && blocks.every(([, row]) => (row as unknown[]).length <= 256))
  world.failOver()
  a.do({ op: 'owner.release', owner: 'odd' })
  t.equal(world.rows().filter(([key]) => key.startsWith('f/')).length, 1, 'one range again')
  t.equal(granted(a.reserve('u', 'nf')).value, '000001')
})

await t.test('fast: blocks, never twice, and overflow is an error that changes nothing', async (t) => {
  const world = new World()
  const a = world.open('a')
  const next = (count: number, more: object = {}) => {
    return a.do({ op: 'sequence.next', owner: 'u', name: 'id', scope: SCOPE, count, ...more })
  }
  t.equal(outcome(next(1)), 'unknownSequence')
  const first = granted(next(1, { spec: soma1, seedIfAbsent: '998' }))
  t.same(first, { first: '999', last: '999', count: 1, prefix: '', period: '' })
  t.match(
    granted(next(27, { seedIfAbsent: '001' })),
    { first: '99A', last: '9A0' },
    'the seed was for the first',
  )
  t.match(granted(next(10_000)), { first: '9A1' })
  a.do({ op: 'sequence.set', owner: 'u', name: 'id', scope: SCOPE, value: 'ZZY', reason: 'near the end' })
  t.same(next(2), { ok: false, cause: 'overflow', detail: { name: 'id', last: 'ZZY', width: 3 } })
  t.equal(granted(next(1)).last, 'ZZZ')
  t.equal(outcome(next(1)), 'overflow')
  t.equal(granted(world.query({ op: 'sequence.get', namespace: 'erp', name: 'id', scope: SCOPE })).next, '')
})

await t.test('the warning comes once, when fewer values are left', async (t) => {
  const world = new World()
  const a = world.open('a')
  const spec = { ...FAST, width: 1, start: '0', warnBelow: 4 }
  for (let n = 0; n < 10; n += 1) {
    a.do({ op: 'sequence.next', owner: 'u', name: 'id', scope: SCOPE, count: 1, spec })
  }
  const low = world.events.filter((event) => event.kind === 'sequence.low')
  t.same(
    low.map((event) => event.value),
    ['6'],
    'three are left after 6',
  )
})

await t.test('scopes and periods count for themselves', async (t) => {
  const world = new World()
  const a = world.open('a')
  const spec = { ...GAPLESS, reset: 'day' as const }
  world.wallMs = Date.UTC(2027, 0, 1, 2, 59)
  t.match(granted(a.reserve('u', 'nf', { spec })), { value: '000001', period: '2026-12-31' })
  world.wallMs = Date.UTC(2027, 0, 1, 3, 0)
  t.match(granted(a.reserve('u', 'nf')), { value: '000001', period: '2027-01-01' })
  const other = { company: '02', branch: '' }
  t.match(granted(a.reserve('u', 'nf', { scope: other })), { value: '000001' })
  t.equal(outcome(a.confirm('u', 'nf', '000001', { ...SCOPE, period: '2026-12-31' })), 'ok', 'as returned')
  const list = granted(world.query({ op: 'sequence.list', namespace: 'erp', prefix: 'n', limit: 9 }))
  t.same(
    (list.sequences as { scope: object }[]).map((view) => view.scope),
    [
      { ...SCOPE, period: '2026-12-31' },
      { ...SCOPE, period: '2027-01-01' },
      { ...other, period: '2027-01-01' },
    ],
  )
})

await t.test('a definition: again is fine, another form is refused once there are numbers', async (t) => {
  const world = new World()
  const a = world.open('a')
  const define = (spec: SequenceSpec): Operation => ({ op: 'sequence.define', name: 'nf', spec })
  t.same(granted(a.do(define(FAST))), { created: true })
  t.same(granted(a.do(define(GAPLESS))), { created: false })
  a.reserve('u', 'nf')
  t.same(refused(a.do(define(FAST))), { field: 'kind', have: 'gapless', want: 'fast' })
  t.same(refused(a.reserve('u', 'nf', { spec: { ...GAPLESS, width: 9 } })).field, 'width')
  t.same(granted(a.do(define({ ...GAPLESS, prefix: 'B' }))), { created: false })
  t.equal(granted(a.reserve('u', 'nf')).prefix, 'B')
  const next = { op: 'sequence.next', owner: 'u', name: 'nf', scope: SCOPE, count: 1 } as const
  t.equal(outcome(a.do(next)), 'wrongKind')
})

await t.test('what would break a sequence is refused', async (t) => {
  const world = new World()
  const a = world.open('a')
  const define = (more: object): Operation => {
    return { op: 'sequence.define', name: 'nf', spec: { ...GAPLESS, ...more } }
  }
  const table: [Operation, string][] = [
    [define({ width: 0 }), 'spec.width'],
    [define({ width: 21 }), 'spec.width'],
    [define({ start: '1' }), 'spec.start'],
    [define({ start: '00000A' }), 'spec.start'],
    [define({ kind: 'slow' }), 'spec.kind'],
    [define({ digits: 'roman' }), 'spec.digits'],
    [define({ reset: 'week' }), 'spec.reset'],
    [define({ utcOffsetMinutes: 900 }), 'spec.utcOffsetMinutes'],
    [define({ reservationTtlMs: -1 }), 'spec.reservationTtlMs'],
    [define({ warnBelow: 0.5 }), 'spec.warnBelow'],
    [{ ...define({}), name: 'a\0b' } as Operation, 'name'],
    [{ op: 'sequence.next', owner: 'u', name: 'id', scope: SCOPE, count: 0, spec: FAST }, 'count'],
    [{ op: 'sequence.next', owner: 'u', name: 'id', scope: SCOPE, count: 10_001, spec: FAST }, 'count'],
    [
      { op: 'sequence.next', owner: 'u', name: 'id', scope: { company: '\0', branch: '' }, count: 1 },
      'scope.company',
    ],
    [
      {
        op: 'sequence.set',
        owner: 'u',
        name: 'id',
        scope: SCOPE,
        value: '00-001',
        spec: FAST,
        reason: 'because',
      },
      'value',
    ],
  ]
  for (const [operation, field] of table) {
    const result = a.do(operation)
    t.equal(outcome(result), 'invalid', `${operation.op} ${field}`)
    t.equal(refused(result).field, field)
  }
  for (const seedIfAbsent of ['', '1', '00000a', '0000001', '-00001']) {
    t.equal(outcome(a.reserve('u', 'nf', { spec: GAPLESS, seedIfAbsent })), 'badSeed', seedIfAbsent)
  }
  t.same(
    world.rows().filter(([key]) => /^[qc]/.test(key)),
    [],
    'nothing was made',
  )
})
