import type { Core } from '../core.ts'
import { arm, Deadline, disarm } from './deadline.ts'
import type { Verdict } from './judge.ts'
import { type Asked, type Grant, type Pool, Seat } from './pool.ts'
import type { Subject } from './rules.ts'
import type { Tally } from './tally.ts'

/** How seats come, linger, rest and go. */
export class Seats {
  readonly #core: Core
  readonly #tally: Tally

  constructor(core: Core, tally: Tally) {
    this.#core = core
    this.#tally = tally
  }

  /** The consumer's units in a pool that said yes. */
  seatFor(asked: Asked, pool: Pool, verdict: Verdict): Seat {
    const units = asked.unitsOf(pool)
    const key = asked.keyIn(pool)
    const own = key === undefined ? undefined : pool.seats.get(key)
    if (own !== undefined && own.state !== 'resting') {
      this.hold(own)
      if (units > own.units) {
        this.makeRoom(pool, units - own.units)
        this.#tally.resize(own, units)
      }
      return own
    }
    const resting = verdict === 'reused' ? (own ?? pool.firstResting) : undefined
    if (resting !== undefined) {
      this.#wake(resting)
      this.makeRoom(pool, units)
      resting.units = units
      resting.subject = asked.subject
      this.#tally.occupy(resting)
      this.#core.rows.mark(resting)
      return resting
    }
    this.makeRoom(pool, units)
    return this.newSeat(pool, key, asked.subject, units)
  }

  /** A seat that is in use or kept for its consumer from now on does not end by itself. */
  hold(seat: Seat): void {
    if (seat.state === 'lingering') this.#stopLingering(seat)
  }

  newSeat(pool: Pool, key: string | undefined, subject: Subject, units: number): Seat {
    const core = this.#core
    const seat = new Seat(pool, {
      id: core.nextOrder(),
      key,
      subject,
      units,
      unit: pool.lastUnit + 1,
      takenMs: core.timeMs,
      sinceMs: core.wallMs,
      accruedMs: core.timeMs,
    })
    pool.lastUnit += units
    pool.addSeat(seat)
    core.rows.mark(pool)
    core.rows.mark(seat)
    this.#tally.occupy(seat)
    if (pool.spec.nature === 'named') {
      seat.assigned = true
      pool.assigned += 1
      core.emitValue('license.assigned', '', pool.label, 0, '', subject.user)
    }
    return seat
  }

  /** Resting units give way until `need` more fit. */
  makeRoom(pool: Pool, need: number): void {
    while (pool.used + pool.resting + need > pool.inForce && pool.firstResting !== undefined) {
      this.#free(pool.firstResting)
    }
  }

  /** The seat's last grant went. */
  retire(seat: Seat, { lingerMs: asked, subject }: Grant): 'released' | 'resting' | 'lingering' {
    const core = this.#core
    const { pool } = seat
    const lingerMs =
      seat.key === undefined || seat.isLease ? 0 : Math.max(asked, pool.rules?.lingerMs(subject) ?? 0)
    if (lingerMs > 0) {
      seat.state = 'lingering'
      pool.lingering += seat.units
      this.armLinger(seat, core.timeMs + lingerMs)
      core.rows.mark(seat)
      return 'lingering'
    }
    const { reuseMs, reuseFrom } = pool.spec
    const untilMs = (reuseFrom === 'acquire' ? seat.takenMs : core.timeMs) + reuseMs
    const mayRest = reuseMs > 0 && untilMs > core.timeMs && !seat.isLease && pool.hasUnits
    if (!mayRest || pool.used + pool.resting > pool.inForce) return this.release(seat)
    this.#tally.vacate(seat)
    seat.state = 'resting'
    seat.restOrder = core.nextOrder()
    pool.addResting(seat)
    this.armRest(seat, untilMs)
    core.rows.mark(seat)
    return 'resting'
  }

  /** A seat in use gives its units back at once. */
  release(seat: Seat): 'released' {
    this.#tally.vacate(seat)
    this.#free(seat)
    return 'released'
  }

  /** For those whose seat was kept without a grant: unassigned, returned. */
  releaseIdle(seat: Seat): void {
    if (!seat.isIdle) return
    this.release(seat)
    this.#tally.measure(seat.pool)
  }

  /** The largest of those who still share it counts. */
  shrink(seat: Seat): void {
    let most = 1
    for (let grant = seat.firstGrant; grant !== undefined; grant = grant.nextOfSeat) {
      if (grant.units > most) most = grant.units
    }
    if (most < seat.units) this.#tally.resize(seat, most)
  }

  armLinger(seat: Seat, deadlineMs: number): void {
    seat.deadline = arm(this.#core, seat.pool, deadlineMs, seat.id, () => this.#lingerOver(seat))
  }

  /** Not in the pool's list: a resting unit is free for who needs it. */
  armRest(seat: Seat, deadlineMs: number): void {
    seat.deadline = new Deadline(deadlineMs, seat.id, () => this.#free(seat))
    this.#core.timers.set(seat.deadline)
  }

  #lingerOver(seat: Seat): void {
    const { pool } = seat
    this.#stopLingering(seat)
    const { units } = seat
    this.release(seat)
    this.#tally.measure(pool)
    this.#core.emitLicense('license.released', '', pool.label, 0, '', 0, units, 'lingerOver')
  }

  #stopLingering(seat: Seat): void {
    seat.state = 'held'
    seat.pool.lingering -= seat.units
    this.#disarm(seat)
    this.#core.rows.mark(seat)
  }

  #wake(seat: Seat): void {
    seat.pool.removeResting(seat)
    seat.state = 'held'
    seat.restOrder = 0
    this.#disarm(seat)
  }

  /** A seat that counts no more vanishes. */
  #free(seat: Seat): void {
    const { pool } = seat
    if (seat.state === 'resting') this.#wake(seat)
    else if (seat.deadline !== undefined) this.#disarm(seat)
    pool.removeSeat(seat)
    this.#core.rows.remove(seat)
  }

  #disarm(seat: Seat): void {
    if (seat.deadline !== undefined) disarm(this.#core, seat.pool, seat.deadline)
    seat.deadline = undefined
  }
}
