import { strict as assert } from 'node:assert'
import type { Scope, SequenceSpec } from '../commands.ts'
import type { Core } from '../core.ts'
import type { Owner, Session } from '../graph.ts'
import { isName, nameKey, nameOf } from '../names.ts'
import type { GapRecord } from '../reads.ts'
import { invalid, type Refusal, refuse } from '../result.ts'
import { successor } from './digits.ts'
import { periodOf } from './period.ts'
import { Counter, Gap, Reservation, type ReservationRow, Sequence } from './sequence.ts'
import { checkSameForm, checkSpec } from './spec.ts'

/** Where an operation counts. `sequence` and `counter` are absent until something is issued. */
export interface Place {
  readonly ok: true
  readonly sequence: Sequence | undefined
  readonly sequenceKey: string
  readonly spec: SequenceSpec
  readonly counter: Counter | undefined
  readonly scopeKey: string
  readonly period: string
}

interface Asked {
  readonly name: string
  readonly scope: Scope
  readonly spec?: SequenceSpec
}

/** All sequences, and the few ways in which one changes. The operations are in files of their own. */
export class Sequences {
  readonly core: Core
  readonly table = new Map<string, Sequence>()
  /** By their own key, for restore and lists. */
  readonly counters = new Map<string, Counter>()

  constructor(core: Core) {
    this.core = core
  }

  /** Finds sequence and counter; with a spec, a missing sequence is not an error. Changes nothing. */
  locate(session: Session, { name, scope, spec }: Asked): Place | Refusal {
    if (!isPart(name) || !isName(name)) return invalid('name', name, 'a name without NUL')
    if (!isPart(scope.company)) return invalid('scope.company', scope.company, 'a string without NUL')
    if (!isPart(scope.branch)) return invalid('scope.branch', scope.branch, 'a string without NUL')
    const { period: given } = scope
    if (given !== undefined && !isPart(given)) return invalid('scope.period', given, 'a string without NUL')
    const sequenceKey = nameKey(session.namespace, name)
    const sequence = this.table.get(sequenceKey)
    if (spec !== undefined) {
      const bad = sequence === undefined ? checkSpec(spec) : checkSameForm(sequence.spec, spec)
      if (bad !== undefined) return bad
    }
    const inForce = sequence?.spec ?? spec
    if (inForce === undefined) return refuse('unknownSequence', { name })
    const period = this.period(inForce, given)
    const scopeKey = `${scope.company}\0${scope.branch}\0${period}`
    const counter = sequence?.counters.get(scopeKey)
    return { ok: true, sequence, sequenceKey, spec: inForce, counter, scopeKey, period }
  }

  period(spec: SequenceSpec, given: string | undefined): string {
    if (given !== undefined && given !== '') return given
    return periodOf(this.core.wallMs, spec.utcOffsetMinutes, spec.reset)
  }

  /** Whether a new sequence and counter still fit. */
  checkRoom(place: Place): Refusal | undefined {
    const { namesMax } = this.core.limits
    if (place.counter === undefined && this.counters.size >= namesMax) {
      return refuse('namesExceeded', { max: namesMax })
    }
    return undefined
  }

  define(key: string, spec: SequenceSpec): Sequence {
    const sequence = new Sequence(key, spec)
    this.table.set(key, sequence)
    this.core.rows.mark(sequence)
    return sequence
  }

  /** Moves the counter, made if absent, to `value`, and warns when it comes near its end. */
  moveTo(place: Place, value: string, session: Session, owner: string): Counter {
    const sequence = place.sequence ?? this.define(place.sequenceKey, place.spec)
    let { counter } = place
    const before = counter?.last ?? ''
    if (counter === undefined) {
      counter = new Counter(this.core, sequence, place.scopeKey, value)
      sequence.counters.set(place.scopeKey, counter)
      this.counters.set(counter.key, counter)
    }
    counter.last = value
    this.core.rows.mark(counter)
    const { lowAfter } = sequence
    if (lowAfter !== '' && value > lowAfter && before <= lowAfter) {
      this.core.emitValue('sequence.low', session.namespace, nameOf(sequence.key), session.id, owner, value)
    }
    return counter
  }

  addReservation(reservation: Reservation): void {
    const { counter, owner } = reservation
    counter.reserved.set(reservation.value, reservation)
    owner.addHolding(reservation)
    owner.session.reservationCount += 1
    if (reservation.deadlineMs >= 0) this.core.timers.set(reservation)
  }

