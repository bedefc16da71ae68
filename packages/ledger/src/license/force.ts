import { COOL_DOWN_MS_MAX, REASON_LENGTH_MAX } from '../limits.ts'
import { invalid, type Result, refuse } from '../result.ts'
import { isWhole } from './checkout.ts'
import type { LicenseForceRelease } from './commands.ts'
import type { Licenses } from './licenses.ts'
import { CoolDown, type Grant } from './pool.ts'

// license.forceRelease: the administrator takes a unit away. All who share it lose it, else it would not
// come free; and its consumer is kept out for a while, so that the program cannot silently take it back.

export function forceRelease(licenses: Licenses, operation: LicenseForceRelease): Result {
  const { grant: id, coolDownMs, reason } = operation
  if (!isWhole(coolDownMs, 0, COOL_DOWN_MS_MAX))
    return invalid('coolDownMs', coolDownMs, `0 to ${COOL_DOWN_MS_MAX}`)
  if (typeof reason !== 'string' || reason.length < 1 || reason.length > REASON_LENGTH_MAX) {
    return invalid('reason', reason, `1 to ${REASON_LENGTH_MAX} characters`)
  }
  const grant = licenses.grants.table.get(id)
  if (grant === undefined) return refuse('unknownGrant', { grant: id })
  const { core } = licenses
  const { pool, seat, subject } = grant
  if (coolDownMs > 0) {
    const key = seat?.key ?? subject.user
    const known = pool.coolDowns.get(key)
    const deadlineMs = core.timeMs + coolDownMs
    if (known === undefined || known.deadlineMs < deadlineMs) {
      if (known !== undefined) {
        core.timers.clear(known.deadline!)
        core.rows.remove(known)
      }
      const coolDown = new CoolDown(pool, key, core.nextOrder(), deadlineMs)
      licenses.armCoolDown(coolDown)
      core.rows.mark(coolDown)
    }
  }
  const ending: Grant[] = []
  if (seat === undefined) ending.push(grant)
  for (let each = seat?.firstGrant; each !== undefined; each = each.nextOfSeat) ending.push(each)
  for (const each of ending) licenses.grants.end(each, 'forced')
  return { ok: true, value: { ended: ending.length } }
}
