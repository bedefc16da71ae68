import type { Waiter } from '../graph.ts'
import { type Result, refuse } from '../result.ts'
import { CheckoutWaiter } from './checkout.ts'
import type { KeyInstall } from './commands.ts'
import { DAY_MS, dayNumber, dayStartMs } from './days.ts'
import { deny } from './explain.ts'
import { type EmergencyKeyBody, type LicenseKeyBody, parseKeyBody } from './key-body.ts'
import type { Licenses } from './licenses.ts'
import { INSTALLATIONS } from './pool.ts'
import { EMERGENCIES_MAX } from './validity.ts'
import type { KeyInstalled, ReducedBelowUse } from './values.ts'

// key.install: the node has verified the signature; whether the key is the right one, and newer than what
// is installed, is decided here, once for all members. Units in use that a smaller key does not cover stay
// with their holders; nothing more is granted until it fits.

export function installKey(licenses: Licenses, file: KeyInstall): Result {
  const parsed = parseKeyBody(file.body)
  if (!parsed.ok) return refuse('keyDamaged', { ...parsed.damage })
  const { key } = parsed
  const have = licenses.validity.key
  if (have !== undefined && have.installationId !== key.installationId) {
    return refuse('keyForOther', { installationId: key.installationId, expected: have.installationId })
  }
  return key.kind === 'license' ? installLicense(licenses, key, file) : installEmergency(licenses, key, file)
}

function installLicense(licenses: Licenses, key: LicenseKeyBody, file: KeyInstall): Result {
  const { validity } = licenses
  const have = validity.key
  // What failed its check may be replaced by itself, as the vendor signed it.
  if (have !== undefined && key.serial === have.serial && validity.restriction === '') {
    return refuse('keyReplayed', { kind: 'license', serial: key.serial })
  }
  if (have !== undefined && key.serial < have.serial) {
    return refuse('keyOlder', { have: have.serial, got: key.serial })
  }
  const now = validity.nowMs()
  if (now >= dayStartMs(key.validUntil, key.utcOffsetMinutes) + DAY_MS) {
    return refuse('keyExpired', { validUntil: key.validUntil, nowMs: now })
  }
  const changes = replaceCatalog(licenses, key)
  validity.install(key, file, changes.added, changes.removed)
  return done(licenses, key, changes)
}

function installEmergency(licenses: Licenses, key: EmergencyKeyBody, file: KeyInstall): Result {
  const { validity } = licenses
  if (validity.key === undefined) return refuse('notLicensed', { kind: 'emergency', serial: key.serial })
  const now = validity.nowMs()
  const startMs = dayStartMs(key.day, key.utcOffsetMinutes)
  if (now < startMs || now >= startMs + DAY_MS) return refuse('keyExpired', { day: key.day, nowMs: now })
  const isKnown = validity.keys.some(({ view }) => view.kind === 'emergency' && view.serial === key.serial)
  if (isKnown) return refuse('keyReplayed', { kind: 'emergency', serial: key.serial })
  const days = validity.recentDays(dayNumber(key.day)!)
  if (days.length >= EMERGENCIES_MAX) {
    return refuse('emergencyExceeded', { max: EMERGENCIES_MAX, months: 3, days })
  }
  validity.install(key, file, [], [])
  return done(licenses, key, { added: [], removed: [], changed: [], reducedBelowUse: [] })
}

type Changes = Pick<KeyInstalled, 'added' | 'removed' | 'changed' | 'reducedBelowUse'>

function done(
  licenses: Licenses,
  { kind, serial }: LicenseKeyBody | EmergencyKeyBody,
  changes: Changes,
): Result {
  licenses.core.emitReason('license.key', '', '', 0, '', String(serial), kind)
  licenses.touchAll()
  return { ok: true, value: { kind, serial, ...changes, validity: licenses.validity.state } }
}

function replaceCatalog(licenses: Licenses, key: LicenseKeyBody): Changes {
  const { core } = licenses
  const added: number[] = []
  const removed: number[] = []
  const changed: number[] = []
  const reducedBelowUse: ReducedBelowUse[] = []
  const waiting = leaveQueues(licenses)
  const wanted = new Set<number>()
  for (const spec of key.products) {
    wanted.add(spec.id)
    const before = licenses.catalog.pool(spec.id, 'production')
    if (before?.listed !== true) added.push(spec.id)
    else if (JSON.stringify(before.spec) !== JSON.stringify(spec)) changed.push(spec.id)
    for (const installation of INSTALLATIONS) {
      const pool = licenses.catalog.openPool(spec, installation)
      pool.listed = true
      pool.setSpec(spec)
      core.rows.mark(pool)
    }
  }
  for (const pool of licenses.catalog.poolList) {
    if (wanted.has(pool.product)) continue
    if (pool.listed && pool.installation === 'production') removed.push(pool.product)
    pool.listed = false
    core.rows.mark(pool)
    if (pool.firstSeat !== undefined || pool.connections > 0 || pool.coolDowns.size > 0) continue
    licenses.catalog.pools.delete(pool.id)
    core.rows.remove(pool)
  }
  licenses.catalog.features.clear()
  for (const feature of key.features) licenses.catalog.features.set(feature.id, feature)
  licenses.catalog.arrange()
  for (const pool of licenses.catalog.poolList) {
    licenses.refit(pool)
    if (pool.used <= pool.inForce) continue
    const { product, installation, used } = pool
    reducedBelowUse.push({ product, installation, used, total: pool.listed ? pool.total : 0 })
  }
  joinQueues(licenses, waiting)
  const byNumber = (a: number, b: number): number => a - b
  return {
    added: added.sort(byNumber),
    removed: removed.sort(byNumber),
    changed: changed.sort(byNumber),
    reducedBelowUse,
  }
}

/** Lists of products change under those who wait: they leave, and queue again in their old order. */
function leaveQueues(licenses: Licenses): CheckoutWaiter[] {
  const waiting = new Set<Waiter>()
  for (const { queue } of licenses.catalog.poolList)
    for (const { caller } of queue.places()) waiting.add(caller)
  const waiters = [...waiting].filter((waiter) => waiter instanceof CheckoutWaiter)
  waiters.sort((a, b) => a.order - b.order)
  for (const waiter of waiters) waiter.leave()
  return waiters
}

function joinQueues(licenses: Licenses, waiting: readonly CheckoutWaiter[]): void {
  for (const waiter of waiting) {
    waiter.lookAgain()
    const { feature, product } = waiter.operation
    const products = licenses.catalog.productsOf(feature, product) ?? []
    // Nothing of its list is left to wait for.
    if (waiter.asked.pools.length === 0)
      licenses.waiters.refuse(waiter, deny(licenses, waiter.asked, products))
    else waiter.join()
  }
}
