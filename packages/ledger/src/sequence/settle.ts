import type { SequenceConfirm, SequenceRollback } from '../commands.ts'
import type { Session } from '../graph.ts'
import { type Refusal, type Result, refuse } from '../result.ts'
import type { Counter, Reservation } from './sequence.ts'
import type { Sequences } from './sequences.ts'

// sequence.confirm: the reserved number is used for good.

export function confirmNumber(sequences: Sequences, session: Session, operation: SequenceConfirm): Result {
  const found = find(sequences, session, operation)
  if (!found.ok) return found
  const { reservation } = found
  sequences.endReservation(reservation)
  sequences.core.emitValue(
    'sequence.confirmed',
    session.namespace,
    operation.name,
    session.id,
    operation.owner,
    reservation.value,
  )
  return { ok: true, value: { value: reservation.value } }
}

// sequence.rollback: the reserved number was not used; the next reserve takes it.

export function rollBackNumber(sequences: Sequences, session: Session, operation: SequenceRollback): Result {
  const found = find(sequences, session, operation)
  if (!found.ok) return found
  sequences.giveBack(found.reservation, 'rolledBack')
  return { ok: true, value: { value: found.reservation.value } }
}

type Found = { readonly ok: true; readonly reservation: Reservation }

function find(
  sequences: Sequences,
  session: Session,
  operation: SequenceConfirm | SequenceRollback,
): Found | Refusal {
  const place = sequences.locate(session, operation)
  if (!place.ok) return place
  const { value, name } = operation
  const { kind } = place.spec
  if (kind !== 'gapless') return refuse('wrongKind', { name, kind, wanted: 'gapless' })
  const { counter } = place
  const reservation = counter?.reserved.get(value)
  if (reservation === undefined || !isOf(reservation, session, operation.owner)) {
    // Too late: the number went back when the reservation ended (O18), and may be another's by now.
    const isLost = reservation !== undefined || (counter !== undefined && isReturned(counter, value))
    return refuse(isLost ? 'reservationLost' : 'notReserved', { name, value })
  }
  return { ok: true, reservation }
}

function isOf(reservation: Reservation, session: Session, owner: string): boolean {
  return reservation.owner.session === session && reservation.owner.name === owner
}

function isReturned(counter: Counter, value: string): boolean {
  if (counter.free.has(value)) return true
  return counter.gaps.some(
    ({ record }) => record.kind === 'declared' && record.from <= value && value <= record.to,
  )
}
