import type { Installation } from '../commands.ts'
import type { Session } from '../graph.ts'
import { type Result, refuse } from '../result.ts'
import type { Borrow } from './borrowed.ts'
import { isText, isWhole } from './checkout.ts'
import { explain } from './explain.ts'
import type { Licenses } from './licenses.ts'
import { Asked, type Grant, type Pool } from './pool.ts'
import type {
  BorrowView,
  ExplainView,
  GrantView,
  LicenseBorrowed,
  LicenseExplain,
  LicenseGrants,
  LicenseProductView,
  LicenseRead,
  LicenseReadValues,
} from './reads.ts'
import { type Running, usageReport } from './usage-report.ts'

/** Answers a read about licenses from memory. */
export function queryLicenses(licenses: Licenses, read: LicenseRead, asking: string): Result {
  const { validity, core } = licenses
  switch (read.op) {
    case 'license.list':
      return answer(productList(licenses, read.installation))
    case 'license.grants':
      return answer(grantList(licenses, read))
    case 'license.explain':
      return explainCheckOut(licenses, read, asking)
    case 'license.usage': {
      const nameOf = (product: number): string =>
        licenses.catalog.pool(product, 'production')?.spec.name ?? ''
      const { usageDays } = licenses.book
      const running = usageDays === 0 ? [] : runningOf(licenses)
      return answer({
        ...usageReport(licenses.usage, {
          read,
          nameOf,
          running,
          nowMs: core.wallMs,
          limit: limitOf(licenses, read.limit),
        }),
        usageDays,
      })
    }
    case 'license.denials':
      return answer(licenses.denials.list(read.after, limitOf(licenses, read.limit)))
    case 'license.validity':
      return answer(validity.view())
    case 'key.show': {
      const current = validity.current()
      return answer({
        body: current?.file.body ?? '',
        signature: current?.file.signature ?? '',
        keyId: current?.file.keyId ?? '',
        serial: current?.view.serial ?? 0,
        installedMs: current?.view.installedMs ?? 0,
        validity: validity.view(),
      })
    }
    case 'key.history':
      return answer({ keys: validity.keys.map(({ view }) => view) })
    case 'license.rulesGet':
      return answer(licenses.book.rowValue())
    case 'license.borrowed':
      return borrowList(licenses, read)
    default: {
      const never: never = read
      throw new TypeError(`unknown read ${JSON.stringify(never)} at entry ${core.index}`)
    }
  }
}

function answer(value: { readonly [field: string]: unknown }): Result {
  return { ok: true, value }
}

function limitOf({ core }: Licenses, limit: number): number {
  return Math.max(1, Math.min(limit, core.limits.listMax))
}

function productList(
  licenses: Licenses,
  installation: Installation | undefined,
): LicenseReadValues['license.list'] {
  const { meter, sessions, sessionsMs } = licenses.tally.overall
  const products = licenses.catalog.poolList
    .filter((pool) => installation === undefined || pool.installation === installation)
    .map((pool) => productView(licenses, pool))
  const { units, unitsMs, connections, connectionsMs } = meter
  return {
    products,
    peaks: { units, unitsMs, connections, connectionsMs, sessions, sessionsMs },
    validity: licenses.validity.view(),
  }
}

function productView(licenses: Licenses, pool: Pool): LicenseProductView {
  const { spec, peaks } = pool
  const used = pool.consumption
  const most = spec.nature === 'onDemand' ? pool.total : pool.inForce
  return {
    product: pool.product,
    name: spec.name,
    nature: spec.nature,
    installation: pool.installation,
    total: pool.listed ? pool.total : 0,
    overdraft: pool.overdraft,
    used,
    resting: pool.resting,
    lingering: pool.lingering,
    available: Number.isFinite(most) ? Math.max(0, most - used) : 0,
    reserved: pool.rules?.unfilled ?? 0,
    borrowed: pool.borrowed,
    assigned: pool.assigned,
    inUse: pool.inUseCount,
    waived: pool.waivedCount,
    query: pool.queryCount,
    queued: pool.queue.size,
    peak: peaks.units,
    peakMs: peaks.unitsMs,
    peakConnections: peaks.connections,
    validity: licenses.validity.state,
    validUntil: licenses.validity.key?.validUntil ?? '',
  }
}

function grantList(licenses: Licenses, { product, user, after, limit }: LicenseGrants) {
  const max = limitOf(licenses, limit)
  const views: GrantView[] = []
  for (const grant of licenses.grants.table.from(after)) {
    if (product !== undefined && grant.pool.product !== product) continue
    if (user !== undefined && grant.subject.user !== user) continue
    if (views.length === max) return { grants: views, next: views[max - 1]!.grant }
    views.push(grantView(licenses, grant))
  }
  return { grants: views }
}

