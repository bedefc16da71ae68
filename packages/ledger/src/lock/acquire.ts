import type { LockAcquire, LockMode } from '../commands.ts'
import { type Owner, type Session, Waiter, type WaiterFields } from '../graph.ts'
import { WAIT_MS_MAX } from '../limits.ts'
import { isName, isOwner, NAME_EXPECTED, nameKey, nameOf, OWNER_EXPECTED } from '../names.ts'
import { invalid, type Refusal, type Result, refuse } from '../result.ts'
import { type Lock, LockClaim } from './lock.ts'
import type { Locks } from './locks.ts'

// lock.acquire: all names or none, strict first come first served at each name.
//
// - A name that the owner holds already, in a mode that suffices, is free: re-entrance.
// - Any other name is free if no holder, delay or waiter stands against it.
// - A shared holder that asks for exclusive is upgraded if it is the only holder, ahead of the queue
//   (which waits for it anyway). An upgrade never waits: two of them would wait for each other.
// - If every name is re-entrance the largest token stays; else all names get one new token.
// - A request that must wait holds nothing and queues at every name, also at those that are free.

const ONCE: readonly number[] = Object.freeze([1])

/** Two passes: the first looks and may refuse, the second only changes ("never half done"). */
export function acquireLocks(
  locks: Locks,
  session: Session,
  id: number,
  operation: LockAcquire,
  isLook = false,
): Result | undefined {
  const { locks: wanted, waitMs } = operation
  const bad = check(locks, operation)
  if (bad !== undefined) return bad

  const { table, found } = locks
  const { namespace } = session
  const asking = session.owners.get(operation.owner)
  found.length = 0
  let largestToken = 0
  let isReentrance = true
  let isUpgrade = false
  let blocked: Lock | undefined
  let blockedExclusive = false
  for (const { name, mode } of wanted) {
    const key = nameKey(namespace, name)
    const lock = table.get(key)
    found.push(lock ?? key)
    if (lock === undefined) {
      isReentrance = false
      continue
    }
    const exclusive = mode === 'exclusive'
    const hold = asking === undefined ? undefined : lock.holdOf(asking)
    if (hold !== undefined) {
      if (hold.token > largestToken) largestToken = hold.token
      if (hold.exclusive || !exclusive) continue
      if (lock.holdCount > 1) {
        return refuse('upgrade', { name, holders: lock.holders(locks.core.limits.holdersShownMax) })
      }
      isUpgrade = true
      isReentrance = false
      if (lock.delay === undefined) continue
    } else {
      isReentrance = false
      if (lock.firstClaim === undefined && lock.admits(exclusive)) continue
    }
    if (blocked === undefined) {
      blocked = lock
      blockedExclusive = exclusive
    }
  }
  if (blocked !== undefined) {
    if (waitMs === 0 || isUpgrade) return refuseBlocked(locks, asking, blocked, blockedExclusive)
    return wait(locks, session, id, operation)
  }
  if (table.size + wanted.length > locks.core.limits.namesMax) {
    return refuse('namesExceeded', { max: locks.core.limits.namesMax })
  }
  if (isLook) return undefined
  const result = grant(locks, session, operation, isReentrance ? largestToken : locks.core.nextToken())
  // Shared ones that wait for it were not held up by it before.
  if (isUpgrade) locks.waiters.suspect(asking!)
  return result
}

/** The first pass alone, of a request that does not wait. `undefined`: it would be granted. */
export function lookAtLocks(locks: Locks, session: Session, operation: LockAcquire): Refusal | undefined {
  return acquireLocks(locks, session, 0, operation, true) as Refusal | undefined
}

/** Takes what the first pass found. */
function grant(locks: Locks, session: Session, operation: LockAcquire, token: number): Result {
  const { locks: wanted } = operation
  const { found } = locks
  const owner = session.owner(operation.owner)
  if (wanted.length === 1) {
    const count = locks.hold(locks.open(found[0]!), owner, wanted[0]!.mode === 'exclusive', token)
    return { ok: true, value: { token, counts: count === 1 ? ONCE : [count] } }
  }
  const counts = wanted.map(({ mode }, at) => {
    return locks.hold(locks.open(found[at]!), owner, mode === 'exclusive', token)
  })
  return { ok: true, value: { token, counts } }
}

/** Names the first name that stands against the request, and why. */
function refuseBlocked(locks: Locks, asking: Owner | undefined, lock: Lock, exclusive: boolean): Refusal {
  const name = nameOf(lock.key)
  const first = lock.firstHold
  const isHeld = first !== undefined && first.owner !== asking && (exclusive || first.exclusive)
  if (!isHeld && lock.delay !== undefined) {
    return refuse('lockDelay', { name, remainingMs: lock.delay.deadlineMs - locks.core.timeMs })
  }
  return refuse('held', heldDetail(locks, lock))
}

