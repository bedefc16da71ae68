import { isDay } from './calendar.ts'
import { FieldError, memberField } from './field-error.ts'

export { FieldError } from './field-error.ts'

/** Returns the value, typed, or throws a `FieldError` that names the field. */
export type Check<T> = (value: unknown, field: string) => T

interface Optional<T> {
  readonly optional: Check<T>
}

/** Each member of T has its check; what T may lack is marked with `optional`. */
export type Fields<T> = {
  readonly [K in keyof T]-?: Record<never, never> extends Pick<T, K>
    ? Optional<Exclude<T[K], undefined>>
    : Check<T[K]>
}

export function optional<T>(check: Check<T>): Optional<T> {
  return { optional: check }
}

/** An object with these members and no other: a typo must not be silently ignored. */
export function record<T extends object>(fields: Fields<T>): Check<T> {
  const specs = Object.entries(fields) as [string, Check<unknown> | Optional<unknown>][]
  const names = specs.map(([name]) => name)
  return (value, field) => {
    if (!isObject(value)) throw new FieldError(field, value, 'an object')
    for (const name of Object.keys(value)) {
      if (names.includes(name)) continue
      throw new FieldError(memberField(field, name), value[name], `no such field; known: ${names.join(', ')}`)
    }
    const result: Record<string, unknown> = {}
    for (const [name, spec] of specs) {
      const member = memberField(field, name)
      const found = Object.hasOwn(value, name) ? value[name] : undefined
      if (typeof spec === 'function') result[name] = spec(found, member)
      else if (found !== undefined) result[name] = spec.optional(found, member)
    }
    return result as T
  }
}

/** An object whose members' names are free. */
export function mapOf<T>(check: Check<T>, limits: { readonly max: number }): Check<Record<string, T>> {
  return (value, field) => {
    if (!isObject(value)) throw new FieldError(field, value, 'an object')
    const names = Object.keys(value)
    if (names.length > limits.max) throw new FieldError(field, value, `at most ${limits.max} members`)
    const result: Record<string, T> = {}
    for (const name of names) {
      const member = memberField(field, name)
      if (!idPattern.test(name)) throw new FieldError(member, name, ID_EXPECTED)
      result[name] = check(value[name], member)
    }
    return result
  }
}

export interface ListLimits<T> {
  readonly min?: number
  readonly max: number
  /** No two elements may have the same one; `of` names it. */
  readonly unique?: (element: T) => string | number
  readonly of?: string
}

export function list<T>(check: Check<T>, limits: ListLimits<T>): Check<T[]> {
  const { min = 0, max, unique, of } = limits
  return (value, field) => {
    if (!Array.isArray(value) || value.length < min || value.length > max) {
      throw new FieldError(field, value, `a list of ${min} to ${max} elements`)
    }
    const seen = new Map<string | number, number>()
    return Array.from(value, (each: unknown, at) => {
      const element = check(each, memberField(field, at))
      if (unique === undefined) return element
      const key = unique(element)
      const before = seen.get(key)
      if (before !== undefined) {
        const member = of === undefined ? memberField(field, at) : `${memberField(field, at)}.${of}`
        throw new FieldError(member, key, `a value that ${memberField(field, before)} does not have already`)
      }
      seen.set(key, at)
      return element
    })
  }
}

export function integer(limits: { readonly min: number; readonly max: number }): Check<number> {
  const { min, max } = limits
  return (value, field) => {
    if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
      throw new FieldError(field, value, `an integer from ${min} to ${max}`)
    }
    return value as number
  }
}

export function oneOf<const T extends string | number>(choices: readonly T[]): Check<T> {
  return (value, field) => {
    if (!(choices as readonly unknown[]).includes(value)) {
      throw new FieldError(field, value, choices.map((choice) => JSON.stringify(choice)).join(' or '))
    }
    return value as T
  }
}

/** Text for people: one line. */
export function text(limits: { readonly bytesMax: number }): Check<string> {
  const { bytesMax } = limits
  return (value, field) => {
    if (
      typeof value !== 'string' ||
      value === '' ||
      Buffer.byteLength(value) > bytesMax ||
      /[\p{Cc}\p{Surrogate}\u2028\u2029]/u.test(value) ||
      value.normalize('NFC') !== value
    ) {
      const expected = `text of 1 to ${bytesMax} bytes in normal form C, without control characters`
      throw new FieldError(field, value, expected)
    }
    return value
  }
}

const idPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const ID_EXPECTED = '1 to 64 letters, digits, "." "_" "-", the first a letter or digit'

/** A name for machines, such as an installation id: ASCII, fit for a file name. */
export const id: Check<string> = (value, field) => {
  if (typeof value !== 'string' || !idPattern.test(value)) throw new FieldError(field, value, ID_EXPECTED)
  return value
}

/** A day of the calendar: `YYYY-MM-DD`. */
export const day: Check<string> = (value, field) => {
  if (!isDay(value)) throw new FieldError(field, value, 'a day from 2000-01-01 to 2999-12-31, YYYY-MM-DD')
  return value
}

/** An instant in UTC, in the one form `YYYY-MM-DDTHH:MM:SS.sssZ`. */
export const instant: Check<string> = (value, field) => {
  const expected = 'an instant YYYY-MM-DDTHH:MM:SS.sssZ'
  if (typeof value !== 'string') throw new FieldError(field, value, expected)
  const ms = Date.parse(value)
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== value) throw new FieldError(field, value, expected)
  return value
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
