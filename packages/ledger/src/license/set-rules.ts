import type { Session } from '../graph.ts'
import { type Result, refuse } from '../result.ts'
import type { LicenseRules } from './commands.ts'
import type { Licenses } from './licenses.ts'
import type { Grant } from './pool.ts'
import { checkRules, checkUsageDays } from './rules.ts'

// license.rules: all rules at once, checked before anything changes (O20). What was granted before obeys
// them (O22): units in use are counted by the new rules, those who are excluded now lose their grants, idle
// times get shorter; a MAX below what is in use grants nothing more until it fits; usage that is older than it
// may be kept from now on is forgotten.

export function setRules(licenses: Licenses, session: Session, operation: LicenseRules): Result {
  const { rules, version, usageDays } = operation
  const bad = checkRules(rules) ?? checkUsageDays(usageDays)
  if (bad !== undefined) return bad
  const { core, book } = licenses
  if (version !== book.version + 1) {
    return refuse('versionDiffers', { version: book.version, got: version, expected: book.version + 1 })
  }
  licenses.settleUsage()
  book.replace(core, version, rules, usageDays ?? book.usageDays)
  for (const pool of licenses.catalog.poolList) licenses.refit(pool)
  core.emitValue('license.rules', session.namespace, '', session.id, '', String(version))
  licenses.forgetOld()
  const ended = obey(licenses)
  return { ok: true, value: { version, ended } }
}

/** In the order of the grants, which is the same on every member. */
function obey(licenses: Licenses): number {
  const { core } = licenses
  const ending: Grant[] = []
  for (const grant of licenses.grants.table) {
    const { rules } = grant.pool
    if (rules?.exclusion(rules.match(grant.subject)) !== undefined) {
      ending.push(grant)
      continue
    }
    const idleMs = licenses.grants.idleOf(grant)
    const endsMs = core.timeMs + idleMs
    if (idleMs > 0 && (grant.idle === undefined || endsMs < grant.idle.deadlineMs))
      licenses.grants.armIdle(grant, endsMs)
    else if (idleMs === 0 && grant.idle !== undefined) {
      licenses.grants.disarmIdle(grant)
      core.rows.mark(grant)
    }
  }
  for (const grant of ending) licenses.grants.end(grant, 'excluded')
  return ending.length
}
