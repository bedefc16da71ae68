import type { Cause } from '../causes.ts'
import { LICENSE_HOLDERS_SHOWN_MAX } from '../limits.ts'
import { type Detail, type Refusal, refuse } from '../result.ts'
import { decidingRule, judge, type Verdict } from './judge.ts'
import type { Licenses } from './licenses.ts'
import type { Asked, Pool, Seat } from './pool.ts'
import type { LicenseHolder, LicenseRefusalDetail, LicenseTried } from './reads.ts'

// Why a check-out is refused: what was tried, who holds it, which rule decided, when it may come free.
// Costs as much as the list is long, not as the pools are full.

/** Of several products' answers the one that helps most: waiting, or asking the administrator. */
const RANK: readonly Cause[] = [
  'exhausted',
  'reservedForOthers',
  'overMax',
  'metricExceeded',
  'coolDown',
  'excluded',
  'notDistributed',
  'notInContract',
]
const WAITABLE: readonly Cause[] = ['exhausted', 'reservedForOthers', 'overMax']
/** Seats looked at in one pool for holders. */
const SEATS_SEEN_MAX = 64

export interface Explained {
  readonly detail: LicenseRefusalDetail
  /** The product whose answer is the cause. */
  readonly product: number
}

/** `self`: a waiting check-out that ends; it is in the queues. */
export function explain(
  licenses: Licenses,
  asked: Asked,
  products: readonly number[],
  self?: Parameters<Licenses['decide']>[1],
): Explained {
  const { installation } = asked.session
  const tried: LicenseTried[] = []
  const looked: Pool[] = []
  let best = -1
  let bestRank = RANK.length
  for (const product of products) {
    const pool = licenses.catalog.pool(product, installation)
    if (pool === undefined) {
      tried.push(unknown(product))
    } else {
      const verdict = judge(pool, asked)
      const isBehind =
        (verdict === 'free' || verdict === 'reused') && pool.queue.isBehind(pool, asked.priority, self)
      tried.push(triedOf(pool, isBehind ? 'exhausted' : verdict))
      if (WAITABLE.includes(tried[tried.length - 1]!.outcome as Cause)) looked.push(pool)
    }
    const rank = RANK.indexOf(tried[tried.length - 1]!.outcome as Cause)
    if (rank >= 0 && rank < bestRank) {
      bestRank = rank
      best = tried.length - 1
    }
  }
  const decider = tried[best]
  const cause = licenses.validity.refusal() ?? (decider?.outcome as Cause | undefined) ?? 'exhausted'
  const product = decider?.product ?? products[0] ?? 0
  const pool = licenses.catalog.pool(product, installation)
  const rule = pool === undefined ? undefined : decidingRule(pool, asked, cause as Verdict)
  const queuing = looked[0]
  const earliest = earliestFreeMs(licenses, asked, cause, pool, looked)
  return {
    product,
    detail: {
      cause,
      feature: asked.feature,
      tried,
      ...(rule === undefined ? {} : { rule }),
      holders: holdersOf(looked),
      queued: (queuing ?? pool)?.queue.size ?? 0,
      ...(queuing === undefined ? {} : { place: queuing.queue.placeOf(asked.priority, self) }),
      ...(earliest === undefined ? {} : { earliestFreeMs: earliest }),
    },
  }
}

/** The refusal, remembered as a denial. */
export function deny(
  licenses: Licenses,
  asked: Asked,
  products: readonly number[],
  { as, self }: { readonly as?: Cause; readonly self?: Parameters<Licenses['decide']>[1] } = {},
): Refusal {
  const { detail, product } = explain(licenses, asked, products, self)
  const cause = as ?? detail.cause
  const { session, subject, owner, units, feature } = asked
  const { installation } = session
  licenses.usage.denied(licenses.catalog.pool(product, installation), product, subject, cause)
  licenses.denials.add({
    cause,
    feature,
    product,
    installation,
    session: session.id,
    client: session.client,
    owner,
    user: subject.user,
    group: subject.group,
    company: subject.company,
    host: subject.host,
    units,
  })
  return refuse(cause, detail as Detail)
}

function triedOf(pool: Pool, outcome: Verdict): LicenseTried {
  return {
    product: pool.product,
    name: pool.spec.name,
    total: pool.total,
    used: pool.consumption,
    reserved: pool.rules?.unfilled ?? 0,
    overdraft: pool.overdraft,
    queued: pool.queue.size,
    outcome,
  }
}

function unknown(product: number): LicenseTried {
  return {
    product,
    name: '',
    total: 0,
    used: 0,
    reserved: 0,
    overdraft: 0,
    queued: 0,
    outcome: 'notInContract',
  }
}

function holdersOf(pools: readonly Pool[]): LicenseHolder[] {
  const holders: LicenseHolder[] = []
  for (const pool of pools) {
    let seen = 0
    for (let seat = pool.firstSeat; seat !== undefined && seen < SEATS_SEEN_MAX; seat = seat.next) {
      if (holders.length === LICENSE_HOLDERS_SHOWN_MAX) return holders
      seen += 1
      if (seat.state !== 'resting') holders.push(holderOf(pool, seat))
    }
  }
  return holders
}

/** Of a seat that nobody uses now (lingering, assigned, borrowed) only the consumer is known. */
function holderOf(pool: Pool, seat: Seat): LicenseHolder {
  const grant = seat.firstGrant
  const session = grant?.owner.session
  const { user, group, host } = grant?.subject ?? seat.subject
  return {
    session: session?.id ?? 0,
    client: session?.client ?? '',
    owner: grant?.owner.name ?? '',
    user,
    group,
    host,
    sinceMs: grant?.sinceMs ?? seat.sinceMs,
    product: pool.product,
  }
}

function earliestFreeMs(
  { core }: Licenses,
  asked: Asked,
  cause: Cause,
  pool: Pool | undefined,
  looked: readonly Pool[],
): number | undefined {
  let earliest: number | undefined
  if (cause === 'coolDown' && pool !== undefined)
    earliest = pool.coolDowns.get(asked.coolKeyIn(pool))?.deadlineMs
  for (const { dues } of looked) {
    const next = dues.nextDeadlineMs()
    if (next !== undefined && (earliest === undefined || next < earliest)) earliest = next
  }
  return earliest === undefined ? undefined : earliest - core.timeMs
}

/** The causes for which a check-out may wait, among what was tried. */
export function isWaitable(cause: Cause): boolean {
  return WAITABLE.includes(cause)
}