function grantView({ core }: Licenses, grant: Grant): GrantView {
  const { pool, seat, owner, subject, idle, taken } = grant
  const { session } = owner
  return {
    grant: grant.order,
    product: pool.product,
    name: pool.spec.name,
    installation: pool.installation,
    feature: grant.feature,
    status: grant.status,
    units: grant.units,
    unit: seat === undefined ? 0 : seat.unit,
    token: grant.token,
    session: session.id,
    client: session.client,
    namespace: session.namespace,
    owner: owner.name,
    user: subject.user,
    group: subject.group,
    company: subject.company,
    host: subject.host,
    sinceMs: grant.sinceMs,
    ...(idle === undefined ? {} : { idleLeftMs: idle.deadlineMs - core.timeMs }),
    ...(taken === undefined ? {} : { taken: taken.size }),
  }
}

function borrowList(licenses: Licenses, { borrow, product, user, after, limit }: LicenseBorrowed): Result {
  const { borrows } = licenses
  if (borrow !== undefined) {
    const entry = borrows.get(borrow)
    return entry === undefined
      ? refuse('unknownBorrow', { borrow })
      : answer({ borrows: [borrowView(entry)] })
  }
  const max = limitOf(licenses, limit)
  const afterOrder = after === undefined ? 0 : Number(after.slice(1))
  const found = [...borrows.values()]
    .filter(({ order, seat }) => {
      if (product !== undefined && seat.pool.product !== product) return false
      return order > afterOrder && (user === undefined || seat.subject.user === user)
    })
    .sort((a, b) => a.order - b.order)
  const views = found.slice(0, max).map(borrowView)
  return answer(found.length > max ? { borrows: views, next: views[max - 1]!.borrow } : { borrows: views })
}

function borrowView({ id, seat, sinceMs, untilWallMs }: Borrow): BorrowView {
  const { pool, subject } = seat
  return {
    borrow: id,
    product: pool.product,
    name: pool.spec.name,
    installation: pool.installation,
    user: subject.user,
    units: 1,
    sinceMs,
    untilMs: untilWallMs,
  }
}

/** What an owner of the session would be answered; without one, consumer keys by session or owner are as of a new one. */
function explainCheckOut(licenses: Licenses, read: LicenseExplain, namespace: string): Result {
  const { feature, product, user, group, company, host, units = 1, owner = '' } = read
  const known = read.session === undefined ? undefined : licenses.sessions.table.get(read.session)
  if (read.session !== undefined && known === undefined)
    return refuse('sessionUnknown', { session: read.session })
  const installation = read.installation ?? known?.installation ?? 'production'
  for (const [field, value] of Object.entries({ feature, user, group, company, host, owner })) {
    if (!isText(value))
      return refuse('invalid', { field, value: typeof value, expected: 'a string without NUL' })
  }
  if (!isWhole(units, 1, 1_000_000))
    return refuse('invalid', { field: 'units', value: units, expected: '1 to 1000000' })
  const products = licenses.catalog.productsOf(feature, product)
  if (products === undefined) return refuse('unknownFeature', { feature })
  const pools = licenses.catalog.poolsOf(installation, feature, product) ?? []
  const session = known ?? ({ id: 0, namespace, client: '', installation } as Session)
  const asked = new Asked(session, owner, pools, {
    subject: { user, group, company, host },
    units,
    priority: 0,
    feature,
  })
  const isGranted = licenses.validity.refusal() === undefined && licenses.decide(asked, undefined)
  const { chosen, verdict } = licenses
  const { detail } = explain(licenses, asked, products)
  const { tried, rule, holders, queued, place, earliestFreeMs } = detail
  const isWaived = isGranted && verdict === 'shared' && isInUse(chosen!, asked)
  const view: ExplainView = {
    would: isGranted ? 'grant' : 'refuse',
    product: isGranted ? chosen!.product : 0,
    status: isGranted ? (isWaived ? 'waived' : 'inUse') : '',
    cause: isGranted ? '' : detail.cause,
    tried,
    ...(isGranted || rule === undefined ? {} : { rule }),
    holders,
    queued,
    ...(isGranted || place === undefined ? {} : { place }),
    ...(isGranted || earliestFreeMs === undefined ? {} : { earliestFreeMs }),
    validity: licenses.validity.state,
  }
  return answer(view)
}

function isInUse(pool: Pool, asked: Asked): boolean {
  const key = asked.keyIn(pool)
  const seat = key === undefined ? undefined : pool.seats.get(key)
  return seat !== undefined && (seat.grantCount > 0 || seat.borrows > 0)
}

/** Use that is not in the log yet. */
function* runningOf(licenses: Licenses): Generator<Running> {
  const { timeMs } = licenses.core
  for (const pool of licenses.catalog.poolList) {
    for (let seat = pool.firstSeat; seat !== undefined; seat = seat.next) {
      if (seat.state === 'resting' || seat.accruedMs >= timeMs) continue
      const { user, company } = seat.subject
      yield { product: pool.product, user, company, units: seat.units, ms: timeMs - seat.accruedMs }
    }
  }
}
