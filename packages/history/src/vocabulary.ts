import type { Integer, Json, Operation } from './operation.ts'

/** How a field must look. `expected` ends the sentence "expected args.ttl_ms: ...". */
interface Shape {
  readonly expected: string
  readonly optional: boolean
  readonly fits: (value: Json) => boolean
}

interface Verb {
  /** The argument that names the object. A register may go without a name. */
  readonly object: 'lock' | 'resource' | 'seq' | 'pool' | 'register'
  readonly args: { readonly [field: string]: Shape }
  readonly ret: { readonly [field: string]: Shape }
  /** Fields that an answer with `ok: true` must have besides. */
  readonly granted?: { readonly [field: string]: Shape }
}

const text: Shape = {
  expected: 'a string',
  optional: false,
  fits: (value) => typeof value === 'string' || isInteger(value),
}
const integer: Shape = { expected: 'an integer', optional: false, fits: isInteger }
const count: Shape = {
  expected: 'an integer, at least 1',
  optional: true,
  fits: (value) => isInteger(value) && value >= 1,
}
const amount: Shape = {
  expected: 'an integer, at least 0',
  optional: false,
  fits: (value) => isInteger(value) && value >= 0,
}
const milliseconds: Shape = {
  expected: 'milliseconds, at least 0',
  optional: true,
  fits: (value) => (typeof value === 'number' || typeof value === 'bigint') && value >= 0,
}
const truth: Shape = {
  expected: 'true or false',
  optional: false,
  fits: (value) => typeof value === 'boolean',
}
const mode: Shape = {
  expected: '"exclusive" or "shared"',
  optional: true,
  fits: (value) => value === 'exclusive' || value === 'shared',
}
const word: Shape = {
  expected: 'an integer or null',
  optional: false,
  fits: (value) => value === null || isInteger(value),
}
const holder: Shape = {
  expected: 'a string, empty or null for none',
  optional: false,
  fits: (value) => value === null || text.fits(value),
}

const answered = { ok: truth }

const vocabulary: { readonly [op: string]: Verb } = {
  'lock.acquire': {
    object: 'lock',
    args: { lock: text, owner: text, ttl_ms: milliseconds, req_id: maybe(text), mode },
    ret: { ...answered, holder: maybe(holder) },
    granted: { token: integer },
  },
  'lock.release': { object: 'lock', args: { lock: text, owner: text, token: maybe(integer) }, ret: answered },
  'lock.renew': {
    object: 'lock',
    args: { lock: text, owner: text, token: maybe(integer), ttl_ms: milliseconds },
    ret: answered,
  },
  'lock.get': { object: 'lock', args: { lock: text }, ret: { holder, token: maybe(word) } },
  'fence.write': { object: 'resource', args: { resource: text, token: integer }, ret: answered },
  'seq.next': {
    object: 'seq',
    args: { seq: text, n: count, req_id: maybe(text) },
    ret: { value: integer },
  },
  'seq.get': { object: 'seq', args: { seq: text }, ret: { next: integer } },
  'seq.raise': { object: 'seq', args: { seq: text, next: integer }, ret: {} },
  'seq.reserve': {
    object: 'seq',
    args: { seq: text, ttl_ms: milliseconds, req_id: maybe(text) },
    ret: { value: integer },
  },
  'seq.confirm': { object: 'seq', args: { seq: text, value: integer }, ret: answered },
  'seq.rollback': { object: 'seq', args: { seq: text, value: integer }, ret: answered },
  'pool.resize': { object: 'pool', args: { pool: text, cap: amount }, ret: {} },
  'pool.checkout': {
    object: 'pool',
    args: { pool: text, n: count, ttl_ms: milliseconds, req_id: maybe(text) },
    ret: answered,
    granted: { lease: text },
  },
  'pool.checkin': { object: 'pool', args: { pool: text, lease: text }, ret: answered },
  'pool.renew': { object: 'pool', args: { pool: text, lease: text, ttl_ms: milliseconds }, ret: answered },
  'pool.get': { object: 'pool', args: { pool: text }, ret: { used: maybe(amount), cap: maybe(amount) } },
  'register.read': { object: 'register', args: { register: maybe(text) }, ret: { value: word } },
  'register.write': { object: 'register', args: { register: maybe(text), value: word }, ret: {} },
  'register.cas': {
    object: 'register',
    args: { register: maybe(text), from: word, to: word },
    ret: answered,
  },
}

/** What the operation should have looked like, or `undefined` if it fits. */
export function complaintAbout({ op, args, ret, status }: Operation): string | undefined {
  const verb = Object.hasOwn(vocabulary, op) ? vocabulary[op] : undefined
  if (verb === undefined) return `op: one of ${Object.keys(vocabulary).join(', ')}`
  const complaint = complaintAboutFields('args', args, verb.args)
  if (complaint !== undefined || status !== 'ok') return complaint
  if (Object.keys(verb.ret).length === 0) return undefined
  if (typeof ret !== 'object' || ret === null || Array.isArray(ret)) return 'ret: an object, for status is ok'
  const fields = ret as Operation['args']
  return (
    complaintAboutFields('ret', fields, verb.ret) ??
    (verb.granted !== undefined && fields.ok === true
      ? complaintAboutFields('ret', fields, verb.granted)
      : undefined)
  )
}

/** Kind and name of the object, one string: operations on different ones have nothing to do with each other. */
export function objectOf({ op, args }: Operation): string {
  const verb = vocabulary[op]
  const name = verb === undefined ? undefined : args[verb.object]
  const kind = op.slice(0, op.indexOf('.'))
  return name === undefined || name === null ? kind : `${kind} ${String(name)}`
}

/** Whether it only looks: without an answer it says nothing. */
export function isRead({ op }: Operation): boolean {
  return op.endsWith('.get') || op.endsWith('.read')
}

/** The kind in an object's name. */
export function kindOf(object: string): string {
  const end = object.indexOf(' ')
  return end < 0 ? object : object.slice(0, end)
}

function complaintAboutFields(
  where: 'args' | 'ret',
  values: Operation['args'],
  shapes: { readonly [field: string]: Shape },
): string | undefined {
  for (const [field, shape] of Object.entries(shapes)) {
    const value = values[field]
    if (value === undefined || (value === null && shape.optional)) {
      if (!shape.optional) return `${where}.${field}: ${shape.expected}`
    } else if (!shape.fits(value)) return `${where}.${field}: ${shape.expected}`
  }
  return undefined
}

function maybe(shape: Shape): Shape {
  return { ...shape, optional: true }
}

function isInteger(value: Json): value is Integer {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))
}
