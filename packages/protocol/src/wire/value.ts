import { limits } from '../limits.ts'
import { Malformed, quote } from './malformed.ts'
import type { Reader } from './reader.ts'
import type { Writer } from './writer.ts'

/** What a free-form value may be: details of refusals. */
export type Value = null | boolean | number | string | Uint8Array | readonly Value[] | ValueMap
export interface ValueMap {
  readonly [key: string]: Value | undefined
}

/** Properties that are `undefined` are left out. */
export function writeValue(writer: Writer, value: unknown, depth = 0): void {
  if (depth > limits.depthMax) throw tooDeep()
  if (value === null || value === undefined) writer.nil()
  else if (typeof value === 'boolean') writer.boolean(value)
  else if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) writer.integer(value)
    else writer.float(value)
  } else if (typeof value === 'string') writer.text(value)
  else if (value instanceof Uint8Array) writer.bytes(value)
  else if (Array.isArray(value)) {
    writer.arrayHeader(value.length)
    for (const item of value) writeValue(writer, item, depth + 1)
  } else if (typeof value === 'object') {
    const entries = Object.entries(value)
    let count = 0
    for (const [, item] of entries) if (item !== undefined) count++
    writer.mapHeader(count)
    for (const [key, item] of entries) {
      if (item === undefined) continue
      writer.text(key)
      writeValue(writer, item, depth + 1)
    }
  } else throw new Malformed('', quote(value), 'a plain value')
}

export function readValue(reader: Reader): Value {
  const budget = { items: limits.itemsMax }
  return readNested(reader, 0, budget)
}

/** A free-form value that must be a map with text keys. */
export function readValueMap(reader: Reader): ValueMap {
  const at = reader.pos
  const value = readValue(reader)
  if (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array)
  ) {
    return value as ValueMap
  }
  throw reader.unexpected(at, 'a map')
}

function readNested(reader: Reader, depth: number, budget: { items: number }): Value {
  if (depth > limits.depthMax) throw tooDeep()
  if (--budget.items < 0) throw new Malformed('', 'more', `at most ${limits.itemsMax} items`)
  const at = reader.pos
  const head = at < reader.end ? reader.buffer[at]! : 0xc1
  if (head === 0xc0) {
    reader.pos++
    return null
  }
  if (head === 0xc2 || head === 0xc3) return reader.boolean()
  if ((head >= 0xa0 && head < 0xc0) || (head >= 0xd9 && head <= 0xdb)) return reader.text()
  if (head >= 0xc4 && head <= 0xc6) return reader.bytes()
  if ((head >= 0x90 && head < 0xa0) || head === 0xdc || head === 0xdd) {
    const items: Value[] = []
    for (let left = reader.arrayHeader(); left > 0; left--) items.push(readNested(reader, depth + 1, budget))
    return items
  }
  if ((head >= 0x80 && head < 0x90) || head === 0xde || head === 0xdf) {
    const map: Record<string, Value> = {}
    for (let left = reader.mapHeader(); left > 0; left--) {
      const key = reader.text('a key that is text')
      if (key === '__proto__') throw new Malformed('', quote(key), 'another key')
      map[key] = readNested(reader, depth + 1, budget)
    }
    return map
  }
  return reader.float('a plain value')
}

function tooDeep(): Malformed {
  return new Malformed('', 'deeper nesting', `at most ${limits.depthMax} levels`)
}
