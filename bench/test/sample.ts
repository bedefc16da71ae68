import type { ClusterState, LicensedState, LicenseState, SequenceState } from '../src/audit/state.ts'
import type { Call, Client, History } from '../src/record/history.ts'
import type { AnyRequest, Scope, SequenceSpec } from '../src/record/operation.ts'

const gaplessSpec: SequenceSpec = {
  kind: 'gapless',
  digits: 'decimal',
  width: 4,
  prefix: '',
  start: '0001',
  reset: 'never',
  utcOffsetMinutes: -180,
  reservationTtlMs: 0,
  warnBelow: 0,
}
export const fastSpec: SequenceSpec = { ...gaplessSpec, kind: 'fast' }
export const scope: Scope = { company: '01', branch: '', period: '' }

/** A history written by hand: each line is a call with its times and its outcome. */
export class Story implements History {
  readonly clients: Client[] = []
  readonly calls: Call[] = []

  client(name: string): Client {
    const client: Client = { name, session: this.clients.length + 1, openedMs: 0 }
    this.clients.push(client)
    return client
  }

  ok(
    client: Client,
    [callMs, returnMs]: readonly [number, number],
    request: AnyRequest,
    result: unknown,
  ): Call {
    return this.#add(client, callMs, returnMs, request, { status: 'ok', result })
  }

  refused(
    client: Client,
    [callMs, returnMs]: readonly [number, number],
    request: AnyRequest,
    cause: string,
    detail: Readonly<Record<string, unknown>> = {},
  ): Call {
    return this.#add(client, callMs, returnMs, request, { status: 'refused', cause, detail })
  }

  unknown(client: Client, callMs: number, request: AnyRequest): Call {
    return this.#add(client, callMs, Number.POSITIVE_INFINITY, request, { status: 'unknown', reason: 'cut' })
  }

  end(client: Client, endedMs: number, end: 'closed' | 'cut' | 'lost' = 'closed'): void {
    client.endedMs = endedMs
    client.end = end
  }

  #add(
    client: Client,
    callMs: number,
    returnMs: number,
    request: AnyRequest,
    outcome: Call['outcome'],
  ): Call {
    const call: Call = { order: this.calls.length, client, request, callMs, returnMs, outcome }
    this.calls.push(call)
    return call
  }
}

export function lockOf(owner: string, name: string, mode: 'exclusive' | 'shared' = 'exclusive'): AnyRequest {
  return { op: 'lock.acquire', owner, locks: [{ name, mode }], waitMs: 0, priority: 0 }
}

export function unlockOf(owner: string, name: string): AnyRequest {
  return { op: 'lock.release', owner, names: [name] }
}

export function reserveOf(owner: string): AnyRequest {
  return { op: 'sequence.reserve', owner, name: 'SC5', scope: { company: '01', branch: '' } }
}

export function reserved(value: string, reissued = false): unknown {
  return { value, prefix: '', period: '', reissued }
}

export function endOf(
  op: 'sequence.confirm' | 'sequence.rollback',
  owner: string,
  value: string,
): AnyRequest {
  return { op, owner, name: 'SC5', scope, value }
}

export function nextOf(owner: string, count = 1): AnyRequest {
  return { op: 'sequence.next', owner, name: 'SE5', scope: { company: '01', branch: '' }, count }
}

export function issued(first: string, last = first): unknown {
  return { first, last, count: Number(last) - Number(first) + 1, prefix: '', period: '' }
}

export function sequenceState(fields: Partial<SequenceState> = {}): SequenceState {
  return { name: 'SC5', scope, spec: gaplessSpec, free: [], reserved: [], gaps: [], ...fields }
}

export function clusterState(fields: Partial<ClusterState> = {}): ClusterState {
  return { sequences: [], locks: [], codes: [], sessions: [], ...fields }
}

/** A check-out of product 4000, or of another one. */
export function checkoutOf(owner: string, user = owner, product = 4_000, units = 1): AnyRequest {
  const who = { user, group: '01', company: '0101', host: 'ws-1' }
  const how = { units, mode: 'use', waitMs: 0, priority: 0 } as const
  return { op: 'license.checkout', owner, feature: '', product, ...who, ...how }
}

export function granted(
  grant: number,
  unit: number,
  more: { readonly status?: 'inUse' | 'waived'; readonly product?: number; readonly units?: number } = {},
): unknown {
  return { grant, product: 4_000, status: 'inUse', units: 1, unit, token: grant, ...more }
}

export function checkinOf(owner: string, grant: number): AnyRequest {
  return { op: 'license.checkin', owner, grant }
}

export function licenseState(fields: Partial<LicenseState> = {}, full: Partial<LicensedState> = {}) {
  const product = { product: 4_000, name: 'Full', nature: 'concurrent', total: 2, overdraft: 0 } as const
  const consumerKey = ['user', 'group'] as const
  const products: LicensedState[] = [{ ...product, used: 0, kept: 0, consumerKey, ...full }]
  return clusterState({
    licenses: { serial: 1, products, grants: [], usageFromMs: 0, usage: [], ...fields },
  })
}
