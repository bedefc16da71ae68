import type { Contradiction, Timed } from '../model.ts'
import type { Operation } from '../operation.ts'
import { answerOf, integerField, textField } from './fields.ts'
import { requestKey } from './requests.ts'

interface Grant {
  readonly operation: Operation
  readonly token: bigint
  readonly callNs: number
  readonly returnNs: number
  readonly request: string | undefined
}

/** Two grants whose tokens are equal, or not in the order of time. */
export function tokensAtFault(timed: readonly Timed[]): Contradiction | undefined {
  const byToken = new Map<bigint, Grant>()
  const byRequest = new Map<string, Grant>()
  for (const { operation, callNs, returnNs } of timed) {
    const answer = answerOf(operation)
    if (
      returnNs === Number.POSITIVE_INFINITY ||
      operation.op !== 'lock.acquire' ||
      answer?.ok !== true ||
      answer.already === true
    )
      continue
    const token = integerField(answer, 'token')
    if (token === undefined) continue
    const request = requestKey(operation)
    const grant: Grant = { operation, token, callNs, returnNs, request }
    const sent = request === undefined ? undefined : byRequest.get(request)
    if (sent !== undefined) {
      if (sent.token !== token)
        return contradiction(
          sent,
          grant,
          `request ${textField(operation.args, 'req_id')} was answered with tokens ${sent.token} and ${token}`,
        )
      continue
    }
    const same = byToken.get(token)
    if (same !== undefined) return contradiction(same, grant, `token ${token} was granted twice`)
    byToken.set(token, grant)
    if (request !== undefined) byRequest.set(request, grant)
  }
  const grants = [...byToken.values()].sort((a, b) => a.returnNs - b.returnNs)
  let largest: Grant | undefined
  let at = 0
  for (const grant of [...grants].sort((a, b) => a.callNs - b.callNs)) {
    // A request that was sent again may have been granted before this call.
    if (
      grant.request !== undefined &&
      timed.some(({ operation, callNs }) => callNs < grant.callNs && requestKey(operation) === grant.request)
    )
      continue
    for (; at < grants.length && grants[at]!.returnNs < grant.callNs; at++) {
      const before = grants[at]!
      if (largest === undefined || before.token > largest.token) largest = before
    }
    if (largest !== undefined && largest.token > grant.token)
      return contradiction(largest, grant, `token ${grant.token} came after token ${largest.token}`)
  }
  return undefined
}

function contradiction(first: Grant, second: Grant, reason: string): Contradiction {
  return { operations: [first.operation, second.operation], reason }
}
