import type { AnyRequest, RequestOf, ResultOf } from './operations.ts'

/**
 * What gives back the fruit of a request whose caller has gone away: the grant crossed the cancelation. Nothing
 * is given back that the caller may hold by an earlier request too (`code.reserve` and `license.poolTake` have no
 * count), and nothing that never returns by its nature (`sequence.next`).
 */
export function undoOf(request: AnyRequest, result: unknown): readonly AnyRequest[] {
  switch (request.op) {
    case 'license.pool':
      return [checkin(request.owner, result)]
    case 'license.borrow':
      return [{ op: 'license.returnBorrowed', borrow: (result as ResultOf<'license.borrow'>).borrow }]
    case 'bundle': {
      const { results } = result as ResultOf<'bundle'>
      return request.parts.flatMap((part, at) => undoOfPart(request.owner, part, results[at]))
    }
    case 'license.checkout':
    case 'lock.acquire':
    case 'semaphore.acquire':
    case 'sequence.reserve':
      return undoOfPart(request.owner, request, result)
    default:
      return []
  }
}

function undoOfPart(
  owner: string,
  part: RequestOf<'bundle'>['parts'][number],
  result: unknown,
): readonly AnyRequest[] {
  switch (part.op) {
    case 'license.checkout':
      return [checkin(owner, result)]
    case 'lock.acquire': {
      const { token } = result as ResultOf<'lock.acquire'>
      return [{ op: 'lock.release', owner, names: part.locks.map((lock) => lock.name), token }]
    }
    case 'semaphore.acquire':
      return [{ op: 'semaphore.release', owner, name: part.name, permits: part.permits ?? 1 }]
    case 'sequence.reserve': {
      const { value, period } = result as ResultOf<'sequence.reserve'>
      const scope = { ...part.scope, period }
      return [{ op: 'sequence.rollback', owner, name: part.name, scope, value }]
    }
    case 'sequence.next':
      return []
  }
}

function checkin(owner: string, result: unknown): AnyRequest {
  return { op: 'license.checkin', owner, grant: (result as { grant: number }).grant }
}

/** Whether the request may stay in a queue of the cluster, so that leaving it needs a word. */
export function mayWait(request: AnyRequest): boolean {
  return (
    (request.op === 'lock.acquire' ||
      request.op === 'semaphore.acquire' ||
      request.op === 'license.checkout') &&
    request.waitMs !== undefined &&
    request.waitMs !== 0
  )
}
