import { IdMap } from '../id-map.ts'
import type { Grant } from './pool.ts'

/**
 * All grants: found by their number, walked in the order in which they were made. A Map does both, but costs
 * several times as much to change once it holds a million.
 */
export class GrantTable {
  readonly #byId = new IdMap<Grant>()
  #first: Grant | undefined
  #last: Grant | undefined

  get size(): number {
    return this.#byId.size
  }

  get(id: number): Grant | undefined {
    return this.#byId.get(id)
  }

  /** Its number must be larger than those of all others. */
  add(grant: Grant): void {
    this.#byId.add(grant)
    grant.previousGrant = this.#last
    if (this.#last === undefined) this.#first = grant
    else this.#last.nextGrant = grant
    this.#last = grant
  }

  delete(grant: Grant): void {
    this.#byId.delete(grant.id)
    const { previousGrant, nextGrant } = grant
    if (previousGrant === undefined) this.#first = nextGrant
    else previousGrant.nextGrant = nextGrant
    if (nextGrant === undefined) this.#last = previousGrant
    else nextGrant.previousGrant = previousGrant
    grant.previousGrant = undefined
    grant.nextGrant = undefined
  }

  /** In order, from the first one whose number is larger than `after`. Nothing may be deleted meanwhile. */
  *from(after = 0): Generator<Grant> {
    let grant = this.#byId.get(after)?.nextGrant ?? this.#first
    for (; grant !== undefined; grant = grant.nextGrant) if (grant.order > after) yield grant
  }

  [Symbol.iterator](): Generator<Grant> {
    return this.from()
  }
}
