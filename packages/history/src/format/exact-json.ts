import type { Json } from '../operation.ts'

/** A string, or an integer that may be too large for a number. A string is matched so that it can be stepped over. */
const stringOrLongInteger = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g

/** Cannot stand in a JSON text: control characters are escaped there. */
const mark = '\u0001'

/** `JSON.parse` that keeps every digit of an integer: beyond 2^53 it becomes a bigint. Throws `SyntaxError`. */
export function parseExact(text: string): Json {
  if (!/\d{16}/.test(text)) return JSON.parse(text) as Json
  const marked = text.replace(stringOrLongInteger, (found) =>
    found.startsWith('"') || Number.isSafeInteger(Number(found)) ? found : `"\\u0001${found}"`,
  )
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === 'string' && value.startsWith(mark) && /^-?\d+$/.test(value.slice(1))
      ? BigInt(value.slice(1))
      : value,
  ) as Json
}

/** The opposite of `parseExact`, with a space after comma and colon as the given histories have it. */
export function writeExact(value: Json): string {
  if (typeof value === 'bigint') return String(value)
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (isList(value)) return `[${value.map(writeExact).join(', ')}]`
  return `{${Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .map(([name, field]) => `${JSON.stringify(name)}: ${writeExact(field)}`)
    .join(', ')}}`
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
