import type { Core } from '../core.ts'
import type { Owner } from '../graph.ts'
import type { Waiters } from '../wait/waiters.ts'
import type { GrantStatus } from './commands.ts'
import { arm, disarm } from './deadline.ts'
import type { GrantTable } from './grant-table.ts'
import type { Verdict } from './judge.ts'
import { type Asked, Grant, type Pool, type Seat } from './pool.ts'
import type { Seats } from './seats.ts'
import type { Tally } from './tally.ts'
import type { UsageLog } from './usage.ts'

export type EndReason =
  | 'checkin'
  | 'ownerReleased'
  | 'sessionClosed'
  | 'sessionExpired'
  | 'undone'
  | 'idle'
  | 'forced'
  | 'excluded'

export interface Terms {
  readonly lingerMs: number
  readonly idleMs: number
}

/** How owners come to what they hold of the pools, and how it ends. */
export class Grants {
  readonly #core: Core
  readonly #waiters: Waiters
  readonly #seats: Seats
  readonly #tally: Tally
  readonly #usage: UsageLog
  readonly table: GrantTable

  constructor(
    core: Core,
    waiters: Waiters,
    parts: {
      readonly table: GrantTable
      readonly seats: Seats
      readonly tally: Tally
      readonly usage: UsageLog
    },
  ) {
    this.#core = core
    this.#waiters = waiters
    this.table = parts.table
    this.#seats = parts.seats
    this.#tally = parts.tally
    this.#usage = parts.usage
  }

  /** Gives a check-out what a pool said yes to. */
  give(asked: Asked, owner: Owner, pool: Pool, verdict: Verdict, terms: Terms): Grant {
    const usedBefore = pool.used
    const seat = this.#seats.seatFor(asked, pool, verdict)
    const isShared = verdict === 'shared' && (seat.grantCount > 0 || seat.borrows > 0)
    const status = isShared ? 'waived' : 'inUse'
    const grant = this.#newGrant(asked, owner, pool, seat, status, terms)
    this.#granted(grant, pool.used - usedBefore)
    return grant
  }

  /** Asked only. */
  note(asked: Asked, owner: Owner, pool: Pool, terms: Terms): Grant {
    const grant = this.#newGrant(asked, owner, pool, undefined, 'query', terms)
    this.#granted(grant, 0)
    return grant
  }

  /** Units that the owner hands out by itself. */
  lease(asked: Asked, owner: Owner, pool: Pool, seat: Seat): Grant {
    const grant = this.#newGrant(asked, owner, pool, seat, 'inUse', { lingerMs: 0, idleMs: 0 })
    grant.taken = new Set()
    this.#granted(grant, seat.units)
    return grant
  }

  #newGrant(
    asked: Asked,
    owner: Owner,
    pool: Pool,
    seat: Seat | undefined,
    status: GrantStatus,
    { lingerMs, idleMs }: Terms,
  ): Grant {
    const core = this.#core
    const { subject, feature } = asked
    const fields = {
      subject,
      feature,
      status,
      units: asked.unitsOf(pool),
      token: core.nextToken(),
      sinceMs: core.wallMs,
      lingerMs,
      idleMs,
    }
    const grant = new Grant(owner, core.nextOrder(), pool, seat, fields)
    this.link(grant)
    core.rows.mark(grant)
    const wanted = this.idleOf(grant)
    if (wanted > 0) this.armIdle(grant, core.timeMs + wanted)
    if (seat !== undefined) this.#usage.checkedOut(this.#tally.accountOf(seat))
    this.#tally.measure(pool)
    // A second check-out of one consumer that waits shares the unit now.
    if (pool.queue.size > 0 && seat?.key !== undefined) {
      for (const { caller } of pool.queue.sameConsumer(seat.key)) this.#waiters.nominate(caller)
    }
    return grant
  }

  /** Also for restore, in the order of grants. */
  link(grant: Grant): void {
    const { owner } = grant
    grant.seat?.addGrant(grant)
    owner.addHolding(grant)
    owner.session.grantCount += 1
    this.table.add(grant)
    countStatus(grant, 1)
  }

  #granted(grant: Grant, units: number): void {
    const { pool, owner, token, status } = grant
    const { session } = owner
    this.#core.emitLicense(
      'license.granted',
      session.namespace,
      pool.label,
      session.id,
      owner.name,
      token,
      units,
      status,
    )
  }

  /** Ends a grant. A seat that nobody has any more lingers, rests or is freed. */
  end(grant: Grant, reason: EndReason): 'released' | 'shared' | 'resting' | 'lingering' {
    const core = this.#core
    const { pool, owner, seat } = grant
    const { session } = owner
    this.disarmIdle(grant)
    this.table.delete(grant)
    session.grantCount -= 1
    countStatus(grant, -1)
    core.rows.remove(grant)
    const usedBefore = pool.used
    let status: 'released' | 'shared' | 'resting' | 'lingering' = 'released'
    if (seat !== undefined) {
      seat.removeGrant(grant)
      if (seat.grantCount > 0) {
        status = 'shared'
        if (seat.units > 1 && grant.units === seat.units && seat.borrows === 0) this.#seats.shrink(seat)
      } else if (seat.isIdle) {
        const isGone = reason === 'forced' || reason === 'excluded' || reason === 'undone'
        status = isGone ? this.#seats.release(seat) : this.#seats.retire(seat, grant)
      }
    }
    owner.removeHolding(grant)
    this.#tally.measure(pool)
    const kind =
      reason === 'idle' || reason === 'forced' || reason === 'excluded'
        ? 'license.revoked'
        : 'license.released'
    const units = usedBefore - pool.used
    core.emitLicense(kind, session.namespace, pool.label, session.id, owner.name, grant.token, units, reason)
    return status
  }

  /** Takes a grant of this step back, with an assignment that came with it. */
  undo(id: number, orderBefore: number): void {
    const grant = this.table.get(id)!
    const { seat, pool } = grant
    this.end(grant, 'undone')
    if (seat?.assigned !== true || seat.id <= orderBefore) return
    seat.assigned = false
    pool.assigned -= 1
    this.#core.emitValue('license.unassigned', '', pool.label, 0, '', seat.subject.user)
    this.#seats.releaseIdle(seat)
  }

  /** Idle time of a grant: the shortest of what was asked and the rules; 0 = none. */
  idleOf(grant: Grant): number {
    const byRule = grant.pool.rules?.idleMs(grant.subject) ?? 0
    if (byRule === 0 || grant.idleMs === 0) return Math.max(byRule, grant.idleMs)
    return Math.min(byRule, grant.idleMs)
  }

  armIdle(grant: Grant, deadlineMs: number): void {
    this.disarmIdle(grant)
    grant.idle = arm(this.#core, grant.pool, deadlineMs, grant.order, () => this.end(grant, 'idle'))
    this.#core.rows.mark(grant)
  }

  disarmIdle(grant: Grant): void {
    if (grant.idle !== undefined) disarm(this.#core, grant.pool, grant.idle)
    grant.idle = undefined
  }
}

function countStatus({ pool, status }: Grant, by: number): void {
  if (status === 'inUse') pool.inUseCount += by
  else if (status === 'waived') pool.waivedCount += by
  else pool.queryCount += by
}
