import type { SequenceGap } from '../commands.ts'
import type { Session } from '../graph.ts'
import { REASON_LENGTH_MAX, REASON_LENGTH_MIN } from '../limits.ts'
import { isOwner, OWNER_EXPECTED } from '../names.ts'
import { invalid, type Result, refuse } from '../result.ts'
import { countBetween, isValue } from './digits.ts'
import type { Sequences } from './sequences.ts'

// sequence.gap: free numbers that will not be issued again, because their gap is declared (the Brazilian
// inutilização: a range, with a reason of 15 to 255 characters).

export function declareGap(sequences: Sequences, session: Session, operation: SequenceGap): Result {
  const { owner, name, from, to, reason } = operation
  if (!isOwner(owner)) return invalid('owner', owner, OWNER_EXPECTED)
  if (typeof reason !== 'string' || reason.length < REASON_LENGTH_MIN || reason.length > REASON_LENGTH_MAX) {
    return refuse('badReason', { length: reason.length, min: REASON_LENGTH_MIN, max: REASON_LENGTH_MAX })
  }
  const place = sequences.locate(session, operation)
  if (!place.ok) return place
  const { counter, spec } = place
  const { kind, digits, width } = spec
  if (kind !== 'gapless') return refuse('wrongKind', { name, kind, wanted: 'gapless' })
  const expected = `${width} ${digits} digits`
  if (!isValue(from, digits, width)) return invalid('from', from, expected)
  if (!isValue(to, digits, width)) return invalid('to', to, expected)
  if (to < from) return invalid('to', to, `${from} or above`)
  if (counter === undefined || !counter.free.hasAll(from, to)) return refuse('notFree', { name, from, to })
  const numbers = countBetween(from, to, digits)
  counter.free.remove(from, to)
  const count = sequences.recordGap(counter, { from, to, kind: 'declared', reason, numbers }, session, owner)
  return { ok: true, value: { count } }
}
