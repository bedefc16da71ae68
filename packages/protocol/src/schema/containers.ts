import { Malformed, quote } from '../wire/malformed.ts'
import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'
import type { FieldNode, Fields, Input, Output, Presence, Schema } from './schema.ts'

/** Many of one kind: an array. `distinct` names the item's field that may not come twice ('' = the item). */
export function list<T, I>(
  item: Schema<T, 'required', I>,
  options: { min?: number; max: number; distinct?: string },
): Schema<T[], 'required', readonly I[]> {
  const { min = 0, max, distinct } = options
  const expected = `an array of ${min} to ${max} items`
  return {
    presence: 'required',
    fallback: undefined,
    doc: '',
    node: { kind: 'list', item: item.node, min, max, distinct },
    read(reader) {
      const at = reader.pos
      const size = reader.arrayHeader(expected)
      if (size < min || size > max) throw reader.unexpected(at, expected)
      const items: T[] = []
      for (let i = 0; i < size; i++) {
        try {
          items.push(item.read(reader))
        } catch (error) {
          throw within(error, `[${i}]`)
        }
      }
      if (distinct !== undefined && size > 1) mustDiffer(items, distinct)
      return items
    },
    write(writer, items) {
      if (!Array.isArray(items) || items.length < min || items.length > max) {
        throw new Malformed('', quote(items), expected)
      }
      writer.arrayHeader(items.length)
      for (let i = 0; i < items.length; i++) {
        try {
          item.write(writer, items[i] as I)
        } catch (error) {
          throw within(error, `[${i}]`)
        }
      }
      if (distinct !== undefined && items.length > 1) mustDiffer(items, distinct)
    },
  }
}

function mustDiffer(items: readonly unknown[], key: string): void {
  const seen = new Set<unknown>()
  for (let i = 0; i < items.length; i++) {
    const value = key === '' ? items[i] : (items[i] as Record<string, unknown>)[key]
    if (seen.has(value)) {
      throw new Malformed(key === '' ? `[${i}]` : `[${i}].${key}`, quote(value), 'no value twice')
    }
    seen.add(value)
  }
}

/**
 * Several fields in a row: how they stand in an array whose header was read already. A request's fields follow
 * its id, a result's its id, a struct's stand in an array of their own.
 */
export interface Row<T, I> {
  readonly fields: readonly FieldNode[]
  /** Reads `reader.left` items: missing ones are absent, those too many are passed over. */
  read(reader: Reader): T
  /** How many items {@link write} will write: absent ones at the end are left out. */
  size(value: I): number
  write(writer: Writer, value: I, size: number): void
}

/** Reads one field of the row. Row readers written by hand call this once for each field, in order. */
export function readField<T>(reader: Reader, schema: Schema<T, 'required' | 'default', never>): T {
  const value = readOptional(reader, schema)
  if (value !== undefined) return value
  if (schema.presence === 'required') throw new Malformed('', 'nothing', 'a value: the field is required')
  return schema.fallback as T
}

export function readOptional<T>(reader: Reader, schema: Schema<T, Presence, never>): T | undefined {
  reader.asked++
  if (reader.left <= 0) return undefined
  reader.left--
  if (schema.presence !== 'required' && reader.maybeNil()) return undefined
  return schema.read(reader)
}

/**
 * @param options.op if given, objects get it as their first property `op`
 * @param options.build reads all fields by hand, for rows so hot that the general way costs too much
 */
