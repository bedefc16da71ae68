import { strict as assert } from 'node:assert'
import { CodeHold } from './code/codes.ts'
import type { Holding, ResourceHold, Session } from './graph.ts'
import { checkLicenses } from './license/check.ts'
import { Grant } from './license/pool.ts'
import { LockHold } from './lock/lock.ts'
import { PermitHold } from './semaphore/semaphore.ts'
import { countBetween, successor } from './sequence/digits.ts'
import { type Counter, Reservation } from './sequence/sequence.ts'
import type { State } from './state.ts'

// What must be true between any two steps. Each check is a sentence; a failure names what broke it.

export function checkState(state: State): void {
  const seen = { orders: new Set<number>(), timers: 0 }
  for (const session of state.sessions.table.values()) checkSession(state, session, seen)
  checkLocks(state, seen)
  checkCodes(state)
  checkSemaphores(state)
  checkSequences(state)
  seen.timers += checkLicenses(state.licenses)
  checkTimers(state, seen.timers)
}

interface Seen {
  readonly orders: Set<number>
  timers: number
}

function checkSession(state: State, session: Session, seen: Seen): void {
  const who = `session ${session.id}`
  assert(session.alive, `${who} is in the table, so it is alive`)
  assert(state.sessions.byKey.get(session.key) === session, `${who} is found by its key`)
  const count = { locks: 0, permits: 0, codes: 0, reservations: 0, grants: 0 }
  let waiting = 0
  for (const owner of session.owners.values()) {
    assert(
      owner.firstHolding !== undefined || owner.firstWaiter !== undefined,
      `owner ${owner.name} of ${who} exists because it holds or waits (O24)`,
    )
    let before = 0
    for (let held = owner.firstHolding; held !== undefined; held = held.nextOfOwner) {
      assert(
        held.order > before,
        `${who}, owner ${owner.name}: holdings are in the order in which they were taken`,
      )
      before = held.order
      takeOrder(seen, held.order, state)
      countHolding(count, held, seen)
    }
    before = 0
    for (let waiter = owner.firstWaiter; waiter !== undefined; waiter = waiter.nextOfOwner) {
      waiting += 1
      assert(waiter.order > before, `${who}: waiters are in the order of their requests`)
      before = waiter.order
      takeOrder(seen, waiter.order, state)
      assert(
        session.waiting.get(waiter.id) === waiter,
        `waiter ${waiter.id} of ${who} is found by its request`,
      )
      assert(waiter.id <= session.lastId, `${who}: request ${waiter.id} waits, so it was executed`)
      assert(!session.answers.has(waiter.id), `${who}: request ${waiter.id} waits, so it has no answer`)
      assert(!waiter.isFree(), `${who}: request ${waiter.id} waits, so something stands against it`)
      assert(!waiter.isCandidate && !waiter.gone, `${who}: request ${waiter.id} is settled`)
      if (waiter.waitMs >= 0) seen.timers += 1
    }
  }
  assert.equal(waiting, session.waiting.size, `${who}: each waiting request hangs at an owner`)
  assert.deepEqual(
    count,
    {
      locks: session.lockCount,
      permits: session.permitCount,
      codes: session.codeCount,
      reservations: session.reservationCount,
      grants: session.grantCount,
    },
    `${who}: the counts are those of what it holds`,
  )
  assert(session.codeCount <= session.codesMax, `${who} holds no more codes than its cap`)
}

function takeOrder(seen: Seen, order: number, state: State): void {
  assert(order <= state.core.order && !seen.orders.has(order), `order ${order} was given out once`)
  seen.orders.add(order)
}

function countHolding(
  count: { locks: number; permits: number; codes: number; reservations: number; grants: number },
  held: Holding,
  seen: Seen,
): void {
  if (held instanceof LockHold) count.locks += 1
  else if (held instanceof PermitHold) count.permits += held.permits
  else if (held instanceof CodeHold) count.codes += 1
  else if (held instanceof Grant) count.grants += 1
  else if (held instanceof Reservation) {
    count.reservations += 1
    if (held.deadlineMs >= 0) seen.timers += 1
  }
}

function checkQueue(resource: ResourceHold['resource'], state: State): void {
  let before = 0
  let claims = 0
  for (let claim = resource.firstClaim; claim !== undefined; claim = claim.next) {
    claims += 1
    const { waiter } = claim
    assert(waiter.order > before, `the queue of ${resource.key} is in the order of arrival`)
    before = waiter.order
    const { session } = waiter.owner
    assert(
      session.alive && state.sessions.table.get(session.id) === session,
      `only living sessions wait for ${resource.key} (O7)`,
    )
  }
  assert.equal(claims, resource.claimCount, `the queue of ${resource.key} is as long as counted`)
  assert(!resource.touched, `${resource.key} is settled`)
}

