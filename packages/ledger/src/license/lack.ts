import type { Lack, Owner } from '../graph.ts'
import type { Asked, Pool } from './pool.ts'

/**
 * Who of the stuck owners keeps a waiting check-out from ever being granted. Empty if some product of its list
 * could still come to enough units: were all others to give theirs back, or by itself, as a cool-down ends.
 */
export function lackOf(asked: Asked, self: Owner, isStuck: (owner: Owner) => boolean): readonly Lack[] {
  const found: Lack[] = []
  for (const pool of asked.pools) {
    if (isClosed(pool, asked)) continue
    if (pool.coolDowns.has(asked.coolKeyIn(pool)) || !isShort(pool, asked, self, isStuck, found)) return []
  }
  return found
}

/** Gives nothing, whoever gives back what. */
function isClosed(pool: Pool, asked: Asked): boolean {
  if (!pool.listed || !pool.distributed) return true
  return pool.rules?.exclusion(pool.rules.match(asked.subject)) !== undefined
}

/** Seats that a stuck owner has a part of, or the asking owner itself, stay; any other may come free. */
function isShort(
  pool: Pool,
  asked: Asked,
  self: Owner,
  isStuck: (owner: Owner) => boolean,
  found: Lack[],
): boolean {
  const key = asked.keyIn(pool)
  const own = key === undefined ? undefined : pool.seats.get(key)
  let lacking = asked.unitsOf(pool) - (pool.inForce - pool.used)
  // It would be made larger, not taken anew.
  if (own !== undefined && own.state !== 'resting') lacking -= own.units
  for (let seat = pool.firstSeat; seat !== undefined && lacking > 0; seat = seat.next) {
    if (seat === own || seat.state === 'resting') continue
    let stays = false
    for (let grant = seat.firstGrant; grant !== undefined; grant = grant.nextOfSeat) {
      const { owner } = grant
      if (owner === self) stays = true
      else if (isStuck(owner)) {
        stays = true
        found.push({ owner, name: pool.label, product: pool.product })
      }
    }
    if (!stays) lacking -= seat.units
  }
  return lacking > 0
}