  /** The reservation ends; what becomes of its number is the caller's to say. */
  endReservation(reservation: Reservation): void {
    const { counter, owner } = reservation
    this.core.timers.clear(reservation)
    this.core.rows.remove(reservation)
    counter.reserved.delete(reservation.value)
    owner.session.reservationCount -= 1
    owner.removeHolding(reservation)
  }

  /** The number of a reservation becomes free again. */
  giveBack(reservation: Reservation, reason: string): void {
    const { counter, owner, value } = reservation
    this.endReservation(reservation)
    counter.free.add(value)
    this.core.emitReason(
      'sequence.returned',
      owner.session.namespace,
      nameOf(counter.sequence.key),
      owner.session.id,
      owner.name,
      value,
      reason,
    )
  }

  /** Enters numbers that will never be issued into the gap ledger. */
  recordGap(
    counter: Counter,
    gap: Pick<GapRecord, 'from' | 'to' | 'kind' | 'reason'> & { readonly numbers: bigint },
    session: Session,
    owner: string,
  ): number {
    const { from, to, kind, reason, numbers } = gap
    const count = cap(numbers)
    const [company, branch, period] = counter.scopeKey.split('\0') as [string, string, string]
    const name = nameOf(counter.sequence.key)
    const entry = new Gap(counter.key, this.core.nextOrder(), {
      name,
      scope: { company, branch, period },
      from,
      to,
      count,
      kind,
      reason,
      session: session.id,
      client: session.client,
      owner,
      wallMs: this.core.wallMs,
    })
    counter.gaps.push(entry)
    this.core.rows.mark(entry)
    const value = from === to ? from : `${from}..${to}`
    this.core.emitReason('sequence.gap', session.namespace, name, session.id, owner, value, reason)
    return count
  }

  // Restore: definitions first, then counters, then what hangs on them.

  restoreSequence(key: string, value: unknown): void {
    const sequence = new Sequence(key, value as SequenceSpec)
    sequence.stored = true
    this.table.set(key, sequence)
  }

  restoreCounter(key: string, value: unknown): void {
    const [namespace, name, company, branch, period] = key.split('\0') as [
      string,
      string,
      string,
      string,
      string,
    ]
    const sequence = this.table.get(nameKey(namespace, name))
    assert(sequence !== undefined, `there is no sequence ${name}`)
    const { last } = value as { readonly last: string }
    const counter = new Counter(this.core, sequence, `${company}\0${branch}\0${period}`, last)
    counter.stored = true
    sequence.counters.set(counter.scopeKey, counter)
    this.counters.set(key, counter)
  }

  restoreFree(key: string, value: unknown): void {
    const [counterKey, id] = splitLast(key)
    this.#counter(counterKey).free.restore(id, value)
  }

  restoreGap(key: string, value: unknown): void {
    const [counterKey, id] = splitLast(key)
    const gap = new Gap(counterKey, id, value as GapRecord)
    gap.stored = true
    const { gaps } = this.#counter(counterKey)
    const after = gaps.findIndex((other) => other.id > id)
    gaps.splice(after < 0 ? gaps.length : after, 0, gap)
  }

  #counter(key: string): Counter {
    const counter = this.counters.get(key)
    assert(counter !== undefined, `there is no counter ${JSON.stringify(key)}`)
    return counter
  }

  /** The caller adds it, in the order of all holdings. */
  restoreReservation(
    order: number,
    value: unknown,
    owner: (session: number, name: string) => Owner,
  ): Reservation {
    const row = value as ReservationRow
    const counter = this.#counter(row.counter)
    const holder = owner(row.session, row.owner)
    const reservation = new Reservation(holder, order, counter, row.value, row.deadlineMs)
    reservation.stored = true
    return reservation
  }
}

/** What the sequence would issue as a new number; undefined after the last value. */
export function nextNew(counter: Counter | undefined, spec: SequenceSpec): string | undefined {
  return counter === undefined ? spec.start : successor(counter.last, spec.digits)
}

/** Counts are told exactly up to 2^53 - 1. */
export function cap(count: bigint): number {
  const max = BigInt(Number.MAX_SAFE_INTEGER)
  return Number(count < max ? count : max)
}

function isPart(part: string): boolean {
  return typeof part === 'string' && part.length <= 512 && !part.includes('\0')
}

function splitLast(key: string): [string, number] {
  const at = key.lastIndexOf('\0')
  return [key.slice(0, at), Number(key.slice(at + 1))]
}
