import { limits } from '../limits.ts'
import { Malformed, quote } from '../wire/malformed.ts'
import { readValue, type Value, writeValue } from '../wire/value.ts'
import type { Schema } from './schema.ts'

/** Any plain value: for what another operation describes. */
export const free: Schema<Value, 'required', unknown> = {
  presence: 'required',
  fallback: undefined,
  doc: '',
  node: { kind: 'free' },
  read: (reader) => readValue(reader),
  write: (writer, value) => writeValue(writer, value),
}

/** A map whose keys are not known before: text, none of them `__proto__`. */
export function dictionary<T, I>(
  item: Schema<T, 'required', I>,
): Schema<Readonly<Record<string, T>>, 'required', Readonly<Record<string, I>>> {
  const expected = `a map of at most ${limits.itemsMax} entries`
  return {
    presence: 'required',
    fallback: undefined,
    doc: '',
    node: { kind: 'dictionary', item: item.node },
    read(reader) {
      const at = reader.pos
      const size = reader.mapHeader(expected)
      if (size > limits.itemsMax) throw reader.unexpected(at, expected)
      const out: Record<string, T> = {}
      for (let left = size; left > 0; left--) {
        const key = reader.text('a key that is text')
        if (key === '__proto__') throw new Malformed('', quote(key), 'another key')
        out[key] = inside(key, () => item.read(reader))
      }
      return out
    },
    write(writer, value) {
      if (typeof value !== 'object' || value === null) throw new Malformed('', quote(value), 'an object')
      const entries = Object.entries(value).filter(([, one]) => one !== undefined)
      if (entries.length > limits.itemsMax) throw new Malformed('', quote(value), expected)
      writer.mapHeader(entries.length)
      for (const [key, one] of entries) {
        writer.text(key)
        inside(key, () => item.write(writer, one))
      }
    },
  }
}

function inside<T>(key: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof Malformed ? error.within(key) : error
  }
}
