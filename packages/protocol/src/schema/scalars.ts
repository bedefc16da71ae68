import { limits } from '../limits.ts'
import { Malformed, quote } from '../wire/malformed.ts'
import type { Schema, SchemaNode } from './schema.ts'

function required<T>(node: SchemaNode, read: Schema<T>['read'], write: Schema<T>['write']): Schema<T> {
  return { presence: 'required', fallback: undefined, doc: '', node, read, write }
}

/** A whole number within bounds, both included. */
export function integer(min: number, max: number): Schema<number> {
  const expected =
    max === Number.MAX_SAFE_INTEGER ? `an integer, at least ${min}` : `an integer from ${min} to ${max}`
  return required(
    { kind: 'integer', min, max },
    (reader) => {
      const at = reader.pos
      const value = reader.integer(expected)
      if (value < min || value > max) throw reader.unexpected(at, expected)
      return value
    },
    (writer, value) => {
      if (!(value >= min && value <= max)) throw new Malformed('', quote(value), expected)
      writer.integer(value)
    },
  )
}

/** Ids, indexes, counters: 0 to 2^53 - 1. */
export const count: Schema<number> = integer(0, Number.MAX_SAFE_INTEGER)

/** Any whole number below 2^53. */
export const signed: Schema<number> = integer(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)

/** A finite number that need not be whole. */
export const float: Schema<number> = required(
  { kind: 'float' },
  (reader) => reader.float(),
  (writer, value) => {
    if (!Number.isFinite(value)) throw new Malformed('', quote(value), 'a finite number')
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) writer.integer(value)
    else writer.float(value)
  },
)

export const boolean: Schema<boolean> = required(
  { kind: 'boolean' },
  (reader) => reader.boolean(),
  (writer, value) => {
    if (typeof value !== 'boolean') throw new Malformed('', quote(value), 'true or false')
    writer.boolean(value)
  },
)

/** A result that can only be true. */
export const always: Schema<true> = required<true>(
  { kind: 'true' },
  (reader) => {
    const at = reader.pos
    if (reader.boolean()) return true
    throw reader.unexpected(at, 'true')
  },
  (writer) => writer.boolean(true),
)

/** Text bounded in bytes of UTF-8. `plain` text has no control characters (U+0000 to U+001F). */
export function text(options: { min?: number; max: number; plain?: boolean }): Schema<string> {
  const { min = 0, max, plain = false } = options
  const expected = `text of ${min} to ${max} bytes${plain ? ' without control characters' : ''}`
  return required(
    { kind: 'text', min, max, plain },
    (reader) => {
      const at = reader.pos
      const value = reader.text(expected)
      if (reader.textSize < min || reader.textSize > max || (plain && reader.lowest < 0x20)) {
        throw reader.unexpected(at, expected)
      }
      return value
    },
    (writer, value) => {
      if (typeof value !== 'string') throw new Malformed('', quote(value), expected)
      if (value.length < min || value.length > max || (plain && hasControl(value))) {
        throw new Malformed('', quote(value), expected)
      }
      if (value.length * 3 > max && Buffer.byteLength(value) > max) {
        throw new Malformed('', quote(value), expected)
      }
      writer.text(value)
    },
  )
}

function hasControl(value: string): boolean {
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) < 0x20) return true
  return false
}

/** Names, owners, namespaces: 1 to 512 bytes, no control characters. */
export const name: Schema<string> = text({ min: 1, max: limits.nameSizeMax, plain: true })

/** Text that this version does not look into: words that newer nodes may add to. */
export const word: Schema<string> = text({ max: limits.nameSizeMax })

/** One word of a closed list; on the wire its place in the list, from 0. */
export function oneOf<const V extends readonly string[]>(...values: V): Schema<V[number]> {
  const expected = `${values.map((value, index) => `${index} (${value})`).join(', ')}`
  return required<V[number]>(
    { kind: 'oneOf', values },
    (reader) => {
      const at = reader.pos
      const value = values[reader.integer(expected)]
      if (value === undefined) throw reader.unexpected(at, expected)
      return value
    },
    (writer, value) => {
      const index = values.indexOf(value)
      if (index < 0) throw new Malformed('', quote(value), values.join(', '))
      writer.integer(index)
    },
  )
}

export function bytes(options: { min: number; max: number }): Schema<Uint8Array> {
  const { min, max } = options
  const expected = min === max ? `${min} bytes (bin)` : `${min} to ${max} bytes (bin)`
  return required(
    { kind: 'bytes', min, max },
    (reader) => {
      const at = reader.pos
      const value = reader.bytes(expected)
      if (value.length < min || value.length > max) throw reader.unexpected(at, expected)
      return value
    },
    (writer, value) => {
      if (!(value instanceof Uint8Array) || value.length < min || value.length > max) {
        throw new Malformed('', quote(value), expected)
      }
      writer.bytes(value)
    },
  )
}
