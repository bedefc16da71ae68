import type { Timed } from '../model.ts'
import { answerOf, countField, textField, ttlOf } from './fields.ts'

/** `id` is `undefined` for a lease that nobody has seen; `untilNs` is `Infinity` for one that never ends. */
export interface Lease {
  readonly id: string | undefined
  readonly units: number
  readonly ttlNs: number
  readonly untilNs: number
  /** Of a lease that nobody has seen: names that were missed while it was out, so that it has another one. */
  readonly not?: readonly string[]
}

/** What an operation on a pool does, or saw. */
export type PoolAction =
  | { readonly verb: 'resize'; readonly cap: number }
  | { readonly verb: 'checkout'; readonly lease: Lease }
  | { readonly verb: 'refused'; readonly units: number }
  | { readonly verb: 'checkin' | 'lost'; readonly id: string }
  | {
      readonly verb: 'renew'
      readonly id: string
      readonly callNs: number
      readonly ttlNs: number | undefined
    }
  | { readonly verb: 'get'; readonly used: number | undefined; readonly cap: number | undefined }

/** `undefined` for what has no effect and says nothing. */
export function actionOf(operation: Timed['operation'], callNs: number): PoolAction | undefined {
  const { op, args } = operation
  const answer = answerOf(operation)
  const isRefused = answer?.ok === false
  const id = textField(args, 'lease') ?? ''
  switch (op) {
    case 'pool.resize':
      // A refusal says nothing about the pool.
      return isRefused ? undefined : { verb: 'resize', cap: countField(args, 'cap') ?? 0 }
    case 'pool.checkout': {
      const units = countField(args, 'n') ?? 1
      if (isRefused) return { verb: 'refused', units }
      const ttlNs = ttlOf(args) ?? Number.POSITIVE_INFINITY
      const lease = answer === undefined ? undefined : textField(answer, 'lease')
      return { verb: 'checkout', lease: { id: lease, units, ttlNs, untilNs: callNs + ttlNs } }
    }
    case 'pool.get':
      return answer === undefined
        ? undefined
        : { verb: 'get', used: countField(answer, 'used'), cap: countField(answer, 'cap') }
    case 'pool.checkin':
      return { verb: isRefused ? 'lost' : 'checkin', id }
    default:
      return isRefused ? { verb: 'lost', id } : { verb: 'renew', id, callNs, ttlNs: ttlOf(args) }
  }
}
