import type { SequenceSpec } from './commands.ts'
import {
  type CheckRow,
  complain,
  count,
  flag,
  isRecord,
  list,
  ms,
  oneOf,
  optional,
  record,
  rowIs,
  rowOf,
  text,
  tuple,
  whole,
} from './row-shape.ts'
import { checkSpec } from './sequence/spec.ts'

// What a row of each table holds, as `rowValue` of its class writes it. Fields of a newer version do no harm.

const installation = oneOf('production', 'homologation', 'development')
const subject = { user: text, group: text, company: text, host: text }
const peaks = { units: count, unitsMs: ms, connections: count, connectionsMs: ms, hour: whole }

const validity = rowOf({
  calendarMs: ms,
  calendarAtMs: ms,
  pending: {
    is: (value) => value === null || record({ wallMs: ms, timeMs: ms }).is(value),
    expected: 'nothing, or two times',
  },
  validatedMs: ms,
  restriction: text,
  state: oneOf('unlicensed', 'valid', 'contingency', 'expired', 'restricted', 'emergency'),
  reason: text,
  endMs: ms,
  deadlineMs: ms,
})
const overall = rowOf({ ...peaks, sessions: count, sessionsMs: ms })

const claims = {
  license: record({
    ...subject,
    feature: text,
    product: count,
    units: count,
    mode: oneOf('use', 'query'),
    lingerMs: optional(ms),
    idleMs: optional(ms),
  }),
  locks: list(tuple(text, flag)),
  semaphores: list(tuple(text, count)),
}

const oneClaim = {
  is: (value: unknown) => {
    if (!isRecord(value)) return false
    const kind = (['license', 'locks', 'semaphores'] as const).find((each) => each in value)
    return kind !== undefined && claims[kind].is(value[kind])
  },
  expected: 'what is waited for: license, locks or semaphores',
}

const spec = rowOf({})

/** Its key ends with its own number. */
function numbered(check: CheckRow): CheckRow {
  return (key, value) => {
    check(key, value)
    const { id } = value as { readonly id: number }
    if (String(id) !== key.slice(2)) complain(key, 'id', id, 'the number in its key')
  }
}

/** By table. */
export const rowChecks = {
  x: rowOf({
    timeMs: ms,
    wallMs: ms,
    index: count,
    term: count,
    revision: count,
    token: count,
    order: count,
    session: count,
    memberId: count,
  }),
  n: numbered(
    rowOf({
      id: count,
      name: text,
      peer: text,
      client: text,
      drained: flag,
      starts: count,
      run: text,
      lastIndex: count,
    }),
  ),
  s: numbered(
    rowOf({
      id: count,
      key: text,
      namespace: text,
      client: text,
      installation,
      ttlMs: ms,
      lockDelayMs: ms,
      codesMax: count,
      openedMs: ms,
      generation: count,
      lastId: count,
    }),
  ),
  a: (key, value) => {
    answer(key, value)
    const { ok } = value as { ok: boolean }
    if (ok) done(key, value)
    else refused(key, value)
  },
  q: (key, value) => {
    spec(key, value)
    const bad = checkSpec(value as SequenceSpec)
    if (bad === undefined) return
    const { field, value: found, expected } = bad.detail
    complain(key, String(field), found, String(expected))
  },
  c: rowOf({ last: text }),
  f: rowIs({
    is: (value) => list(text).is(value) && (value as unknown[]).length % 2 === 0,
    expected: 'a list of texts, two by two',
  }),
  g: rowOf({
    name: text,
    scope: record({ company: text, branch: text, period: text }),
    from: text,
    to: text,
    count,
    kind: oneOf('jump', 'declared'),
    reason: text,
    session: count,
    client: text,
    owner: text,
    wallMs: ms,
  }),
  l: rowOf({
    holds: list(tuple(count, text, flag, count, ms, count, count)),
    delay: optional(tuple(ms, count)),
  }),
  m: rowOf({ total: count, explicit: flag, holds: list(tuple(count, text, count, count, ms, count)) }),
  k: rowIs(tuple(count, text, ms, count)),
  r: rowOf({ counter: text, value: text, session: count, owner: text, deadlineMs: ms }),
  w: rowOf({
    session: count,
    owner: text,
    order: count,
    id: count,
    waitMs: ms,
    priority: whole,
    deadlineMs: ms,
    sinceMs: ms,
    claims: oneClaim,
  }),
  i: rowOf({
    kind: oneOf('license', 'emergency'),
    serial: count,
    installedMs: ms,
    validFrom: text,
    validUntil: text,
    added: list(count),
    removed: list(count),
    body: text,
    signature: optional(text),
    keyId: optional(text),
  }),
  v: (key, value) => (key === 'v/validity' ? validity : overall)(key, value),
  u: rowOf({
    version: count,
    rules: list(
      record({
        kind: text,
        product: count,
        subject: record({ type: text, value: text }),
        amount: optional(count),
        ms: optional(ms),
      }),
    ),
    usageDays: optional(count),
  }),
  p: rowOf({
    installation,
    spec: record({
      id: count,
      name: text,
      nature: text,
      quantity: count,
      consumerKey: list(text),
      reuseMs: ms,
      reuseFrom: oneOf('acquire', 'release'),
      limitPerHost: count,
      overdraft: count,
      metric: text,
      production: count,
      development: count,
      inDevelopment: flag,
      inProduction: flag,
    }),
    listed: flag,
    lastUnit: count,
    metric: count,
    peaks: record(peaks),
  }),
  t: rowOf({
    ...subject,
    pool: text,
    units: count,
    unit: count,
    takenMs: ms,
    sinceMs: ms,
    accruedMs: ms,
    state: oneOf('held', 'lingering', 'resting'),
    assigned: flag,
    lease: flag,
    deadlineMs: ms,
    restOrder: whole,
    key: optional(text),
  }),
  o: rowOf({ order: count, deadlineMs: ms }),
  d: rowOf({
    ...subject,
    session: count,
    owner: text,
    pool: text,
    seat: count,
    feature: text,
    status: oneOf('query', 'inUse', 'waived'),
    units: count,
    token: count,
    sinceMs: ms,
    lingerMs: ms,
    idleMs: ms,
    idleAtMs: ms,
    taken: optional(list(text)),
  }),
  b: rowOf({ seat: count, order: count, sinceMs: ms, untilWallMs: ms, deadlineMs: ms }),
  h: rowOf({
    product: count,
    user: text,
    company: text,
    isPeak: flag,
    unitMs: ms,
    checkouts: count,
    peak: count,
    peakConnections: count,
    denials: {
      is: (value) => isRecord(value) && Object.values(value).every(count.is),
      expected: 'numbers by cause',
    },
  }),
  e: numbered(
    rowOf({
      ...subject,
      id: count,
      atMs: ms,
      cause: text,
      feature: text,
      product: count,
      installation,
      session: count,
      client: text,
      owner: text,
      units: count,
    }),
  ),
} as const satisfies Readonly<Record<string, CheckRow>>

const someRecord = { is: isRecord, expected: 'a record' }
const answer = rowOf({ ok: flag })
const done = rowOf({ value: someRecord })
const refused = rowOf({ cause: text, detail: someRecord })
