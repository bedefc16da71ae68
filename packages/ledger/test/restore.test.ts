import fc from 'fast-check'
import t from 'tap'
import { Ledger, LedgerError, type RowEntry } from '../src/index.ts'
import { rowChecks } from '../src/row-shapes.ts'
import { GAPLESS, seeded } from './kit.ts'
import { checkout, keyBody, LicenseWorld, rules, take } from './license-kit.ts'

const options = { sink: { answer: () => {}, event: () => {} } }

/** A ledger with rows in every table. */
function fullWorld(): LicenseWorld {
  const world = new LicenseWorld()
  world.ledger.applyInternal({ op: 'member.set', id: 1, name: 'n1', peer: 'n1:1', client: 'n1:2' })
  const reuse = { windowMs: 60_000, from: 'release' }
  world.install(
    keyBody([
      { id: 1, quantity: 1 },
      { id: 2, nature: 'named', quantity: 3, reuse },
      { id: 3, quantity: 4, reuse },
    ]),
  )
  const a = world.open('a', { lockDelayMs: 5_000 })
  const b = world.open('b')
  rules(a, 1, [{ kind: 'reserve', product: 3, subject: { type: 'group', value: 'g' }, amount: 1 }])
  a.lock('u', ['A', 'B'])
  b.lock('v', 'A', -1)
  a.permits('u', 'S', 2, 0, 2)
  b.permits('v', 'S', 1, 9_000)
  a.do({ op: 'code.reserve', owner: 'u', code: 'k' })
  for (let times = 0; times < 3; times++) a.reserve('u', 'nf', { spec: GAPLESS, ttlMs: 9_000 })
  a.rollBack('u', 'nf', '000001')
  a.rollBack('u', 'nf', '000002')
  a.do({
    op: 'sequence.gap',
    owner: 'u',
    name: 'nf',
    scope: { company: '01', branch: '0101' },
    from: '000001',
    to: '000001',
    reason: 'a form was torn apart at the counter',
  })
  take(a, 1, { owner: 'u' })
  checkout(b, 1, { owner: 'v' })
  checkout(b, 1, { owner: 'v', waitMs: -1 })
  const rested = take(a, 3, { owner: 'u', user: 'ana' })
  a.do({ op: 'license.checkin', owner: 'u', grant: rested.grant })
  a.do({ op: 'license.assign', product: 2, user: 'eva' })
  a.do({ op: 'license.assign', product: 2, user: 'rui' })
  a.do({ op: 'license.unassign', product: 2, user: 'rui' })
  a.do({ op: 'license.borrow', owner: 'u', product: 3, user: 'leo', untilWallMs: world.wallMs + 86_400_000 })
  const forced = take(a, 3, { owner: 'w', user: 'w' })
  a.do({ op: 'license.forceRelease', grant: forced.grant, reason: 'gone home', coolDownMs: 60_000 })
  const dead = world.open('dead', { lockDelayMs: 5_000 })
  dead.lock('x', 'D')
  world.expire(dead)
  world.pass(1_000)
  return world
}

const rows: readonly RowEntry[] = [...fullWorld().ledger.rows()].map(({ key, value }) => ({
  key,
  value: JSON.parse(JSON.stringify(value)),
}))

/** The complaint, or the ledger; anything else is an error of the restore. */
function restored(changed: readonly RowEntry[]): LedgerError | Ledger {
  try {
    return Ledger.restore(structuredClone(changed), options)
  } catch (error) {
    if (error instanceof LedgerError) return error
    throw error
  }
}

const present = (entries: Iterable<RowEntry>) =>
  JSON.stringify([...entries].map(({ key, value }) => [key, value]).sort())

await t.test('the rows of this test are of every table, and come back as they are', async (t) => {
  const tables = new Set(rows.map(({ key }) => key[0]))
  t.same(
    Object.keys(rowChecks).filter((table) => !tables.has(table)),
    [],
  )
  const ledger = restored(rows)
  t.ok(ledger instanceof Ledger && present(ledger.rows()) === present(rows))
})

/** Every place in a value, as a path. */
function placesIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([name, inner]) => placesIn(inner, [...path, name]))]
}

