import { strict as assert } from 'node:assert'
import type { Licenses } from './licenses.ts'
import type { Pool, Seat } from './pool.ts'
import { unfilledOf } from './rules.ts'

// What must be true of licenses between any two steps. Returns how many timers they have set.

export function checkLicenses(licenses: Licenses): number {
  let timers = licenses.validity.deadline === undefined ? 0 : 1
  let units = 0
  let linked = 0
  for (const pool of licenses.catalog.poolList) {
    assert.equal(licenses.catalog.pools.get(pool.id), pool, `pool ${pool.id} is found by its id`)
    const found = checkPool(pool)
    timers += found.timers + pool.coolDowns.size
    linked += found.grants
    if (pool.isCounted) units += pool.used
  }
  assert.equal(licenses.catalog.poolList.length, licenses.catalog.pools.size, 'each pool is in the list')
  assert.equal(units, licenses.tally.units, 'the units of all pools are as counted')
  let queries = 0
  for (const grant of licenses.grants.table) {
    const { id } = grant
    assert.equal(licenses.grants.table.get(id), grant, 'each grant is found by its number')
    const { session } = grant.owner
    assert(licenses.sessions.table.get(session.id) === session, `only living sessions hold grant ${id}`)
    assert(session.owners.get(grant.owner.name) === grant.owner, `the owner of grant ${id} is known`)
    assert(
      (grant.seat === undefined) === (grant.status === 'query'),
      `grant ${id} has a seat unless it only asks`,
    )
    if (grant.seat === undefined) queries += 1
    if (grant.idle !== undefined) timers += 1
    if (grant.taken !== undefined)
      assert(grant.taken.size <= grant.units, `lease ${id} hands out what it has`)
  }
  assert.equal(linked + queries, licenses.grants.table.size, 'each grant in use hangs at its seat')
  return timers + licenses.borrows.size
}

function checkPool(pool: Pool): { readonly timers: number; readonly grants: number } {
  const where = `pool ${pool.id}`
  const count = {
    used: 0,
    resting: 0,
    lingering: 0,
    assigned: 0,
    borrowed: 0,
    keyed: 0,
    grants: 0,
    timers: 0,
  }
  const bySubject = new Map(pool.rules?.bounds.map((bound) => [bound, 0]))
  let before = 0
  for (let seat = pool.firstSeat; seat !== undefined; seat = seat.next) {
    assert(seat.id > before, `the seats of ${where} are in the order in which they were made`)
    before = seat.id
    checkSeat(seat, where)
    if (seat.key !== undefined) count.keyed += 1
    if (seat.deadline !== undefined) count.timers += 1
    if (seat.assigned) count.assigned += 1
    count.borrowed += seat.borrows
    count.grants += seat.grantCount
    if (seat.state === 'resting') {
      count.resting += seat.units
      continue
    }
    count.used += seat.units
    if (seat.state === 'lingering') count.lingering += seat.units
    for (const bound of pool.rules?.match(seat.subject) ?? [])
      bySubject.set(bound, bySubject.get(bound)! + seat.units)
  }
  assert.equal(count.used, pool.used, `the units of ${where} in use are those of its seats`)
  assert.equal(count.resting, pool.resting, `the resting units of ${where} are those of its seats`)
  assert.equal(count.lingering, pool.lingering, `the lingering units of ${where} are those of its seats`)
  assert.equal(count.assigned, pool.assigned, `${where} has as many named users as counted`)
  assert.equal(count.borrowed, pool.borrowed, `${where} lent as many units as counted`)
  assert.equal(count.keyed, pool.seats.size, `each consumer of ${where} has one seat`)
  // The invariant of the whole: what is in use never exceeds what is in force.
  assert(
    pool.used + pool.resting <= Math.max(pool.inForce, pool.ceiling),
    `${where}: ${pool.used} in use and ${pool.resting} resting, ${pool.inForce} in force`,
  )
  assert(
    pool.ceiling === pool.inForce || pool.ceiling <= Math.max(pool.inForce, pool.used),
    `${where} only shrinks above its total`,
  )
  let unfilled = 0
  for (const bound of pool.rules?.bounds ?? []) {
    assert.equal(bound.used, bySubject.get(bound), `${where}: a rule counts the units of its subject`)
    unfilled += unfilledOf(bound)
  }
  assert.equal(
    unfilled,
    pool.rules?.unfilled ?? 0,
    `${where}: reservations that are not filled are as counted`,
  )
  let resting = 0
  for (let seat = pool.firstResting; seat !== undefined; seat = seat.nextResting) {
    assert(seat.state === 'resting' && !seat.gone, `only resting units are in the reuse queue of ${where}`)
    assert(seat.restOrder > resting, `the reuse queue of ${where} is first in, first out`)
    resting = seat.restOrder
  }
  let waiting = 0
  for (const { caller } of pool.queue.places()) {
    waiting += 1
    const { session } = caller.owner
    assert(
      session.alive && session.waiting.get(caller.id) === caller,
      `only living sessions wait for ${where} (O7)`,
    )
  }
  assert.equal(waiting, pool.queue.size, `the queue of ${where} is as long as counted`)
  assert(!pool.touched, `${where} is settled`)
  return { timers: count.timers, grants: count.grants }
}

function checkSeat(seat: Seat, where: string): void {
  const who = `seat ${seat.id} of ${where}`
  assert(!seat.gone && seat.units >= 1, `${who} has units`)
  assert.equal(seat.state !== 'held', seat.deadline !== undefined, `${who} ends by itself unless it is held`)
  assert.equal(seat.state === 'held', !seat.isIdle, `${who} is held as long as somebody has it`)
  let grants = 0
  let before = 0
  for (let grant = seat.firstGrant; grant !== undefined; grant = grant.nextOfSeat) {
    grants += 1
    assert(grant.order > before && grant.seat === seat, `the grants of ${who} are in order`)
    before = grant.order
    assert(
      grant.pool !== seat.pool || !seat.pool.hasUnits || grant.units <= seat.units,
      `${who} covers its grants`,
    )
  }
  assert.equal(grants, seat.grantCount, `${who} has as many grants as counted`)
}
