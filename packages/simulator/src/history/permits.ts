import type { ResultOf, Session } from '@tranca/client'
import type { Operation } from '@tranca/history'
import type { Call, Ending } from './calls.ts'
import { done, maybe, ownerOf } from './words.ts'

interface Taken {
  readonly session: Session
  readonly user: string
  readonly pool: string
  readonly lease: string
  readonly permits: number
}

/**
 * Permits of a semaphore as a pool: each grant is a lease, named by its token. Grants that nobody heard of and
 * refusals are left out: the former would only leave less room than there must have been.
 */
export class PermitHistory {
  readonly operations: Operation[] = []
  readonly #totals = new Map<string, number>()
  readonly #taken: Taken[] = []

  see(call: Call): void {
    const { request, outcome } = call
    if (outcome === 'refused') return
    const { session, user } = call
    if (request.op === 'semaphore.acquire') {
      if (outcome === 'unknown') return
      const { name: pool, permits = 1, total = 0 } = request
      this.#begin(call, pool, total)
      const lease = String((call.result as ResultOf<'semaphore.acquire'>).token)
      const args = { pool, n: permits }
      this.operations.push(done(call, { op: 'pool.checkout', args, ret: { ok: true, lease } }))
      this.#taken.push({ session, user, pool, lease, permits })
    } else if (request.op === 'semaphore.release') {
      const { name, permits } = request
      const at = this.#taken.findIndex(
        (one) => one.session === session && one.user === user && one.pool === name && one.permits === permits,
      )
      if (at < 0) return
      const { pool, lease } = this.#taken[at]!
      const said = { op: 'pool.checkin', args: { pool, lease } }
      if (outcome === 'unknown') {
        this.operations.push(maybe(call, call.callMs, said))
        return
      }
      this.operations.push(done(call, { ...said, ret: { ok: true } }))
      this.#taken.splice(at, 1)
    } else if (request.op === 'owner.release') {
      this.#mayReturn(call.callMs, (one) => one.session === session && one.user === user)
    }
  }

  /** After all calls. */
  ended({ session, atMs }: Ending): void {
    this.#mayReturn(atMs, (one) => one.session === session)
  }

  /** It has so many since before anybody asked. */
  #begin(call: Call, pool: string, cap: number): void {
    if (this.#totals.has(pool)) return
    this.#totals.set(pool, cap)
    const first = { ...call, user: ownerOf(0, 'before'), callMs: -2, returnMs: -1 }
    this.operations.push(done(first, { op: 'pool.resize', args: { pool, cap }, ret: { ok: true } }))
  }

  #mayReturn(sinceMs: number, isMeant: (one: Taken) => boolean): void {
    for (const one of this.#taken) {
      if (!isMeant(one)) continue
      const { pool, lease } = one
      this.operations.push(maybe(one, sinceMs, { op: 'pool.checkin', args: { pool, lease } }))
    }
  }
}
