import type { Session } from '../graph.ts'
import { isName, isOwner, NAME_EXPECTED, OWNER_EXPECTED } from '../names.ts'
import { invalid, type Result, refuse } from '../result.ts'
import { grantOf } from './checkin.ts'
import { isText, isWhole, TEXT_EXPECTED } from './checkout.ts'
import type { LicensePool, LicensePoolGive, LicensePoolTake } from './commands.ts'
import { deny } from './explain.ts'
import { roomFor } from './judge.ts'
import type { Licenses } from './licenses.ts'
import { Asked, Grant } from './pool.ts'
import { subjectOf } from './rules.ts'

// license.pool: the lease of the DBAccess master (domain section 2): all that is free, at most `max`, with
// one check-out. Who gets one of them is the lease owner's own business; the ledger only keeps count.

const UNITS_MAX = 1_000_000_000

export function leasePool(licenses: Licenses, session: Session, operation: LicensePool): Result {
  const { owner, product, max, host } = operation
  if (!isOwner(owner)) return invalid('owner', owner, OWNER_EXPECTED)
  if (!isWhole(product, 1, Number.MAX_SAFE_INTEGER)) return invalid('product', product, 'a product')
  if (!isWhole(max, 0, UNITS_MAX)) return invalid('max', max, `0 to ${UNITS_MAX}`)
  if (!isText(host)) return invalid('host', typeof host, TEXT_EXPECTED)
  const { core } = licenses
  const pool = licenses.catalog.pool(product, session.installation)
  const pools = pool === undefined ? [] : [pool]
  const fields = { subject: subjectOf('', host), units: 1, priority: 0, feature: '' }
  const asked = new Asked(session, owner, pools, fields)
  const closed = licenses.validity.refusal()
  if (pool === undefined || closed !== undefined) return deny(licenses, asked, [product])
  if (!pool.hasUnits) {
    return refuse('wrongNature', { product, nature: pool.spec.nature, expected: 'concurrent or processing' })
  }
  const isBarred =
    !pool.listed || !pool.distributed || pool.rules?.exclusion(pool.rules.match(asked.subject)) !== undefined
  const room = isBarred || pool.queue.isBehind(pool, 0, undefined) ? 0 : roomFor(pool, asked)
  const units = max === 0 ? room : Math.min(room, max)
  if (units <= 0) return deny(licenses, asked, [product])
  licenses.seats.makeRoom(pool, units)
  const seat = licenses.seats.newSeat(pool, undefined, asked.subject, units)
  seat.isLease = true
  const all = new Asked(session, owner, pools, { ...fields, units })
  const grant = licenses.grants.lease(all, session.owner(owner), pool, seat)
  core.rows.mark(grant)
  return { ok: true, value: { grant: grant.order, units, token: grant.token } }
}

// license.poolTake and license.poolGive: one unit of a lease for one holder, and back.

export function takeFromLease(licenses: Licenses, session: Session, operation: LicensePoolTake): Result {
  const grant = leaseOf(licenses, session, operation)
  if (!(grant instanceof Grant)) return grant
  const taken = grant.taken!
  const { holder } = operation
  if (!taken.has(holder)) {
    if (taken.size >= grant.units) {
      return refuse('exhausted', {
        cause: 'exhausted',
        grant: grant.order,
        taken: taken.size,
        units: grant.units,
      })
    }
    taken.add(holder)
    licenses.core.rows.mark(grant)
  }
  return counts(grant)
}

export function giveToLease(licenses: Licenses, session: Session, operation: LicensePoolGive): Result {
  const grant = leaseOf(licenses, session, operation)
  if (!(grant instanceof Grant)) return grant
  if (grant.taken!.delete(operation.holder)) licenses.core.rows.mark(grant)
  return counts(grant)
}

function leaseOf(licenses: Licenses, session: Session, operation: LicensePoolTake | LicensePoolGive) {
  if (!isName(operation.holder)) return invalid('holder', operation.holder, NAME_EXPECTED)
  const grant = grantOf(licenses, session, operation)
  if (grant instanceof Grant && grant.taken === undefined) {
    return invalid('grant', grant.order, 'a lease, as license.pool gives it')
  }
  return grant
}

function counts({ order, taken, units }: Grant): Result {
  return { ok: true, value: { grant: order, taken: taken!.size, units } }
}
