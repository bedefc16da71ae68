import type { ClusterState, SequenceState } from '../src/audit/state.ts'
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
  ): Call {
    return this.#add(client, callMs, returnMs, request, { status: 'refused', cause, detail: {} })
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