function heldDetail(locks: Locks, lock: Lock) {
  return {
    name: nameOf(lock.key),
    holders: lock.holders(locks.core.limits.holdersShownMax),
    queued: lock.claimCount,
  }
}

function wait(locks: Locks, session: Session, id: number, operation: LockAcquire): Result | undefined {
  const { core, table } = locks
  const { queueLengthMax, namesMax } = core.limits
  const { locks: wanted, waitMs } = operation
  for (const { name } of wanted) {
    const lock = table.get(nameKey(session.namespace, name))
    if (lock !== undefined && lock.claimCount >= queueLengthMax) {
      return refuse('queueFull', { name, max: queueLengthMax })
    }
  }
  if (table.size + wanted.length > namesMax) return refuse('namesExceeded', { max: namesMax })
  const waiter = new LockWaiter(locks, session.owner(operation.owner), {
    order: core.nextOrder(),
    id,
    waitMs,
    priority: operation.priority,
    deadlineMs: waitMs < 0 ? Number.POSITIVE_INFINITY : core.timeMs + waitMs,
    sinceMs: core.wallMs,
  })
  waiter.addClaims(wanted)
  core.emit('lock.queued', session.namespace, wanted[0]!.name, session.id, operation.owner)
  return locks.waiters.start(waiter)
}

/** [name, exclusive] */
export type LockClaimsRow = { readonly locks: readonly (readonly [string, boolean])[] }

/** A waiting lock.acquire. */
export class LockWaiter extends Waiter {
  declare readonly claims: LockClaim[]
  readonly #locks: Locks

  constructor(locks: Locks, owner: Owner, fields: WaiterFields) {
    super(owner, fields)
    this.#locks = locks
  }

  addClaims(wanted: readonly { readonly name: string; readonly mode: LockMode }[]): void {
    const { namespace } = this.owner.session
    for (const { name, mode } of wanted) {
      const key = nameKey(namespace, name)
      const lock = this.#locks.open(this.#locks.table.get(key) ?? key)
      this.claims.push(new LockClaim(this, lock, mode === 'exclusive'))
    }
  }

  take(): Result {
    const { owner } = this
    let token = 0
    let isReentrance = true
    for (const { resource, exclusive } of this.claims) {
      const hold = resource.holdOf(owner)
      if (hold === undefined || (exclusive && !hold.exclusive)) isReentrance = false
      else if (hold.token > token) token = hold.token
    }
    if (!isReentrance) token = this.#locks.core.nextToken()
    const counts: number[] = []
    for (const { resource, exclusive } of this.claims) {
      counts.push(this.#locks.hold(resource, owner, exclusive, token))
    }
    return { ok: true, value: { token, counts } }
  }

  timeout(): Refusal {
    const blocked = this.claims.find((claim) => !claim.isFree()) ?? this.claims[0]!
    const detail = heldDetail(this.#locks, blocked.resource)
    return refuse('timeout', { ...detail, queued: detail.queued - 1 })
  }

  rowClaims(): LockClaimsRow {
    return { locks: this.claims.map((claim) => [nameOf(claim.resource.key), claim.exclusive]) }
  }
}

function check(locks: Locks, { owner, locks: wanted, waitMs, priority }: LockAcquire): Refusal | undefined {
  const { locksPerRequestMax } = locks.core.limits
  const count = wanted.length
  if (count < 1 || count > locksPerRequestMax) {
    return invalid('locks', count, `1 to ${locksPerRequestMax} names`)
  }
  if (!isOwner(owner)) return invalid('owner', owner, OWNER_EXPECTED)
  if (!Number.isSafeInteger(waitMs) || waitMs < -1 || waitMs > WAIT_MS_MAX) {
    return invalid('waitMs', waitMs, `-1 to ${WAIT_MS_MAX}`)
  }
  if (!Number.isSafeInteger(priority)) return invalid('priority', priority, 'a whole number')
  for (let at = 0; at < count; at += 1) {
    const { name, mode } = wanted[at]!
    if (!isName(name)) return invalid('locks.name', name, NAME_EXPECTED)
    if (mode !== 'exclusive' && mode !== 'shared') return invalid('locks.mode', mode, 'exclusive or shared')
    for (let before = 0; before < at; before += 1) {
      if (wanted[before]!.name === name) return invalid('locks.name', name, 'distinct names')
    }
  }
  return undefined
}
