/**
 * The operations that workloads use, with what they ask and what they get: the shapes of the protocol, as the
 * client library takes and gives them. A history holds nothing else, so that it can be kept in a file and read
 * without a cluster.
 */
export interface Scope {
  readonly company: string
  readonly branch: string
  readonly period?: string
}

export interface SequenceSpec {
  readonly kind: 'gapless' | 'fast'
  readonly digits: 'decimal' | 'soma1'
  readonly width: number
  readonly prefix: string
  readonly start: string
  readonly reset: 'never' | 'year' | 'month' | 'day'
  readonly utcOffsetMinutes: number
  readonly reservationTtlMs: number
  readonly warnBelow: number
}

export type LockMode = 'exclusive' | 'shared'

interface NumberFields {
  readonly owner: string
  readonly name: string
  readonly scope: Scope
}

export interface Operations {
  'lock.acquire': {
    readonly request: {
      readonly owner: string
      readonly locks: readonly { readonly name: string; readonly mode: LockMode }[]
      readonly waitMs: number
      readonly priority: number
    }
    readonly result: { readonly token: number; readonly counts: readonly number[] }
  }
  'lock.release': {
    readonly request: { readonly owner: string; readonly names: readonly string[]; readonly token?: number }
    readonly result: { readonly counts: readonly number[] }
  }
  'owner.release': {
    readonly request: { readonly owner: string }
    readonly result: { readonly released: number }
  }
  'code.reserve': {
    readonly request: { readonly owner: string; readonly code: string }
    readonly result: { readonly reserved: true }
  }
  'code.release': {
    readonly request: { readonly owner: string; readonly code: string }
    readonly result: { readonly released: boolean }
  }
  'code.releaseAll': {
    readonly request: { readonly owner: string }
    readonly result: { readonly released: number }
  }
  'sequence.next': {
    readonly request: NumberFields & {
      readonly count: number
      readonly spec?: SequenceSpec
      readonly seedIfAbsent?: string
    }
    readonly result: {
      readonly first: string
      readonly last: string
      readonly count: number
      readonly prefix: string
      readonly period: string
    }
  }
  /** A linearizable read of one counter. */
  'sequence.get': {
    readonly request: NumberFields & { readonly namespace: string }
    readonly result: { readonly next: string }
  }
  'sequence.reserve': {
    readonly request: NumberFields & {
      readonly ttlMs?: number
      readonly spec?: SequenceSpec
      readonly seedIfAbsent?: string
    }
    readonly result: {
      readonly value: string
      readonly prefix: string
      readonly period: string
      readonly expiresInMs?: number
      readonly reissued: boolean
    }
  }
  'sequence.confirm': {
    readonly request: NumberFields & { readonly value: string }
    readonly result: { readonly value: string }
  }
  'sequence.rollback': {
    readonly request: NumberFields & { readonly value: string }
    readonly result: { readonly value: string }
  }
  'sequence.ensureAtLeast': {
    readonly request: NumberFields & {
      readonly value: string
      readonly spec?: SequenceSpec
      readonly reason: string
    }
    readonly result: { readonly value: string; readonly moved: boolean }
  }
  'sequence.gap': {
    readonly request: NumberFields & { readonly from: string; readonly to: string; readonly reason: string }
    readonly result: { readonly count: number }
  }
  'license.checkout': {
    readonly request: {
      readonly owner: string
      /** Empty if a product is given; then `product` is not 0. */
      readonly feature: string
      readonly product: number
      readonly user: string
      readonly group: string
      readonly company: string
      readonly host: string
      readonly units: number
      readonly mode: 'use' | 'query'
      readonly waitMs: number
      readonly priority: number
    }
    readonly result: {
      readonly grant: number
      readonly product: number
      readonly status: 'query' | 'inUse' | 'waived'
      readonly units: number
      readonly unit: number
      readonly token: number
    }
  }
  'license.checkin': {
    readonly request: { readonly owner: string; readonly grant: number }
    readonly result: { readonly status: 'released' | 'shared' | 'resting' | 'lingering' }
  }
  'license.pool': {
    readonly request: {
      readonly owner: string
      readonly product: number
      /** 0 = all that are free. */
      readonly max: number
      readonly host: string
    }
    readonly result: { readonly grant: number; readonly units: number; readonly token: number }
  }
  'license.poolTake': {
    readonly request: { readonly owner: string; readonly grant: number; readonly holder: string }
    readonly result: { readonly grant: number; readonly taken: number; readonly units: number }
  }
  'license.poolGive': {
    readonly request: { readonly owner: string; readonly grant: number; readonly holder: string }
    readonly result: { readonly grant: number; readonly taken: number; readonly units: number }
  }
}

export type OperationName = keyof Operations
export type RequestOf<N extends OperationName> = { readonly op: N } & Operations[N]['request']
export type ResultOf<N extends OperationName> = Operations[N]['result']
export type AnyRequest = { [N in OperationName]: RequestOf<N> }[OperationName]

/**
 * The name under which latencies of a request are collected. A request that may wait for other users is apart
 * from one that is answered at once: its time says more about them than about the cluster.
 */
export function kindOf(request: AnyRequest): string {
  if (request.op === 'lock.acquire') return request.waitMs === 0 ? 'lock.acquire (try)' : waitingKinds[0]
  if (request.op === 'license.checkout' && request.waitMs !== 0) return waitingKinds[1]
  return request.op
}

const waitingKinds = ['lock.acquire (wait)', 'license.checkout (wait)'] as const

/** Whether requests of this kind may wait for other users. */
export function isWaitingKind(kind: string): boolean {
  return (waitingKinds as readonly string[]).includes(kind)
}
