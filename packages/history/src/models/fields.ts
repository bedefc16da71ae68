import type { Integer, Json, Operation } from '../operation.ts'

type Fields = { readonly [key: string]: Json }

/** The answer's fields, or `undefined` while the outcome is unknown. The reader has checked their shapes. */
export function answerOf(operation: Operation): Fields | undefined {
  if (operation.status !== 'ok') return undefined
  return typeof operation.ret === 'object' && operation.ret !== null ? (operation.ret as Fields) : {}
}

export function textField(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  return value === undefined || value === null ? undefined : String(value)
}

export function integerField(fields: Fields, name: string): bigint | undefined {
  const value = fields[name]
  return value === undefined || value === null ? undefined : BigInt(value as Integer)
}

/** Small whole numbers such as units. */
export function countField(fields: Fields, name: string): number | undefined {
  const value = fields[name]
  return value === undefined || value === null ? undefined : Number(value)
}

/** Milliseconds as nanoseconds; `undefined` for none. */
export function ttlOf(fields: Fields): number | undefined {
  const value = fields.ttl_ms
  return value === undefined || value === null ? undefined : Math.round(Number(value) * 1e6)
}