export function row<F extends Fields>(
  fields: F,
  options: { op?: string; build?: (reader: Reader) => Output<F> } = {},
): Row<Output<F>, Input<F>> {
  const names = Object.keys(fields)
  const schemas = Object.values(fields)
  const op = options.op
  const readAll = options.build ?? readGenerally

  function readGenerally(reader: Reader): Output<F> {
    const out: Record<string, unknown> = op === undefined ? {} : { op }
    for (let i = 0; i < schemas.length; i++) {
      const schema = schemas[i]!
      if (schema.presence === 'optional') {
        const value = readOptional(reader, schema)
        if (value !== undefined) out[names[i]!] = value
      } else out[names[i]!] = readField(reader, schema as Schema<unknown, 'required' | 'default'>)
    }
    return out as Output<F>
  }

  return {
    fields: names.map((name, i) => fieldNode(name, schemas[i]!)),
    read(reader) {
      const askedBefore = reader.asked
      reader.asked = 0
      try {
        const value = readAll(reader)
        for (; reader.left > 0; reader.left--) reader.skip()
        reader.asked = askedBefore
        return value
      } catch (error) {
        const field = names[reader.asked - 1]
        reader.asked = askedBefore
        throw field === undefined ? error : within(error, field)
      }
    },
    size(value) {
      let size = schemas.length
      while (size > 0) {
        const schema = schemas[size - 1]!
        const item = (value as Record<string, unknown>)[names[size - 1]!]
        if (schema.presence === 'required') break
        if (item !== undefined && (schema.presence === 'optional' || item !== schema.fallback)) break
        size--
      }
      return size
    },
    write(writer, value, size) {
      for (let i = 0; i < size; i++) {
        const schema = schemas[i]!
        const item = (value as Record<string, unknown>)[names[i]!]
        if (item === undefined && schema.presence !== 'required') writer.nil()
        else {
          try {
            schema.write(writer, item)
          } catch (error) {
            throw within(error, names[i]!)
          }
        }
      }
    },
  }
}

/** Several fields in an array of their own. */
export function struct<F extends Fields>(
  fields: F,
  build?: (reader: Reader) => Output<F>,
): Schema<Output<F>, 'required', Input<F>> {
  const inner = row(fields, build === undefined ? {} : { build })
  return {
    presence: 'required',
    fallback: undefined,
    doc: '',
    node: { kind: 'struct', fields: inner.fields },
    read(reader) {
      const leftBefore = reader.left
      reader.left = reader.arrayHeader()
      const value = inner.read(reader)
      reader.left = leftBefore
      return value
    },
    write(writer, value) {
      if (typeof value !== 'object' || value === null) throw new Malformed('', quote(value), 'an object')
      const size = inner.size(value)
      writer.arrayHeader(size)
      inner.write(writer, value, size)
    },
  }
}

/**
 * Several fields in a map whose keys are their names: for what grows with time and is not asked often. Unknown
 * keys are passed over, absent fields are not written.
 */
export function map<F extends Fields>(fields: F): Schema<Output<F>, 'required', Input<F>> {
  const names = Object.keys(fields)
  const schemas = Object.values(fields)
  const places = new Map(names.map((name, i) => [name, i]))
  return {
    presence: 'required',
    fallback: undefined,
    doc: '',
    node: { kind: 'map', fields: names.map((name, i) => fieldNode(name, schemas[i]!)) },
    read(reader) {
      const found: unknown[] = new Array(schemas.length).fill(undefined)
      for (let left = reader.mapHeader(); left > 0; left--) {
        const place = places.get(reader.text('a key that is text'))
        if (place === undefined) reader.skip()
        else {
          const schema = schemas[place]!
          if (schema.presence !== 'required' && reader.maybeNil()) continue
          try {
            found[place] = schema.read(reader)
          } catch (error) {
            throw within(error, names[place]!)
          }
        }
      }
      const out: Record<string, unknown> = {}
      for (let i = 0; i < schemas.length; i++) {
        const schema = schemas[i]!
        const value = found[i] ?? schema.fallback
        if (value !== undefined) out[names[i]!] = value
        else if (schema.presence === 'required') {
          throw new Malformed(names[i]!, 'nothing', 'a value: the field is required')
        }
      }
      return out as Output<F>
    },
    write(writer, value) {
      if (typeof value !== 'object' || value === null) throw new Malformed('', quote(value), 'an object')
      const items = value as Record<string, unknown>
      let size = 0
      for (let i = 0; i < names.length; i++) if (isWritten(schemas[i]!, items[names[i]!])) size++
      writer.mapHeader(size)
      for (let i = 0; i < names.length; i++) {
        const item = items[names[i]!]
        if (!isWritten(schemas[i]!, item)) continue
        writer.text(names[i]!)
        try {
          schemas[i]!.write(writer, item)
        } catch (error) {
          throw within(error, names[i]!)
        }
      }
    },
  }
}

function isWritten(schema: Schema<unknown, Presence>, item: unknown): boolean {
  return schema.presence === 'required' || item !== undefined
}

function fieldNode(name: string, schema: Schema<unknown, Presence>): FieldNode {
  const { presence, fallback, doc, node } = schema
  return { name, presence, fallback, doc, node }
}

function within(error: unknown, parent: string): unknown {
  return error instanceof Malformed ? error.within(parent) : error
}
