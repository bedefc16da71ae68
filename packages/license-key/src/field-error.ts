/** A value that breaks a rule: which field, what it holds, and what was expected there. */
export class FieldError extends Error {
  readonly code = 'FIELD_INVALID'
  /** Path such as `products[2].quantity`; empty for the whole. */
  readonly field: string
  /** The value, shortened, as JSON. */
  readonly value: string
  readonly expected: string

  constructor(field: string, value: unknown, expected: string) {
    const shown = shownValue(value)
    super(`${field === '' ? 'the whole' : field} is ${shown}; expected ${expected}`)
    this.name = 'FieldError'
    this.field = field
    this.value = shown
    this.expected = expected
  }
}

const SHOWN_LENGTH_MAX = 80

/** A value for a message: never longer than a line. */
export function shownValue(value: unknown): string {
  if (value === undefined) return 'absent'
  const text = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? typeof value)
  return text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}...` : text
}

/** Path of a member of an object or a list. */
export function memberField(field: string, member: string | number): string {
  if (typeof member === 'number') return `${field}[${member}]`
  return field === '' ? member : `${field}.${member}`
}
