import type { AnyRequest } from './operations.ts'

/**
 * What gives back the fruit of a request whose caller has gone away: the grant crossed the cancelation. Nothing
 * is given back that the caller may hold by an earlier request too (`code.reserve` has no count), and nothing
 * that never returns by its nature (`sequence.next`).
 */
export function undoOf(request: AnyRequest, result: unknown): AnyRequest | undefined {
  switch (request.op) {
    case 'lock.acquire':
      return {
        op: 'lock.release',
        owner: request.owner,
        names: request.locks.map((lock) => lock.name),
        token: (result as { token: number }).token,
      }
    case 'semaphore.acquire':
      return {
        op: 'semaphore.release',
        owner: request.owner,
        name: request.name,
        permits: request.permits,
      }
    case 'sequence.reserve': {
      const { value, period } = result as { value: string; period: string }
      return {
        op: 'sequence.rollback',
        owner: request.owner,
        name: request.name,
        scope: { ...request.scope, period },
        value,
      }
    }
    default:
      return undefined
  }
}

/** Whether the request may stay in a queue of the cluster, so that leaving it needs a word. */
export function mayWait(request: AnyRequest): boolean {
  return (
    (request.op === 'lock.acquire' || request.op === 'semaphore.acquire') &&
    request.waitMs !== undefined &&
    request.waitMs !== 0
  )
}
