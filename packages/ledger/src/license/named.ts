import type { Session } from '../graph.ts'
import { isName, NAME_EXPECTED } from '../names.ts'
import { invalid, type Refusal, type Result, refuse } from '../result.ts'
import { isText } from './checkout.ts'
import type { LicenseAssign, LicenseUnassign } from './commands.ts'
import { deny } from './explain.ts'
import { judge } from './judge.ts'
import type { Licenses } from './licenses.ts'
import { Asked, Pool } from './pool.ts'
import { subjectOf } from './rules.ts'

// license.assign: a named user's unit before the first check-out, which otherwise does the same while
// units are free. license.unassign gives it back, when the user's last grant has ended.

export function assign(licenses: Licenses, session: Session, operation: LicenseAssign): Result {
  const pool = namedPool(licenses, session, operation)
  if (!(pool instanceof Pool)) return pool
  const { user, product } = operation
  const fields = { subject: subjectOf(user), units: 1, priority: 0, feature: '' }
  const asked = new Asked(session, '', [pool], fields)
  const seat = pool.seats.get(user)
  if (seat?.assigned !== true) {
    const isUsable = licenses.validity.refusal() === undefined
    const verdict = judge(pool, asked)
    if (seat !== undefined) {
      licenses.seats.hold(seat)
      seat.assigned = true
      pool.assigned += 1
      licenses.core.rows.mark(seat)
      licenses.core.emitValue('license.assigned', '', pool.label, 0, '', user)
    } else if (isUsable && verdict === 'free' && !pool.queue.isBehind(pool, 0, undefined)) {
      licenses.seats.newSeat(pool, user, asked.subject, 1)
      licenses.tally.measure(pool)
    } else return deny(licenses, asked, [product])
  }
  return counts(pool)
}

export function unassign(licenses: Licenses, session: Session, operation: LicenseUnassign): Result {
  const pool = namedPool(licenses, session, operation)
  if (!(pool instanceof Pool)) return pool
  const seat = pool.seats.get(operation.user)
  if (seat?.assigned === true) {
    seat.assigned = false
    pool.assigned -= 1
    licenses.core.rows.mark(seat)
    licenses.core.emitValue('license.unassigned', '', pool.label, 0, '', operation.user)
    licenses.seats.releaseIdle(seat)
  }
  return counts(pool)
}

function namedPool(
  licenses: Licenses,
  session: Session,
  { product, user }: LicenseAssign | LicenseUnassign,
): Pool | Refusal {
  if (!isName(user) || !isText(user)) return invalid('user', user, NAME_EXPECTED)
  const pool = licenses.catalog.pool(product, session.installation)
  if (pool === undefined) return refuse('unknownProduct', { product })
  if (pool.spec.nature !== 'named') {
    return refuse('wrongNature', { product, nature: pool.spec.nature, expected: 'named' })
  }
  return pool
}

function counts({ assigned, total }: Pool): Result {
  return { ok: true, value: { assigned, total } }
}
