import type { Session } from '../graph.ts'
import { invalid, NOTHING, type Result } from '../result.ts'
import { borrow, returnBorrowed } from './borrow.ts'
import { checkIn, renew } from './checkin.ts'
import { checkOut } from './checkout.ts'
import type { LicenseCommand, LicenseOperation } from './commands.ts'
import { forceRelease } from './force.ts'
import { installKey } from './install.ts'
import { giveToLease, leasePool, takeFromLease } from './lease.ts'
import type { Licenses } from './licenses.ts'
import { setMetric } from './metric.ts'
import { assign, unassign } from './named.ts'
import { setRules } from './set-rules.ts'

/** A session's operation on licenses. `undefined`: it waits. */
export function applyLicense(
  licenses: Licenses,
  session: Session,
  id: number,
  operation: LicenseOperation,
): Result | undefined {
  switch (operation.op) {
    case 'license.checkout':
      return checkOut(licenses, session, id, operation)
    case 'license.checkin':
      return checkIn(licenses, session, operation)
    case 'license.renew':
      return renew(licenses, session, operation)
    case 'license.metric':
      return setMetric(licenses, session, operation)
    case 'license.pool':
      return leasePool(licenses, session, operation)
    case 'license.poolTake':
      return takeFromLease(licenses, session, operation)
    case 'license.poolGive':
      return giveToLease(licenses, session, operation)
    case 'license.assign':
      return assign(licenses, session, operation)
    case 'license.unassign':
      return unassign(licenses, session, operation)
    case 'license.forceRelease':
      return forceRelease(licenses, operation)
    case 'license.borrow':
      return borrow(licenses, session, operation)
    case 'license.returnBorrowed':
      return returnBorrowed(licenses, operation)
    case 'license.rules':
      return setRules(licenses, session, operation)
    default:
      return later(operation)
  }
}

/** The leader's duties about licenses. */
export function applyLicenseCommand(licenses: Licenses, command: LicenseCommand): Result {
  const { validity } = licenses
  switch (command.op) {
    case 'key.install':
      return installKey(licenses, command)
    case 'license.calendar': {
      const { wallMs } = command
      if (!isInstant(wallMs)) return invalid('wallMs', wallMs, 'epoch ms')
      const accepted = validity.tell(wallMs)
      if (accepted) licenses.forgetOld()
      return { ok: true, value: { accepted, calendarMs: validity.nowMs(), validity: validity.state } }
    }
    case 'license.validated':
      if (!isInstant(command.wallMs)) return invalid('wallMs', command.wallMs, 'epoch ms')
      validity.validated(command.wallMs)
      return { ok: true, value: { validity: validity.state } }
    case 'license.restrict':
      if (typeof command.reason !== 'string' || command.reason.length > 255) {
        return invalid('reason', typeof command.reason, '0 to 255 characters')
      }
      validity.restrict(command.reason)
      return { ok: true, value: NOTHING }
    default:
      return later(command)
  }
}

function isInstant(wallMs: number): boolean {
  return Number.isSafeInteger(wallMs) && wallMs > 0
}

/** A later version's operation in the log must not stop this one, nor change anything. */
function later(operation: never): Result {
  return invalid('op', (operation as { readonly op: unknown }).op, 'an operation of this version')
}