function changedAt(value: unknown, path: readonly string[], change: unknown): unknown {
  const [name, ...rest] = path
  if (name === undefined) return change
  const copy = structuredClone(value) as Record<string, unknown>
  if (rest.length === 0 && change === undefined) delete copy[name]
  else copy[name] = changedAt(copy[name], rest, change)
  return copy
}

await t.test('a field that is not what it must be is named, with its row and value', async (t) => {
  for (const [key, field, value, expected] of [
    ['s/1', 'ttlMs', '30s', /row "s\/1", ttlMs: "30s" is not a number/],
    [
      'l/erp\0A',
      'holds',
      [[1, 'u']],
      /holds: \[\[1,"u"\]\] is not a list, of \[a whole number from 0, a text/,
    ],
    [
      'l/erp\0A',
      'holds',
      [
        [1, 'u', false, 1, 0, 1, 1],
        [1, 'u', false, 1, 0, 1, -1],
      ],
      /holds: .*-1\]\] is not a list/,
    ],
    ['s/1', 'ttlMs', Number.NaN, /ttlMs: null is not a number/],
    ['a/1/1', 'ok', false, /cause: undefined is not a text/],
    ['n/1', 'id', 7, /row "n\/1", id: 7 is not the number in its key/],
    ['p/1/production', 'lastUnit', -1, /lastUnit: -1 is not a whole number from 0/],
    ['q/erp\0nf', 'width', 0, /spec.width: 0 is not 1 to/],
    ['x', 'token', undefined, /row "x", token: undefined is not a whole number/],
  ] as const) {
    const at = rows.findIndex((row) => row.key === key)
    const changed = rows.with(at, { key, value: changedAt(rows[at]!.value, [field], value) })
    const error = restored(changed)
    t.ok(error instanceof LedgerError, key)
    if (error instanceof LedgerError) {
      t.match(error.message, expected)
      t.match(error, { code: 'LEDGER_ROW_INVALID', detail: { key } })
    }
  }
})

await t.test('a row that leans on one that is not there is named', async (t) => {
  const without = (key: string) => restored(rows.filter((row) => row.key !== key))
  for (const [gone, complaint] of [
    ['s/1', /there is no session 1/],
    ['p/1/production', /there is no pool 1\/production|product/],
    ['q/erp\0nf', /there is no sequence nf/],
  ] as const) {
    const error = without(gone)
    t.ok(error instanceof LedgerError, gone)
    if (error instanceof LedgerError) t.match(error.message, complaint)
  }
})

await t.test('whatever is changed in a row: a complaint that names one, or a ledger', async (t) => {
  const strange = fc.oneof(
    fc.constantFrom(
      undefined,
      null,
      true,
      '',
      'x',
      '\0',
      -1,
      0,
      1,
      1.5,
      2 ** 40,
      2 ** 53,
      Number.NaN,
      [],
      {},
    ),
    fc.jsonValue({ maxDepth: 2 }),
  )
  const places = rows.flatMap(({ value }, at) => placesIn(value).map((path) => ({ at, path })))
  let complaints = 0
  let ledgers = 0
  const property = fc.property(fc.constantFrom(...places), strange, ({ at, path }, change) => {
    const { key, value } = rows[at]!
    const result = restored(rows.with(at, { key, value: changedAt(value, path, change) }))
    if (result instanceof Ledger) ledgers++
    else if (result.detail.key === '') throw new Error(`no row is named: ${result.message}`)
    else complaints++
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 3_000, ...seeded() }))
  t.ok(complaints > 1_000 && ledgers > 50, `${complaints} complaints, ${ledgers} ledgers`)
})

await t.test('whatever becomes of a key: a complaint, or a ledger', async (t) => {
  const property = fc.property(
    fc.nat(rows.length - 1),
    fc.nat(20),
    fc.constantFrom('', '\0', '/', 'x', '9', '-'),
    (at, place, letter) => {
      const { key, value } = rows[at]!
      restored(rows.with(at, { key: key.slice(0, place) + letter + key.slice(place + 1), value }))
    },
  )
  t.doesNotThrow(() => fc.assert(property, { numRuns: 2_000, ...seeded() }))
})
