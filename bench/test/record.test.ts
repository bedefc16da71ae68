import t from 'tap'
import { rankOf, valueAt } from '../src/numeral.ts'
import { latencies, quantile } from '../src/record/latency.ts'
import { ClientGoneError, type Performer, Recorder } from '../src/record/recorder.ts'
import { longestSilences } from '../src/record/silence.ts'
import { Random } from '../src/workload/random.ts'
import { lockOf, nextOf, Story, unlockOf } from './sample.ts'

await t.test('quantiles are values that occurred', async (t) => {
  t.equal(quantile([1, 2, 3, 4], 0.5), 2)
  t.equal(quantile([1, 2, 3, 4], 0.99), 4)
  t.equal(quantile([7], 0.5), 7)
  t.ok(Number.isNaN(quantile([], 0.5)))
})

await t.test('latencies are told per kind, refusals included, calls without an answer not', async (t) => {
  const story = new Story()
  const a = story.client('app-01')
  story.ok(a, [0, 2], nextOf('u1'), {})
  story.ok(a, [0, 4], nextOf('u1'), {})
  story.refused(a, [0, 3], nextOf('u1'), 'overflow')
  story.unknown(a, 0, nextOf('u1'))
  story.ok(a, [0, 900], { ...lockOf('u1', 'job'), waitMs: 1000 } as ReturnType<typeof lockOf>, {})
  t.strictSame(latencies(story.calls), [
    { kind: 'lock.acquire (wait)', count: 1, refused: 0, p50Ms: 900, p99Ms: 900, maxMs: 900 },
    { kind: 'sequence.next', count: 3, refused: 1, p50Ms: 3, p99Ms: 4, maxMs: 4 },
  ])
})

await t.test('the longest silence', async (t) => {
  await t.test('counts only time in which something was asked', async (t) => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 1], nextOf('u1'), {})
    story.ok(a, [100, 102], nextOf('u1'), {})
    story.ok(a, [101, 150], nextOf('u2'), {})
    story.ok(a, [120, 150], unlockOf('u2', 'job'), {})
    const found = longestSilences(story.calls, { fromMs: 90, toMs: 200 })
    t.strictSame(
      found.map(({ kind, longestMs, fromMs }) => ({ kind, longestMs, fromMs })),
      [
        { kind: 'all', longestMs: 48, fromMs: 102 },
        { kind: 'lock.release', longestMs: 30, fromMs: 120 },
        { kind: 'sequence.next', longestMs: 48, fromMs: 102 },
      ],
    )
  })

  await t.test('leaves out what lies outside of the window', async (t) => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 80], nextOf('u1'), {})
    story.ok(a, [100, 110], nextOf('u1'), {})
    story.ok(a, [500, 900], nextOf('u1'), {})
    t.equal(longestSilences(story.calls, { fromMs: 90, toMs: 400 })[0]?.longestMs, 10)
  })

  await t.test('leaves out requests that wait for other users', async (t) => {
    const story = new Story()
    const a = story.client('app-01')
    story.ok(a, [0, 80], { ...lockOf('u1', 'job'), waitMs: 1000 } as ReturnType<typeof lockOf>, {})
    t.strictSame(longestSilences(story.calls, { fromMs: 0, toMs: 400 }), [])
  })
})

await t.test('a recorder', async (t) => {
  const classify = (error: unknown) =>
    error instanceof RangeError
      ? ({ status: 'refused', cause: error.message, detail: {} } as const)
      : undefined
  let nowMs = 0
  const recorder = (): Recorder => new Recorder({ classify, now: () => ++nowMs })
  const request = { op: 'owner.release', owner: 'u1' } as const

  await t.test('writes down answers and refusals with their times', async (t) => {
    const record = recorder()
    const client = record.opened('app-01', 7)
    const answer: Performer = { perform: () => Promise.resolve({ released: 2 }) as never }
    const refuse: Performer = { perform: () => Promise.reject(new RangeError('held')) }
    t.strictSame(await record.perform(client, answer, request), { released: 2 })
    await t.rejects(record.perform(client, refuse, request), { message: 'held' })
    t.equal(record.answered, 2)
    t.match(record.calls, [
      { order: 0, outcome: { status: 'ok', result: { released: 2 } } },
      { order: 1, outcome: { status: 'refused', cause: 'held' } },
    ])
    for (const call of record.calls) t.ok(call.returnMs > call.callMs)
  })

  await t.test('leaves the calls of a dead process unknown, whatever comes later', async (t) => {
    const record = recorder()
    const client = record.opened('app-01', 7)
    let answer: (value: { released: number }) => void = () => undefined
    const slow: Performer = {
      perform: () =>
        new Promise((resolve) => {
          answer = resolve as typeof answer
        }) as never,
    }
    const call = record.perform(client, slow, request)
    record.ended(client, 'cut')
    await t.rejects(call, ClientGoneError)
    answer({ released: 1 })
    await Promise.resolve()
    t.match(record.calls, [
      { outcome: { status: 'unknown', reason: 'cut' }, returnMs: Number.POSITIVE_INFINITY },
    ])
    await t.rejects(record.perform(client, slow, request), ClientGoneError)
    t.equal(record.calls.length, 1)
  })
})

await t.test('the generator', async (t) => {
  await t.test('gives the same choices for the same seed on every machine', async (t) => {
    const random = new Random(20261121)
    t.strictSame(
      Array.from({ length: 4 }, () => random.next()),
      [3774917697, 55670486, 155450063, 1171914040],
    )
  })

  await t.test('keeps its bounds and reaches both ends', async (t) => {
    const random = new Random(1)
    const seen = new Set(Array.from({ length: 1_000 }, () => random.between(3, 5)))
    t.strictSame([...seen].sort(), [3, 4, 5])
    t.equal(random.sample([1, 2, 3], 5).length, 3)
    t.equal(new Set(random.sample([1, 2, 3, 4], 3)).size, 3)
  })

  await t.test('chooses by weight', async (t) => {
    const random = new Random(2)
    const weights = new Map([
      ['often', 9],
      ['rarely', 1],
    ])
    const often = Array.from({ length: 10_000 }, () => random.weighted(weights)).filter(
      (name) => name === 'often',
    )
    t.ok(often.length > 8_700 && often.length < 9_300, `${often.length} of 10000`)
  })
})

await t.test('ranks follow the order of Soma1 (domain section 5)', async (t) => {
  const spec = { digits: 'soma1', width: 3 } as const
  for (const [before, after] of [
    ['000', '001'],
    ['998', '999'],
    ['999', '99A'],
    ['99Z', '9A0'],
    ['9ZZ', 'A00'],
    ['A09', 'A0A'],
  ] as const) {
    t.equal(rankOf(after, spec), rankOf(before, spec) + 1, `${before} -> ${after}`)
    t.equal(valueAt(rankOf(after, spec), spec), after)
  }
  t.equal(rankOf('ZZZ', spec) + 1, 35_658)
  t.equal(rankOf('ZZ', { ...spec, width: 2 }) + 1, 1_062)
  t.equal(rankOf('AAZ', spec), 2_357, 'counted from 001')
  t.equal(rankOf('ZZZZZZ', { ...spec, width: 6 }) + 1, 1_618_038_306)
  t.throws(() => rankOf('0A1', spec), /not on the way/)
  t.throws(() => rankOf('99', spec), /expected 3 characters/)
  t.throws(() => rankOf('A00', { digits: 'decimal', width: 3 }), /not decimal/)
  t.throws(() => valueAt(1_000, { digits: 'decimal', width: 3 }), /beyond/)
})
