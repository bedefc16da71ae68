import type { SequenceEnsureAtLeast, SequenceSet } from '../commands.ts'
import type { Session } from '../graph.ts'
import { REASON_LENGTH_MAX } from '../limits.ts'
import { isOwner, OWNER_EXPECTED } from '../names.ts'
import { invalid, type Refusal, type Result, refuse } from '../result.ts'
import { countBetween, isValue } from './digits.ts'
import { nextNew, type Place, type Sequences } from './sequences.ts'

// sequence.ensureAtLeast: `value` is in use elsewhere, so new numbers come after it. The numbers jumped
// over become one gap record. Numbers that came back stay free: they are known to be unused.
// A counter that does not exist yet begins after the value, as with a seed: nothing is jumped over.

export function ensureAtLeast(
  sequences: Sequences,
  session: Session,
  operation: SequenceEnsureAtLeast,
): Result {
  const place = locate(sequences, session, operation)
  if (!place.ok) return place
  const { counter } = place
  if (counter !== undefined && operation.value <= counter.last) {
    return { ok: true, value: { value: counter.last, moved: false } }
  }
  jump(sequences, session, operation, place)
  return { ok: true, value: { value: operation.value, moved: true } }
}

// sequence.set: the administrator's. The same, but a smaller value is refused: it would repeat numbers.

export function setSequence(sequences: Sequences, session: Session, operation: SequenceSet): Result {
  const place = locate(sequences, session, operation)
  if (!place.ok) return place
  const { counter } = place
  const { name, value } = operation
  if (counter !== undefined && value < counter.last) {
    return refuse('backwards', { name, last: counter.last, value })
  }
  if (counter?.last !== value) jump(sequences, session, operation, place)
  return { ok: true, value: { value } }
}

function locate(
  sequences: Sequences,
  session: Session,
  operation: SequenceEnsureAtLeast | SequenceSet,
): Place | Refusal {
  const { owner, value, reason } = operation
  if (!isOwner(owner)) return invalid('owner', owner, OWNER_EXPECTED)
  if (typeof reason !== 'string' || reason.length < 1 || reason.length > REASON_LENGTH_MAX) {
    return refuse('badReason', { length: reason.length, min: 1, max: REASON_LENGTH_MAX })
  }
  const place = sequences.locate(session, operation)
  if (!place.ok) return place
  const { digits, width } = place.spec
  if (!isValue(value, digits, width)) return invalid('value', value, `${width} ${digits} digits`)
  return sequences.checkRoom(place) ?? place
}

function jump(
  sequences: Sequences,
  session: Session,
  { value, owner, reason }: SequenceEnsureAtLeast | SequenceSet,
  place: Place,
): void {
  const { spec } = place
  const from = place.counter === undefined ? undefined : nextNew(place.counter, spec)
  const numbers = from === undefined ? 0n : countBetween(from, value, spec.digits)
  const counter = sequences.moveTo(place, value, session, owner)
  if (from === undefined || numbers === 0n) return
  sequences.recordGap(counter, { from, to: value, kind: 'jump', reason, numbers }, session, owner)
}
