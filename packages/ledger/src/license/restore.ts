import { strict as assert } from 'node:assert'
import type { Owner } from '../graph.ts'
import type { RowEntry } from '../rows.ts'
import { lend } from './borrow.ts'
import { Borrow } from './borrowed.ts'
import { parseKeyBody } from './key-body.ts'
import type { Licenses } from './licenses.ts'
import type { PeakValue } from './peak-meter.ts'
import { CoolDown, Grant, type GrantRow, type Pool, type PoolRow, Seat, type SeatRow } from './pool.ts'
import type { KeyView } from './reads.ts'
import { KeyRecord, type StoredKey } from './validity.ts'

// Rows of licenses: keys `i`, validity and overall peaks `v`, rules `u`, pools `p`, seats `t`, cool-downs
// `o`, grants `d`, borrowed units `b`, usage `h`, denials `e`.

export const LICENSE_KINDS = ['i', 'v', 'u', 'p', 't', 'o', 'd', 'b', 'h', 'e'] as const
export type LicenseKind = (typeof LICENSE_KINDS)[number]

/** Restores all but the grants' places with their owners, which the caller links in the order of holdings. */
export function restoreLicenses(
  licenses: Licenses,
  /** Those with numbers as keys in the order of these. */
  rowsOf: (kind: LicenseKind) => Iterable<RowEntry>,
  ownerOf: (session: number, name: string) => Owner,
): Grant[] {
  const { validity, usage, denials, catalog, book } = licenses
  const { overall } = licenses.tally
  for (const { key, value } of rowsOf('i')) {
    const { body, signature, keyId, ...view } = value as KeyView & StoredKey
    const parsed = parseKeyBody(body)
    assert(parsed.ok, `the installed key ${view.serial} can be read`)
    validity.restoreKey(new KeyRecord(Number(key), view, { body, signature, keyId }), parsed.key)
  }
  for (const { key, value } of rowsOf('v')) {
    if (key === 'validity') {
      validity.restore(value)
      continue
    }
    const peaks = value as PeakValue & { readonly sessions: number; readonly sessionsMs: number }
    overall.meter.restore(peaks)
    overall.sessions = peaks.sessions
    overall.sessionsMs = peaks.sessionsMs
    overall.stored = true
  }
  for (const { value } of rowsOf('u')) book.restore(value)
  // The key is the one source of what it lists: a pool's row cannot make more of it.
  const listed = new Map(validity.key?.products.map((spec) => [spec.id, spec]))
  for (const { value } of rowsOf('p')) {
    const row = value as PoolRow
    const spec = listed.get(row.spec.id)
    const pool = catalog.openPool(spec ?? row.spec, row.installation)
    pool.listed = spec !== undefined
    pool.lastUnit = row.lastUnit
    pool.metric = row.metric
    pool.peaks.restore(row.peaks)
    pool.stored = true
  }
  for (const feature of validity.key?.features ?? []) catalog.features.set(feature.id, feature)
  catalog.arrange()
  for (const pool of catalog.poolList) licenses.refit(pool)
  const seats = restoreSeats(licenses, rowsOf('t'))
  for (const { key, value } of rowsOf('o')) {
    const at = key.indexOf('\0')
    const { order, deadlineMs } = value as { readonly order: number; readonly deadlineMs: number }
    const coolDown = new CoolDown(poolOf(licenses, key.slice(0, at)), key.slice(at + 1), order, deadlineMs)
    coolDown.stored = true
    licenses.armCoolDown(coolDown)
  }
  for (const { value } of rowsOf('b')) {
    const row = value as ReturnType<Borrow['rowValue']>
    const seat = seats.get(row.seat)
    assert(seat !== undefined, `there is no seat ${row.seat}`)
    const borrow = new Borrow(seat, row.order, row)
    borrow.stored = true
    lend(licenses, borrow)
  }
  for (const { key, value } of rowsOf('h')) usage.restore(key, value)
  for (const { value } of rowsOf('e')) denials.restore(value)
  const grants: Grant[] = []
  for (const { key, value } of rowsOf('d')) {
    grants.push(restoreGrant(licenses, Number(key), value as GrantRow, seats, ownerOf))
  }
  return grants
}

/** After the grants are linked: what is counted from them. */
export function countRestored(licenses: Licenses): void {
  for (const pool of licenses.catalog.poolList) {
    pool.ceiling = Math.max(pool.inForce, pool.used)
    pool.peaks.nowUnits = pool.consumption
    pool.peaks.nowConnections = pool.connections
  }
  const { overall, units } = licenses.tally
  overall.meter.nowUnits = units
  overall.meter.nowConnections = licenses.grants.table.size
}

function restoreSeats(licenses: Licenses, rows: Iterable<RowEntry>): Map<number, Seat> {
  const seats = new Map<number, Seat>()
  const resting: { readonly seat: Seat; readonly deadlineMs: number }[] = []
  for (const { key, value } of rows) {
    const row = value as SeatRow
    const pool = poolOf(licenses, row.pool)
    const { user, group, company, host, units, unit, takenMs, sinceMs, accruedMs } = row
    const subject = { user, group, company, host }
    const seat = new Seat(pool, {
      id: Number(key),
      key: row.key,
      subject,
      units,
      unit,
      takenMs,
      sinceMs,
      accruedMs,
    })
    seat.state = row.state
    seat.assigned = row.assigned
    seat.isLease = row.lease
    seat.restOrder = row.restOrder
    seat.stored = true
    seats.set(seat.id, seat)
    pool.addSeat(seat)
    if (seat.assigned) pool.assigned += 1
    if (seat.state === 'resting') {
      resting.push({ seat, deadlineMs: row.deadlineMs })
      continue
    }
    licenses.tally.count(seat, seat.units)
    if (seat.state !== 'lingering') continue
    pool.lingering += seat.units
    licenses.seats.armLinger(seat, row.deadlineMs)
  }
  resting.sort((a, b) => a.seat.restOrder - b.seat.restOrder)
  for (const { seat, deadlineMs } of resting) {
    seat.pool.addResting(seat)
    licenses.seats.armRest(seat, deadlineMs)
  }
  return seats
}

function restoreGrant(
  licenses: Licenses,
  order: number,
  row: GrantRow,
  seats: ReadonlyMap<number, Seat>,
  ownerOf: (session: number, name: string) => Owner,
): Grant {
  const { user, group, company, host, feature, status, units, token, sinceMs, lingerMs, idleMs } = row
  const subject = { user, group, company, host }
  const fields = { subject, feature, status, units, token, sinceMs, lingerMs, idleMs }
  const pool = poolOf(licenses, row.pool)
  const grant = new Grant(ownerOf(row.session, row.owner), order, pool, seats.get(row.seat), fields)
  if (row.taken !== undefined) grant.taken = new Set(row.taken)
  if (row.idleAtMs >= 0) licenses.grants.armIdle(grant, row.idleAtMs)
  grant.stored = true
  return grant
}

function poolOf(licenses: Licenses, id: string): Pool {
  const pool = licenses.catalog.pools.get(id)
  assert(pool !== undefined, `there is no pool ${id}`)
  return pool
}
