import fc from 'fast-check'
import t from 'tap'
import { canonicalize, FieldError } from '../src/index.ts'
import { canonicalValue, emergency, license, property } from './kit.ts'

await t.test('test vectors: one value, one text', async (t) => {
  const vectors: readonly (readonly [unknown, string])[] = [
    [{}, '{}'],
    [[], '[]'],
    [{ b: 1, a: [true, false, 'x'] }, '{"a":[true,false,"x"],"b":1}'],
    // by code unit: upper case before lower case, U+E000 after the surrogates of U+1F511
    [{ a: 1, B: 2, '': 3, é: 4 }, '{"":3,"B":2,"a":1,"é":4}'],
    [{ '\ue000': 1, '\u{1f511}': 2 }, '{"\u{1f511}":2,"\ue000":1}'],
    // names that look like numbers are texts
    [{ 10: 1, 9: 2 }, '{"10":1,"9":2}'],
    [-9007199254740991, '-9007199254740991'],
    [0, '0'],
    [1e15, '1000000000000000'],
    ['"\\/\b\t\n\f\r\u0001\u007f', '"\\"\\\\/\\b\\t\\n\\f\\r\\u0001\u007f"'],
    ['São João', '"São João"'],
    [
      emergency,
      '{"day":"2026-03-01","format":1,"installationId":"sao-joao-1","kind":"emergency","number":1,' +
        '"serial":8,"utcOffsetMinutes":-180}',
    ],
  ]
  for (const [value, text] of vectors) t.equal(canonicalize(value), text)
})

await t.test('what has no single form is refused with field, value and what was expected', async (t) => {
  const cases: readonly (readonly [unknown, string, string])[] = [
    [{ a: 1.5 }, 'a', '1.5'],
    [{ a: [1, Number.NaN] }, 'a[1]', 'null'],
    [{ a: -0 }, 'a', '0'],
    [{ a: 2 ** 53 }, 'a', '9007199254740992'],
    [{ a: { b: null } }, 'a.b', 'null'],
    [{ a: undefined }, 'a', 'absent'],
    [{ a: 10n }, 'a', '10'],
    [{ a: 'e\u0301' }, 'a', '"e\u0301"'],
    [{ 'e\u0301': 1 }, 'e\u0301', '"e\u0301"'],
    [{ a: '\ud800' }, 'a', '"\\ud800"'],
    // biome-ignore lint/suspicious/noSparseArray: a hole is what is tried
    [[1, , 2], '[1]', 'absent'],
  ]
  for (const [value, field, shown] of cases) {
    try {
      canonicalize(value)
      t.fail(`accepted: ${field}`)
    } catch (error) {
      t.ok(error instanceof FieldError)
      if (!(error instanceof FieldError)) continue
      t.equal(error.field, field)
      t.equal(error.value, shown)
      t.not(error.expected, '')
      t.match(error.message, error.expected)
    }
  }
  let deep: unknown = 1
  for (let level = 0; level < 17; level++) deep = [deep]
  t.throws(() => canonicalize(deep), /at most 16 levels/)
})

await t.test('any canonical text reads back to the same value, and writes to the same text', async () => {
  fc.assert(
    fc.property(canonicalValue, (value) => {
      const text = canonicalize(value)
      const back: unknown = JSON.parse(text)
      return canonicalize(back) === text
    }),
    property(500),
  )
})

await t.test('the order in which members were added does not show', async (t) => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray(Object.keys(license), { minLength: Object.keys(license).length }),
      (names) => {
        const shuffled = Object.fromEntries(
          names.map((name) => [name, license[name as keyof typeof license]]),
        )
        return canonicalize(shuffled) === canonicalize(license)
      },
    ),
    property(50),
  )
  t.notMatch(canonicalize(license), /\n|": /)
})
