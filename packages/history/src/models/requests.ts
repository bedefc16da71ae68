import { writeExact } from '../format/exact-json.ts'
import type { Timed } from '../model.ts'
import type { Operation } from '../operation.ts'

/** One request as its clients saw it: sent once, or several times under the same id. */
export interface Request {
  readonly callNs: number
  /** Its effect came before the first answer. `Infinity` if there was none. */
  readonly returnNs: number
  /** The operation that tells most: the first that was answered, else the first. */
  readonly operation: Operation
  readonly operations: readonly Operation[]
}

/**
 * Equal for operations that are one request, sent again: they carry the same `req_id` and ask for the same.
 * `undefined` for one without an id.
 */
export function requestKey({ op, args }: Operation): string | undefined {
  if (args.req_id === undefined || args.req_id === null) return undefined
  const sorted = Object.entries(args).sort(([a], [b]) => (a < b ? -1 : 1))
  return `${op} ${writeExact(Object.fromEntries(sorted))}`
}

/**
 * Joins operations that are one request and either had an effect or may have had one: a request has one
 * effect, however often it was sent. A refusal has none and stays an operation of its own.
 */
export function requestsOf(timed: readonly Timed[], hadEffect: (operation: Operation) => boolean): Request[] {
  const requests: Request[] = []
  const byId = new Map<string, number>()
  for (const { operation, callNs, returnNs } of timed) {
    const key = requestKey(operation)
    const single: Request = { callNs, returnNs, operation, operations: [operation] }
    if (key === undefined || (operation.status === 'ok' && !hadEffect(operation))) {
      requests.push(single)
      continue
    }
    const position = byId.get(key)
    if (position === undefined) {
      byId.set(key, requests.length)
      requests.push(single)
      continue
    }
    const earlier = requests[position]!
    requests[position] = {
      callNs: Math.min(earlier.callNs, callNs),
      returnNs: Math.min(earlier.returnNs, returnNs),
      operation: earlier.operation.status === 'ok' ? earlier.operation : operation,
      operations: [...earlier.operations, operation],
    }
  }
  return requests
}