function checkHolds(resource: ResourceHold['resource'], state: State): void {
  const owners = new Set<unknown>()
  for (let hold = resource.firstHold; hold !== undefined; hold = hold.nextOfResource) {
    assert(!owners.has(hold.owner), `each owner holds ${resource.key} once`)
    owners.add(hold.owner)
    assert(
      hold.token > 0 && hold.token <= state.core.token,
      `token ${hold.token} of ${resource.key} was given out`,
    )
    const { session } = hold.owner
    assert(state.sessions.table.get(session.id) === session, `only living sessions hold ${resource.key}`)
    assert(session.owners.get(hold.owner.name) === hold.owner, `the holder of ${resource.key} is known`)
  }
  assert.equal(owners.size, resource.holdCount, `${resource.key} has as many holders as counted`)
}

function checkLocks(state: State, seen: Seen): void {
  for (const [key, lock] of state.locks.table) {
    assert.equal(lock.key, key)
    assert(
      lock.firstHold !== undefined || lock.firstClaim !== undefined || lock.delay !== undefined,
      `lock ${key} exists because it is held, waited for or resting (O24)`,
    )
    for (let hold = lock.firstHold; hold !== undefined; hold = hold.nextOfResource as LockHold | undefined) {
      assert(!hold.exclusive || lock.holdCount === 1, `an exclusive holder of ${key} is alone`)
      assert(hold.count >= 1, `a holder of ${key} holds it at least once`)
    }
    checkHolds(lock, state)
    checkQueue(lock, state)
    if (lock.delay === undefined) continue
    seen.timers += 1
    takeOrder(seen, lock.delay.order, state)
  }
}

function checkCodes(state: State): void {
  for (const [key, hold] of state.codes.table) {
    const { session } = hold.owner
    assert(state.sessions.table.get(session.id) === session, `only living sessions reserve the code ${key}`)
  }
}

function checkSemaphores(state: State): void {
  for (const [key, semaphore] of state.semaphores.table) {
    assert(
      semaphore.explicit || semaphore.firstHold !== undefined || semaphore.firstClaim !== undefined,
      `semaphore ${key} exists because it is defined, held or waited for (O24)`,
    )
    let used = 0
    for (
      let hold = semaphore.firstHold;
      hold !== undefined;
      hold = hold.nextOfResource as PermitHold | undefined
    ) {
      assert(hold.permits >= 1, `a holder of ${key} holds at least one permit`)
      used += hold.permits
    }
    assert.equal(used, semaphore.used, `the permits of ${key} in use are those held`)
    checkHolds(semaphore, state)
    checkQueue(semaphore, state)
  }
}

function checkSequences(state: State): void {
  let counters = 0
  for (const sequence of state.sequences.table.values()) {
    for (const counter of sequence.counters.values()) {
      counters += 1
      checkCounter(counter)
    }
  }
  assert.equal(counters, state.sequences.counters.size, 'each counter belongs to a sequence')
}

/** No number twice: reserved, free and declared numbers are apart, and none is beyond the last. */
function checkCounter(counter: Counter): void {
  const { digits } = counter.sequence.spec
  let end: string | undefined
  let free = 0n
  for (const [from, to] of counter.free.ranges()) {
    assert(from <= to && to <= counter.last, `free ${from}..${to} of ${counter.key} were issued once`)
    if (end !== undefined) {
      const next = successor(end, digits)
      assert(
        next !== undefined && next < from,
        `free ${from} of ${counter.key} is apart from the range before`,
      )
    }
    end = to
    free += countBetween(from, to, digits)
  }
  assert.equal(counter.free.size, Number(free), `the free numbers of ${counter.key} are as many as counted`)
  for (const [value, reservation] of counter.reserved) {
    assert.equal(reservation.value, value)
    assert(value <= counter.last, `reserved ${value} of ${counter.key} was issued`)
    assert(!counter.free.has(value), `reserved ${value} of ${counter.key} is not free as well`)
  }
  for (const { record } of counter.gaps) {
    assert(record.to <= counter.last, `gap ${record.from}..${record.to} of ${counter.key} is not ahead`)
    if (record.kind !== 'declared') continue
    assert(
      !counter.free.has(record.from) && !counter.free.has(record.to),
      `declared ${record.from} is not free`,
    )
    assert(!counter.reserved.has(record.from), `declared ${record.from} is not reserved`)
  }
}

function checkTimers(state: State, expected: number): void {
  const { timers, timeMs } = state.core
  assert.equal(
    timers.size,
    expected,
    'each wait, reservation and delay that ends has one timer, and no other',
  )
  timers.all().forEach((timed, at) => {
    assert.equal(timed.heapAt, at, 'each timer knows its place')
    assert(timed.deadlineMs > timeMs, `timer ${timed.order} is due later than now`)
  })
}
