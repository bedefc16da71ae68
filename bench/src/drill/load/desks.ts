import { products } from '../../measure/license-key.ts'
import type { OperationName, RequestOf, ResultOf } from '../../record/operation.ts'
import type { Random } from '../../workload/random.ts'
import type { Kind } from '../kinds.ts'
import { limits } from '../limits.ts'
import { FAST, GAPLESS, lockName, NAMESPACE, SCOPE } from './names.ts'

/** What a client at a desk has at hand. */
export interface DeskClient {
  readonly owner: string
  readonly random: Random
  /** Locks that the clients of a drill compete for. */
  readonly locks: number
  perform<N extends OperationName>(request: RequestOf<N>): Promise<ResultOf<N>>
}

/** One piece of work of each kind: rejects with the client library's error. */
export const desks: Readonly<Record<Kind, (client: DeskClient) => Promise<void>>> = {
  async lock({ owner, random, locks, perform }) {
    const name = lockName(random.between(0, locks - 1))
    const wanted = [{ name, mode: 'exclusive' as const }]
    const { token } = await perform<'lock.acquire'>({
      op: 'lock.acquire',
      owner,
      locks: wanted,
      waitMs: limits.lockWaitMs,
      priority: 0,
    })
    await perform<'lock.release'>({ op: 'lock.release', owner, names: [name], token })
  },

  async next({ owner, perform }) {
    await perform<'sequence.next'>({ op: 'sequence.next', owner, name: FAST, scope: SCOPE, count: 1 })
  },

  async gapless({ owner, perform }) {
    const { value } = await perform<'sequence.reserve'>({
      op: 'sequence.reserve',
      owner,
      name: GAPLESS,
      scope: SCOPE,
    })
    await perform<'sequence.confirm'>({ op: 'sequence.confirm', owner, name: GAPLESS, scope: SCOPE, value })
  },

  async read({ owner, perform }) {
    await perform<'sequence.get'>({
      op: 'sequence.get',
      owner,
      namespace: NAMESPACE,
      name: FAST,
      scope: SCOPE,
    })
  },

  async license({ owner, perform }) {
    const { grant } = await perform<'license.checkout'>({
      op: 'license.checkout',
      owner,
      feature: '',
      product: products.users,
      user: owner,
      group: '01',
      company: '',
      host: '',
      units: 1,
      mode: 'use',
      waitMs: 0,
      priority: 0,
    })
    await perform<'license.checkin'>({ op: 'license.checkin', owner, grant })
  },
}
