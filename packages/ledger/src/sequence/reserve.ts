import type { SequenceReserve } from '../commands.ts'
import type { Session } from '../graph.ts'
import { WAIT_MS_MAX } from '../limits.ts'
import { isOwner, OWNER_EXPECTED } from '../names.ts'
import { invalid, type Refusal, type Result, refuse } from '../result.ts'
import { checkSeed, firstNew, overflow } from './next.ts'
import { Reservation } from './sequence.ts'
import type { Place, Sequences } from './sequences.ts'
import { isWhole } from './spec.ts'

// sequence.reserve: the smallest number that came back, else a new one. It is the owner's until it is
// confirmed, rolled back, its TTL ends (O18), or the owner does.

export function reserveNumber(sequences: Sequences, session: Session, operation: SequenceReserve): Result {
  const place = look(sequences, session, operation)
  if (!place.ok) return place
  const { owner: ownerName, name, seedIfAbsent } = operation
  const { spec, period } = place
  const { core } = sequences
  let counter = place.counter
  let value = counter?.free.takeFirst()
  const reissued = value !== undefined
  if (counter === undefined || value === undefined) {
    value = firstNew(place, seedIfAbsent)!
    counter = sequences.moveTo(place, value, session, ownerName)
  }
  const ttlMs = operation.ttlMs ?? spec.reservationTtlMs
  const deadlineMs = ttlMs === 0 ? -1 : core.timeMs + ttlMs
  const owner = session.owner(ownerName)
  const reservation = new Reservation(owner, core.nextOrder(), counter, value, deadlineMs)
  sequences.addReservation(reservation)
  core.rows.mark(reservation)
  core.emitValue('sequence.issued', session.namespace, name, session.id, ownerName, value)
  const { prefix } = spec
  return ttlMs === 0
    ? { ok: true, value: { value, prefix, period, reissued } }
    : { ok: true, value: { value, prefix, period, expiresInMs: ttlMs, reissued } }
}

/** Whether a number can be reserved; the sequence stays as it is. `undefined`: it can. */
export function lookAtReservation(
  sequences: Sequences,
  session: Session,
  operation: SequenceReserve,
): Refusal | undefined {
  const place = look(sequences, session, operation)
  return place.ok ? undefined : place
}

function look(sequences: Sequences, session: Session, operation: SequenceReserve): Place | Refusal {
  const { owner, name, seedIfAbsent } = operation
  if (!isOwner(owner)) return invalid('owner', owner, OWNER_EXPECTED)
  if (operation.ttlMs !== undefined && !isWhole(operation.ttlMs, 0, WAIT_MS_MAX)) {
    return invalid('ttlMs', operation.ttlMs, `0 to ${WAIT_MS_MAX}`)
  }
  const place = sequences.locate(session, operation)
  if (!place.ok) return place
  const { spec, counter } = place
  if (spec.kind !== 'gapless') return refuse('wrongKind', { name, kind: spec.kind, wanted: 'gapless' })
  const bad = checkSeed(place, seedIfAbsent) ?? sequences.checkRoom(place)
  if (bad !== undefined) return bad
  const isEmpty = counter === undefined || counter.free.size === 0
  if (isEmpty && firstNew(place, seedIfAbsent) === undefined) return overflow(name, place, seedIfAbsent)
  return place
}
