import type { SemaphoreDelete, SemaphoreSet } from '../commands.ts'
import type { Session } from '../graph.ts'
import { PERMITS_MAX } from '../limits.ts'
import { isName, NAME_EXPECTED, nameKey } from '../names.ts'
import { invalid, type Result, refuse } from '../result.ts'
import { isPermits } from './acquire.ts'
import type { PermitClaim } from './semaphore.ts'
import type { Semaphores } from './semaphores.ts'

// semaphore.set: an explicit total, which stays when nobody holds it. Lowered below what is in use,
// nothing new is granted until it fits; a request that waits for more than the new total is refused:
// what began before a change obeys the change (O22).

export function setSemaphore(
  semaphores: Semaphores,
  session: Session,
  { name, total }: SemaphoreSet,
): Result {
  if (!isName(name)) return invalid('name', name, NAME_EXPECTED)
  if (!isPermits(total)) return invalid('total', total, `1 to ${PERMITS_MAX}`)
  const { core, table, waiters } = semaphores
  const key = nameKey(session.namespace, name)
  const found = table.get(key)
  if (found === undefined && table.size >= core.limits.namesMax) {
    return refuse('namesExceeded', { max: core.limits.namesMax })
  }
  const semaphore = found ?? semaphores.create(key, total)
  semaphore.explicit = true
  semaphore.total = total
  core.rows.mark(semaphore)
  let claim = semaphore.firstClaim
  while (claim !== undefined) {
    const next = claim.next as PermitClaim | undefined
    if (claim.permits > total) {
      waiters.refuse(claim.waiter, refuse('permitsExceedTotal', { name, permits: claim.permits, total }))
    }
    claim = next
  }
  waiters.touch(semaphore)
  // Who waits for permits may need those of one holder now that any of several could give before.
  for (let hold = semaphore.firstHold; hold !== undefined; hold = hold.nextOfResource as typeof hold) {
    waiters.suspect(hold.owner)
  }
  return { ok: true, value: { total, used: semaphore.used } }
}

// semaphore.delete: back to implicit, so it goes as soon as nobody holds it or waits for it.

export function deleteSemaphore(
  semaphores: Semaphores,
  session: Session,
  operation: SemaphoreDelete,
): Result {
  const semaphore = semaphores.table.get(nameKey(session.namespace, operation.name))
  const deleted = semaphore?.explicit === true
  if (semaphore !== undefined && deleted) {
    semaphore.explicit = false
    semaphores.core.rows.mark(semaphore)
    semaphore.vanishIfIdle()
  }
  return { ok: true, value: { deleted } }
}
