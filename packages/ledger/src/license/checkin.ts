import type { Session } from '../graph.ts'
import { NOTHING, type Refusal, type Result, refuse } from '../result.ts'
import type { LicenseCheckin, LicenseRenew } from './commands.ts'
import type { Licenses } from './licenses.ts'
import { Grant } from './pool.ts'

// license.checkin: the grant is given back. Never someone else's.

/** The answers of nearly every check-in; shared, so never changed. */
const ANSWERS = {
  released: answer('released'),
  shared: answer('shared'),
  resting: answer('resting'),
  lingering: answer('lingering'),
} as const

function answer(status: string): Result {
  return Object.freeze({ ok: true, value: Object.freeze({ status }) })
}

export function checkIn(licenses: Licenses, session: Session, operation: LicenseCheckin): Result {
  const grant = grantOf(licenses, session, operation)
  return grant instanceof Grant ? ANSWERS[licenses.grants.end(grant, 'checkin')] : grant
}

// license.renew: the idle time begins again.

export function renew(licenses: Licenses, session: Session, operation: LicenseRenew): Result {
  const grant = grantOf(licenses, session, operation)
  if (!(grant instanceof Grant)) return grant
  const idleMs = licenses.grants.idleOf(grant)
  if (idleMs > 0) licenses.grants.armIdle(grant, licenses.core.timeMs + idleMs)
  return { ok: true, value: NOTHING }
}

/** A grant by its number, if it is the asking owner's. */
export function grantOf(
  licenses: Licenses,
  session: Session,
  { owner, grant: id }: { readonly owner: string; readonly grant: number },
): Grant | Refusal {
  const grant = licenses.grants.table.get(id)
  if (grant === undefined) return refuse('unknownGrant', { grant: id })
  if (grant.owner.session === session && grant.owner.name === owner) return grant
  return refuse('notHolder', { grant: id, session: grant.owner.session.id, owner: grant.owner.name })
}
