import type { Operation } from '@tranca/history'
import type { Call, History } from '../record/history.ts'
import type { AnyRequest } from '../record/operation.ts'

type What = Pick<Operation, 'op' | 'args' | 'ret'>

/** A drill's clients take licenses of one product. */
const POOL = 'users'

/** What the clients of a drill saw, as the history checker reads it. */
export function operationsOf({ calls }: History): Operation[] {
  return calls.flatMap((call) => {
    const what = whatOf(call.request, call.outcome.status === 'ok' ? call.outcome.result : undefined)
    return what === undefined ? [] : [{ client: call.client.name, ...what, ...endOf(call) }]
  })
}

function endOf({ callMs, returnMs, outcome }: Call): Pick<Operation, 'status' | 'callNs' | 'returnNs'> {
  const callNs = nanoseconds(callMs)
  switch (outcome.status) {
    case 'ok':
      return { status: 'ok', callNs, returnNs: nanoseconds(returnMs) }
    case 'refused':
      return { status: 'fail', callNs, returnNs: nanoseconds(returnMs) }
    default:
      return { status: 'unknown', callNs }
  }
}

/** @param result of the request, if it was answered with success */
function whatOf(request: AnyRequest, result: unknown): What | undefined {
  const got = (result ?? {}) as Readonly<Record<string, string | number | undefined>>
  const done = result === undefined ? null : { ok: true }
  switch (request.op) {
    case 'lock.acquire': {
      const args = { lock: request.locks[0]?.name ?? '', owner: request.owner }
      return { op: 'lock.acquire', args, ret: done && { ok: true, token: Number(got.token) } }
    }
    case 'lock.release': {
      const args = { lock: request.names[0] ?? '', owner: request.owner, token: request.token ?? null }
      return { op: 'lock.release', args, ret: done }
    }
    case 'sequence.next':
      return { op: 'seq.next', args: { seq: request.name }, ret: done && { value: Number(got.first) } }
    case 'sequence.reserve':
      return { op: 'seq.reserve', args: { seq: request.name }, ret: done && { value: Number(got.value) } }
    case 'sequence.confirm':
      return { op: 'seq.confirm', args: { seq: request.name, value: Number(request.value) }, ret: done }
    case 'sequence.get':
      return { op: 'seq.get', args: { seq: request.name }, ret: done && { next: Number(got.next) } }
    case 'license.checkout': {
      const args = { pool: POOL, n: request.units }
      return { op: 'pool.checkout', args, ret: done && { ok: true, lease: String(got.grant) } }
    }
    case 'license.checkin':
      return { op: 'pool.checkin', args: { pool: POOL, lease: String(request.grant) }, ret: done }
    default:
      return undefined
  }
}

function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1e6))
}
