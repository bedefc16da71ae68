import type { Contradiction, Timed } from '../model.ts'
import type { Operation } from '../operation.ts'
import { answerOf, textField } from './fields.ts'
import { requestKey } from './requests.ts'

/** A lease that was given or taken back twice, or a request that got two. */
export function leasesAtFault(timed: readonly Timed[]): Contradiction | undefined {
  const given = new Map<string, Operation>()
  const returned = new Map<string, Operation>()
  const requests = new Map<string, { readonly operation: Operation; readonly lease: string }>()
  for (const { operation, returnNs } of timed) {
    const answer = answerOf(operation)
    if (answer?.ok !== true || returnNs === Number.POSITIVE_INFINITY) continue
    if (operation.op === 'pool.checkin') {
      const lease = textField(operation.args, 'lease') ?? ''
      const before = returned.get(lease)
      if (before !== undefined)
        return { operations: [before, operation], reason: `lease ${lease} was checked in twice` }
      returned.set(lease, operation)
    }
    if (operation.op !== 'pool.checkout') continue
    const lease = textField(answer, 'lease') ?? ''
    const id = requestKey(operation)
    const sent = id === undefined ? undefined : requests.get(id)
    if (sent !== undefined && sent.lease !== lease)
      return {
        operations: [sent.operation, operation],
        reason: `request ${textField(operation.args, 'req_id')} was answered with leases ${sent.lease} and ${lease}`,
      }
    if (sent !== undefined) continue
    if (id !== undefined) requests.set(id, { operation, lease })
    const before = given.get(lease)
    if (before !== undefined)
      return { operations: [before, operation], reason: `lease ${lease} was given twice` }
    given.set(lease, operation)
  }
  return undefined
}
