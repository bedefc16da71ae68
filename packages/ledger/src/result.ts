import type { Cause } from './causes.ts'
import type { LockMode } from './commands.ts'
import type { LicenseValues } from './license/values.ts'

/** A plain object of plain values; which fields it has depends on the operation (see {@link Values}). */
export type Value = { readonly [field: string]: unknown }

/** Cause-specific, documented fields. */
export type Detail = { readonly [field: string]: unknown }

export type Refusal = { readonly ok: false; readonly cause: Cause; readonly detail: Detail }
export type Result<V extends Value = Value> = { readonly ok: true; readonly value: V } | Refusal

/** Who holds something, as refusals and reads show it. */
export type Holder = {
  readonly session: number
  readonly client: string
  readonly owner: string
  /** Semaphores: always `shared`. */
  readonly mode: LockMode
  /** The fencing token; 0 for a code reservation, which has none. */
  readonly token: number
  /** Wall clock (epoch ms) of the entry in which it was taken. */
  readonly sinceMs: number
  /** Re-entrance count; for a semaphore the permits held. */
  readonly count: number
}

/** What each operation answers when it succeeds. */
export type Values = {
  'session.open': { readonly session: number; readonly generation: number; readonly ttlMs: number }
  'session.resume': { readonly session: number; readonly generation: number; readonly ttlMs: number }
  'session.close': Record<never, never>
  /** Things held that were given up; waits are answered `canceled` and not counted. */
  'owner.release': { readonly released: number }
  'request.cancel': { readonly canceled: boolean }
  'lock.acquire': { readonly token: number; readonly counts: readonly number[] }
  'lock.release': { readonly counts: readonly number[] }
  'code.reserve': { readonly reserved: true }
  'code.release': { readonly released: boolean }
  'code.releaseAll': { readonly released: number }
  'semaphore.set': { readonly total: number; readonly used: number }
  'semaphore.delete': { readonly deleted: boolean }
  'semaphore.acquire': { readonly token: number; readonly held: number }
  'semaphore.release': { readonly held: number }
  'sequence.define': { readonly created: boolean }
  'sequence.next': {
    readonly first: string
    readonly last: string
    readonly count: number
    readonly prefix: string
    readonly period: string
  }
  'sequence.reserve': {
    readonly value: string
    readonly prefix: string
    readonly period: string
    readonly expiresInMs?: number
    readonly reissued: boolean
  }
  'sequence.confirm': { readonly value: string }
  'sequence.rollback': { readonly value: string }
  /** `value`: the counter's last value now. */
  'sequence.ensureAtLeast': { readonly value: string; readonly moved: boolean }
  'sequence.set': { readonly value: string }
  'sequence.gap': { readonly count: number }
} & LicenseValues

export function refuse(cause: Cause, detail: Detail = NOTHING): Refusal {
  return { ok: false, cause, detail }
}

/** For what would break the ledger; the protocol refuses the same at the border. */
export function invalid(field: string, value: unknown, expected: string): Refusal {
  return { ok: false, cause: 'invalid', detail: { field, value, expected } }
}

/** The empty value; shared, so never changed. */
export const NOTHING: Value = Object.freeze({})
