import { Malformed, quote } from '../wire/malformed.ts'
import { type Row, row } from './containers.ts'
import type { Fields, Input, Output, Schema } from './schema.ts'

/** One of several forms that a value may have: an operation's name, its code, and its own fields. */
export interface Variant<N extends string, T, I> {
  readonly code: number
  readonly name: N
  readonly row: Row<T, I>
}

type Flatten<T> = { [K in keyof T]: T[K] }

export function variant<const N extends string, F extends Fields>(
  code: number,
  name: N,
  fields: F,
): Variant<N, Flatten<{ op: N } & Output<F>>, Flatten<{ readonly op: N } & Input<F>>> {
  return {
    code,
    name,
    row: row(fields, { op: name }) as unknown as Row<
      Flatten<{ op: N } & Output<F>>,
      Flatten<{ readonly op: N } & Input<F>>
    >,
  }
}

type AnyVariant = Variant<string, unknown, never>
type Read<V> = V extends { row: { read(...args: never[]): infer T } } ? T : never
type Written<V> = V extends { row: { size(value: infer I): number } } ? I : never

/** A value of one of several forms, told apart by `op`: an array of the form's code and its fields. */
export function choice<const V extends readonly AnyVariant[]>(
  ...variants: V
): Schema<Read<V[number]>, 'required', Written<V[number]>> {
  const known = variants as unknown as readonly Variant<string, unknown, unknown>[]
  const expected = known.map(({ code, name }) => `${code} (${name})`).join(', ')
  const byCode = new Map(known.map((one) => [one.code, one]))
  const byName = new Map(known.map((one) => [one.name, one]))
  return {
    presence: 'required',
    fallback: undefined,
    doc: '',
    node: {
      kind: 'choice',
      variants: known.map(({ code, name, row: { fields } }) => ({ code, name, fields })),
    },
    read(reader) {
      const leftBefore = reader.left
      reader.left = reader.arrayHeader()
      if (reader.left <= 0) throw new Malformed('op', 'nothing', expected)
      reader.left--
      const at = reader.pos
      const found = byCode.get(reader.integer(expected))
      if (found === undefined) throw reader.unexpected(at, expected)
      const value = found.row.read(reader)
      reader.left = leftBefore
      return value as Read<V[number]>
    },
    write(writer, value) {
      const op = typeof value === 'object' && value !== null ? (value as { op?: unknown }).op : undefined
      const found = typeof op === 'string' ? byName.get(op) : undefined
      if (found === undefined) throw new Malformed('op', quote(op), known.map(({ name }) => name).join(', '))
      const size = found.row.size(value)
      writer.arrayHeader(1 + size)
      writer.integer(found.code)
      found.row.write(writer, value, size)
    },
  }
}
