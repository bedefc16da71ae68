import type { SemaphoreRelease } from '../commands.ts'
import type { Session } from '../graph.ts'
import { PERMITS_MAX } from '../limits.ts'
import { nameKey } from '../names.ts'
import { invalid, type Result, refuse } from '../result.ts'
import { isPermits } from './acquire.ts'
import type { Semaphores } from './semaphores.ts'

// semaphore.release: gives back at most what the owner holds.

export function releasePermits(
  semaphores: Semaphores,
  session: Session,
  { owner: ownerName, name, permits }: SemaphoreRelease,
): Result {
  if (!isPermits(permits)) return invalid('permits', permits, `1 to ${PERMITS_MAX}`)
  const semaphore = semaphores.table.get(nameKey(session.namespace, name))
  const owner = session.owners.get(ownerName)
  const hold = owner === undefined ? undefined : semaphore?.holdOf(owner)
  if (hold === undefined || hold.permits < permits) {
    return refuse('notHolder', {
      name,
      holders: semaphore?.holders(semaphores.core.limits.holdersShownMax) ?? [],
    })
  }
  semaphores.giveBack(hold, permits)
  return { ok: true, value: { held: hold.permits } }
}
