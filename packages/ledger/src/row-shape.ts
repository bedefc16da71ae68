import type { RowEntry } from './rows.ts'

/**
 * A stored row that no ledger can have written: its storage lost or changed something without noticing, or another
 * program wrote it. Nothing of it may be believed.
 */
export class LedgerError extends Error {
  readonly code = 'LEDGER_ROW_INVALID'
  readonly detail: RowComplaint

  constructor(detail: RowComplaint, options?: { cause?: unknown }) {
    const { key, field, value, expected } = detail
    const where = field === '' ? '' : `, ${field}`
    super(`row ${JSON.stringify(key)}${where}: ${value} is not ${expected}`, options)
    this.name = new.target.name
    this.detail = detail
  }
}

export interface RowComplaint {
  /** Its first letter is the table. */
  readonly key: string
  /** Empty: the row as a whole. */
  readonly field: string
  /** As JSON, cut if it is long. */
  readonly value: string
  readonly expected: string
}

const quotedMax = 80

/** What became of a row that was read: a complaint about it, whatever went wrong. */
export function complaintAbout({ key, value }: RowEntry, cause: unknown): LedgerError {
  if (cause instanceof LedgerError) return cause
  const expected = `a row that fits the others (${(cause as Error).message})`
  return new LedgerError({ key, field: '', value: quoted(value), expected }, { cause })
}

export function complain(key: string, field: string, value: unknown, expected: string): never {
  throw new LedgerError({ key, field, value: quoted(value), expected })
}

function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > quotedMax ? `${text.slice(0, quotedMax)}...` : text
}

/** What a field of a row may hold, and that in words. */
export interface Field {
  readonly is: (value: unknown) => boolean
  readonly expected: string
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0

/** Numbers of things, and orders. */
export const count: Field = { is: isCount, expected: 'a whole number from 0' }
export const whole: Field = { is: (value) => Number.isSafeInteger(value), expected: 'a whole number' }
/** Times and sums of them; -1 where there is none. */
export const ms: Field = { is: (value) => Number.isFinite(value), expected: 'a number' }
export const text: Field = { is: (value) => typeof value === 'string', expected: 'a text' }
export const flag: Field = { is: (value) => typeof value === 'boolean', expected: 'true or false' }

export function oneOf(...words: readonly string[]): Field {
  return { is: (value) => words.includes(value as string), expected: words.join(' or ') }
}

export function optional({ is, expected }: Field): Field {
  return { is: (value) => value === undefined || is(value), expected: `${expected}, or nothing` }
}

export function list(field: Field): Field {
  const is = (value: unknown) => {
    if (!Array.isArray(value)) return false
    for (const each of value) if (!field.is(each)) return false
    return true
  }
  return { is, expected: `a list, of ${field.expected}` }
}

export function tuple(...fields: readonly Field[]): Field {
  const is = (value: unknown) => {
    if (!Array.isArray(value) || value.length !== fields.length) return false
    for (let at = 0; at < fields.length; at++) if (!fields[at]!.is(value[at])) return false
    return true
  }
  return { is, expected: `[${fields.map(({ expected }) => expected).join(', ')}]` }
}

export type Fields = Readonly<Record<string, Field>>

export function record(fields: Fields): Field {
  const entries = Object.entries(fields)
  const is = (value: unknown) => {
    if (!isRecord(value)) return false
    for (const [name, field] of entries) if (!field.is(value[name])) return false
    return true
  }
  return { is, expected: `{${entries.map(([name, { expected }]) => `${name}: ${expected}`).join(', ')}}` }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Checks one row of a table. */
export type CheckRow = (key: string, value: unknown) => void

/** A row that is a record: the complaint names its field. */
export function rowOf(fields: Fields): CheckRow {
  const names = Object.keys(fields)
  const checks = Object.values(fields)
  return (key, value) => {
    if (!isRecord(value)) complain(key, '', value, 'a record')
    for (let at = 0; at < names.length; at++) {
      const field = value[names[at]!]
      if (!checks[at]!.is(field)) complain(key, names[at]!, field, checks[at]!.expected)
    }
  }
}

/** A row that is one value. */
export function rowIs({ is, expected }: Field): CheckRow {
  return (key, value) => {
    if (!is(value)) complain(key, '', value, expected)
  }
}
