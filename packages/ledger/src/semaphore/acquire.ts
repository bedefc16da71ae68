import type { SemaphoreAcquire } from '../commands.ts'
import { type Owner, type Session, Waiter, type WaiterFields } from '../graph.ts'
import { PERMITS_MAX, WAIT_MS_MAX } from '../limits.ts'
import { isName, isOwner, NAME_EXPECTED, nameKey, nameOf, OWNER_EXPECTED } from '../names.ts'
import { invalid, type Refusal, type Result, refuse } from '../result.ts'
import { PermitClaim, type PermitHold, type Semaphore } from './semaphore.ts'
import type { Semaphores } from './semaphores.ts'

// semaphore.acquire: strict first come first served; nobody overtakes a large request that waits, not
// even a holder that asks for more. Permits of one owner add up; each grant has a new token.

export function acquirePermits(
  semaphores: Semaphores,
  session: Session,
  id: number,
  operation: SemaphoreAcquire,
  isLook = false,
): Result | undefined {
  const bad = check(operation)
  if (bad !== undefined) return bad
  const { core, table } = semaphores
  const { name, permits, waitMs } = operation
  const key = nameKey(session.namespace, name)
  const found = table.get(key)
  const total = found?.total ?? operation.total
  if (total === undefined) return refuse('unknownSemaphore', { name })
  if (permits > total) return refuse('permitsExceedTotal', { name, permits, total })
  if (found === undefined && table.size >= core.limits.namesMax) {
    return refuse('namesExceeded', { max: core.limits.namesMax })
  }
  const isFree = found === undefined || (found.firstClaim === undefined && found.used + permits <= total)
  if (!isFree) {
    if (waitMs === 0) return refuse('noPermits', usage(semaphores, found))
    if (found.claimCount >= core.limits.queueLengthMax) {
      return refuse('queueFull', { name, max: core.limits.queueLengthMax })
    }
    const waiter = new PermitWaiter(semaphores, session.owner(operation.owner), {
      order: core.nextOrder(),
      id,
      waitMs,
      priority: 0,
      deadlineMs: waitMs < 0 ? Number.POSITIVE_INFINITY : core.timeMs + waitMs,
      sinceMs: core.wallMs,
    })
    waiter.addClaims([[name, permits]])
    return semaphores.waiters.start(waiter)
  }
  if (isLook) return undefined
  const semaphore = found ?? semaphores.create(key, total)
  return granted(semaphores.hold(semaphore, session.owner(operation.owner), permits))
}

/** Looks without taking, for a request that does not wait. `undefined`: it would be granted. */
export function lookAtPermits(
  semaphores: Semaphores,
  session: Session,
  operation: SemaphoreAcquire,
): Refusal | undefined {
  return acquirePermits(semaphores, session, 0, operation, true) as Refusal | undefined
}

function granted(hold: PermitHold): Result {
  return { ok: true, value: { token: hold.token, held: hold.permits } }
}

function usage(semaphores: Semaphores, semaphore: Semaphore) {
  return {
    name: nameOf(semaphore.key),
    total: semaphore.total,
    used: semaphore.used,
    holders: semaphore.holders(semaphores.core.limits.holdersShownMax),
    queued: semaphore.claimCount,
  }
}

/** [name, permits] */
export type PermitClaimsRow = { readonly semaphores: readonly (readonly [string, number])[] }

/** A waiting semaphore.acquire. */
export class PermitWaiter extends Waiter {
  declare readonly claims: PermitClaim[]
  readonly #semaphores: Semaphores

  constructor(semaphores: Semaphores, owner: Owner, fields: WaiterFields) {
    super(owner, fields)
    this.#semaphores = semaphores
  }

  addClaims(wanted: readonly (readonly [name: string, permits: number])[]): void {
    const { namespace } = this.owner.session
    for (const [name, permits] of wanted) {
      const semaphore = this.#semaphores.table.get(nameKey(namespace, name))!
      this.claims.push(new PermitClaim(this, semaphore, permits))
    }
  }

  take(): Result {
    const { resource, permits } = this.claims[0]!
    return granted(this.#semaphores.hold(resource, this.owner, permits))
  }

  timeout(): Refusal {
    const detail = usage(this.#semaphores, this.claims[0]!.resource)
    return refuse('timeout', { ...detail, queued: detail.queued - 1 })
  }

  rowClaims(): PermitClaimsRow {
    return { semaphores: this.claims.map((claim) => [nameOf(claim.resource.key), claim.permits]) }
  }
}

function check({ owner, name, permits, total, waitMs }: SemaphoreAcquire): Refusal | undefined {
  if (!isOwner(owner)) return invalid('owner', owner, OWNER_EXPECTED)
  if (!isName(name)) return invalid('name', name, NAME_EXPECTED)
  if (!isPermits(permits)) return invalid('permits', permits, `1 to ${PERMITS_MAX}`)
  if (total !== undefined && !isPermits(total)) return invalid('total', total, `1 to ${PERMITS_MAX}`)
  if (!Number.isSafeInteger(waitMs) || waitMs < -1 || waitMs > WAIT_MS_MAX) {
    return invalid('waitMs', waitMs, `-1 to ${WAIT_MS_MAX}`)
  }
  return undefined
}

export function isPermits(count: number): boolean {
  return Number.isSafeInteger(count) && count >= 1 && count <= PERMITS_MAX
}
