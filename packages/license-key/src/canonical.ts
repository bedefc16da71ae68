import { FieldError, memberField } from './field-error.ts'
import { DEPTH_MAX } from './limits.ts'

/**
 * The one way to write a value as bytes, so that a signature over it means the same everywhere:
 *
 * - objects: members sorted by the UTF-16 code units of their names, no member twice;
 * - no white space between tokens;
 * - numbers: integers from -(2^53 - 1) to 2^53 - 1, written in decimal, never `-0`;
 * - texts: in Unicode normal form C, without lone surrogates; escaped are only `"`, `\` and what is below
 *   U+0020 (`\b \t \n \f \r`, otherwise `\u00xx` in lower case);
 * - `true`, `false`, lists and objects as in JSON; no `null`, at most 16 levels;
 * - encoded as UTF-8, without a byte order mark.
 *
 * What breaks a rule is refused with a `FieldError` rather than repaired: two texts never mean one value.
 */
export function canonicalize(body: unknown): string {
  return write(body, '', 0, undefined)
}

/** The same rules for people: two spaces of indentation, one line per member, a line feed at the end. */
export function readable(value: unknown): string {
  return `${write(value, '', 0, '')}\n`
}

/** @param indent what the current line starts with; undefined for the form without white space */
function write(value: unknown, field: string, depth: number, indent: string | undefined): string {
  if (depth > DEPTH_MAX) throw new FieldError(field, value, `at most ${DEPTH_MAX} levels`)
  switch (typeof value) {
    case 'string':
      return writeText(value, field)
    case 'boolean':
      return String(value)
    case 'number':
      if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
        throw new FieldError(field, value, 'an integer of at most 2^53 - 1')
      }
      return String(value)
    case 'object':
      if (value === null) break
      return Array.isArray(value)
        ? writeList(value, field, depth, indent)
        : writeObject(value as Readonly<Record<string, unknown>>, field, depth, indent)
    default:
      break
  }
  throw new FieldError(field, value, 'a text, an integer, true, false, a list or an object')
}

function writeText(text: string, field: string): string {
  // In a Unicode pattern only a surrogate without its other half matches.
  if (/\p{Surrogate}/u.test(text)) throw new FieldError(field, text, 'text without lone surrogates')
  if (text.normalize('NFC') !== text) throw new FieldError(field, text, 'text in Unicode normal form C')
  return JSON.stringify(text)
}

function writeList(
  list: readonly unknown[],
  field: string,
  depth: number,
  indent: string | undefined,
): string {
  const inner = deeper(indent)
  const parts = Array.from(list, (each, at) => write(each, memberField(field, at), depth + 1, inner))
  return bracket('[', parts, ']', indent)
}

function writeObject(
  object: Readonly<Record<string, unknown>>,
  field: string,
  depth: number,
  indent: string | undefined,
): string {
  const inner = deeper(indent)
  const colon = indent === undefined ? ':' : ': '
  // The default order of sort() is that of UTF-16 code units.
  const parts = Object.keys(object)
    .sort()
    .map((name) => {
      const member = memberField(field, name)
      return writeText(name, member) + colon + write(object[name], member, depth + 1, inner)
    })
  return bracket('{', parts, '}', indent)
}

function deeper(indent: string | undefined): string | undefined {
  return indent === undefined ? undefined : `${indent}  `
}

function bracket(open: string, parts: readonly string[], close: string, indent: string | undefined): string {
  if (indent === undefined || parts.length === 0) return open + parts.join(',') + close
  const inner = `\n${indent}  `
  return `${open}${inner}${parts.join(`,${inner}`)}\n${indent}${close}`
}
