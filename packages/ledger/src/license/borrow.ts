import type { Session } from '../graph.ts'
import { BORROW_MS_MAX } from '../limits.ts'
import { isName, isOwner, NAME_EXPECTED, OWNER_EXPECTED } from '../names.ts'
import { invalid, type Result, refuse } from '../result.ts'
import { Borrow } from './borrowed.ts'
import { isText } from './checkout.ts'
import type { LicenseBorrow, LicenseReturnBorrowed, LicenseRule } from './commands.ts'
import { disarm } from './deadline.ts'
import { deny } from './explain.ts'
import type { Licenses } from './licenses.ts'
import { Asked, type Pool } from './pool.ts'
import { subjectOf } from './rules.ts'

// license.borrow: the unit goes with its user and stays counted until it is returned or its time is over,
// whatever becomes of the session. The end is told by wall clock and kept by cluster time.

export function borrow(licenses: Licenses, session: Session, operation: LicenseBorrow): Result {
  const { owner, product, user, untilWallMs } = operation
  const { core } = licenses
  if (!isOwner(owner)) return invalid('owner', owner, OWNER_EXPECTED)
  if (!isName(user) || !isText(user)) return invalid('user', user, NAME_EXPECTED)
  const ms = untilWallMs - core.wallMs
  if (!Number.isSafeInteger(untilWallMs) || ms <= 0 || ms > BORROW_MS_MAX) {
    return invalid('untilWallMs', untilWallMs, `${core.wallMs + 1} to ${core.wallMs + BORROW_MS_MAX}`)
  }
  const pool = licenses.catalog.pool(product, session.installation)
  const fields = { subject: subjectOf(user), units: 1, priority: 0, feature: '' }
  const asked = new Asked(session, owner, pool === undefined ? [] : [pool], fields)
  if (pool === undefined || licenses.validity.refusal() !== undefined) return deny(licenses, asked, [product])
  if (!pool.isCounted) {
    return refuse('wrongNature', { product, nature: pool.spec.nature, expected: 'a product with units' })
  }
  const rule = brokenLimit(licenses, pool, asked)
  if (rule !== undefined) {
    return refuse('borrowExceeded', { product, borrowed: pool.borrowed, max: rule.amount, rule })
  }
  if (!licenses.decide(asked, undefined)) return deny(licenses, asked, [product])
  const seat = licenses.seats.seatFor(asked, pool, licenses.verdict)
  licenses.usage.checkedOut(licenses.tally.accountOf(seat))
  const times = { sinceMs: core.wallMs, untilWallMs, deadlineMs: core.timeMs + ms }
  const entry = new Borrow(seat, core.nextOrder(), times)
  lend(licenses, entry)
  core.rows.mark(entry)
  core.rows.mark(seat)
  licenses.tally.measure(pool)
  core.emitReason('license.borrowed', session.namespace, pool.label, session.id, owner, user, entry.id)
  return { ok: true, value: { grant: entry.order, borrow: entry.id } }
}

/** Also for restore. */
export function lend(licenses: Licenses, entry: Borrow): void {
  entry.seat.borrows += 1
  entry.seat.pool.borrowed += 1
  licenses.borrows.set(entry.id, entry)
  licenses.armBorrow(entry, () => end(licenses, entry, 'over'))
}

export function returnBorrowed(licenses: Licenses, operation: LicenseReturnBorrowed): Result {
  const entry = licenses.borrows.get(operation.borrow)
  if (entry === undefined) return refuse('unknownBorrow', { borrow: operation.borrow })
  end(licenses, entry, 'returned')
  const { pool, subject } = entry.seat
  return { ok: true, value: { product: pool.product, user: subject.user } }
}

function end(licenses: Licenses, entry: Borrow, reason: string): void {
  const { core } = licenses
  const { seat, deadline } = entry
  const { pool } = seat
  if (deadline !== undefined) disarm(core, pool, deadline)
  licenses.borrows.delete(entry.id)
  seat.borrows -= 1
  pool.borrowed -= 1
  core.rows.remove(entry)
  core.rows.mark(seat)
  licenses.seats.releaseIdle(seat)
  core.emitReason('license.returned', '', pool.label, 0, '', seat.subject.user, `${entry.id} ${reason}`)
}

/** Few are borrowed at a time, so counting them by looking is cheap. */
function brokenLimit(licenses: Licenses, pool: Pool, asked: Asked): LicenseRule | undefined {
  if (pool.rules === undefined) return undefined
  for (const { rule } of [...pool.rules.match(asked.subject)]) {
    if (rule.kind !== 'borrowMax') continue
    let borrowed = 0
    for (const entry of licenses.borrows.values()) {
      if (entry.seat.pool !== pool) continue
      if (pool.rules.match(entry.seat.subject).some((bound) => bound.rule === rule)) borrowed += 1
    }
    if (borrowed >= rule.amount!) return rule
  }
  return undefined
}
