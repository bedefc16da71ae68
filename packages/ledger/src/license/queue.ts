import type { Waiter } from '../graph.ts'
import { judge } from './judge.ts'
import type { LicenseCaller, Place, Pool, PoolQueue } from './pool.ts'

/** Those of one priority, in the order in which they came. */
class Rank {
  readonly priority: number
  first: Place | undefined = undefined
  last: Place | undefined = undefined
  count = 0

  constructor(priority: number) {
    this.priority = priority
  }
}

/**
 * Who waits for a pool: larger priorities first, then first come first served. Nobody overtakes one who
 * waits for more units than are free; one who is held back by a rule about himself holds back nobody.
 */
export class WaitQueue implements PoolQueue {
  /** Largest priority first; few. */
  readonly #ranks: Rank[] = []
  readonly #byKey = new Map<string, Place[]>()
  size = 0

  add(place: Place): void {
    const rank = this.#rankOf(place.caller.priority)
    // Restore adds in the order of arrival as well, so the end is the place.
    place.previous = rank.last
    if (rank.last === undefined) rank.first = place
    else rank.last.next = place
    rank.last = place
    rank.count += 1
    this.size += 1
    if (place.key === undefined) return
    const same = this.#byKey.get(place.key)
    if (same === undefined) this.#byKey.set(place.key, [place])
    else same.push(place)
  }

  remove(place: Place): void {
    const at = this.#ranks.findIndex(({ priority }) => priority === place.caller.priority)
    const rank = this.#ranks[at]!
    const { previous, next } = place
    if (previous === undefined) rank.first = next
    else previous.next = next
    if (next === undefined) rank.last = previous
    else next.previous = previous
    place.previous = undefined
    place.next = undefined
    rank.count -= 1
    this.size -= 1
    if (rank.first === undefined) this.#ranks.splice(at, 1)
    if (place.key === undefined) return
    const same = this.#byKey.get(place.key)!
    same.splice(same.indexOf(place), 1)
    if (same.length === 0) this.#byKey.delete(place.key)
  }

  /** Those of the same consumer: they share a unit that it was given. */
  sameConsumer(key: string): readonly Place[] {
    return this.#byKey.get(key) ?? NONE
  }

  /** The first who can go on, unless someone ahead waits for units. */
  nominate(pool: Pool): LicenseCaller | undefined {
    for (const { caller } of this.places()) {
      const verdict = judge(pool, caller.asked)
      if (verdict === 'free' || verdict === 'reused' || verdict === 'shared') return caller
      if (verdict === 'exhausted') return undefined
    }
    return undefined
  }

  /** Whether one who waits comes before a newcomer of this priority, or before `self`, and needs units. */
  isBehind(pool: Pool, priority: number, self: Waiter | undefined): boolean {
    for (const { caller } of this.places()) {
      if (caller === self || caller.priority < priority) return false
      const verdict = judge(pool, caller.asked)
      if (verdict === 'exhausted' || verdict === 'free' || verdict === 'reused') return true
    }
    return false
  }

  /** How many come before a newcomer of this priority, or before `self`. */
  placeOf(priority: number, self: Waiter | undefined): number {
    let ahead = 0
    for (const rank of this.#ranks) {
      if (rank.priority < priority) break
      if (self === undefined || rank.priority > priority) {
        ahead += rank.count
        continue
      }
      for (let place = rank.first; place !== undefined && place.caller !== self; place = place.next)
        ahead += 1
    }
    return ahead + 1
  }

  *places(): Generator<Place> {
    for (const rank of this.#ranks) {
      for (let place = rank.first; place !== undefined; place = place.next) yield place
    }
  }

  #rankOf(priority: number): Rank {
    let at = 0
    while (at < this.#ranks.length && this.#ranks[at]!.priority > priority) at += 1
    const found = this.#ranks[at]
    if (found?.priority === priority) return found
    const rank = new Rank(priority)
    this.#ranks.splice(at, 0, rank)
    return rank
  }
}

const NONE: readonly Place[] = []
