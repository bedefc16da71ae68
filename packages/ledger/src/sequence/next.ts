import type { SequenceNext } from '../commands.ts'
import type { Session } from '../graph.ts'
import { BLOCK_MAX } from '../limits.ts'
import { isOwner, OWNER_EXPECTED } from '../names.ts'
import { invalid, NOTHING, type Refusal, type Result, refuse } from '../result.ts'
import { advance, isValue, successor } from './digits.ts'
import type { Place, Sequences } from './sequences.ts'
import { isWhole } from './spec.ts'

// sequence.next: one number, or a block, of a fast sequence. It never returns.

const LOOKED: Result = { ok: true, value: NOTHING }

export function nextNumbers(
  sequences: Sequences,
  session: Session,
  operation: SequenceNext,
  isLook = false,
): Result {
  const { owner, name, count } = operation
  if (!isOwner(owner)) return invalid('owner', owner, OWNER_EXPECTED)
  if (!isWhole(count, 1, BLOCK_MAX)) return invalid('count', count, `1 to ${BLOCK_MAX}`)
  const place = sequences.locate(session, operation)
  if (!place.ok) return place
  const { spec, period } = place
  if (spec.kind !== 'fast') return refuse('wrongKind', { name, kind: spec.kind, wanted: 'fast' })
  const bad = checkSeed(place, operation.seedIfAbsent) ?? sequences.checkRoom(place)
  if (bad !== undefined) return bad
  const first = firstNew(place, operation.seedIfAbsent)
  const last = count === 1 || first === undefined ? first : advance(first, BigInt(count - 1), spec.digits)
  if (first === undefined || last === undefined) return overflow(name, place, operation.seedIfAbsent)

  if (isLook) return LOOKED
  sequences.moveTo(place, last, session, owner)
  const value = count === 1 ? first : `${first}..${last}`
  sequences.core.emitValue('sequence.issued', session.namespace, name, session.id, owner, value)
  return { ok: true, value: { first, last, count, prefix: spec.prefix, period } }
}

/** Whether the numbers can be issued; none is. `undefined`: they can. */
export function lookAtNext(
  sequences: Sequences,
  session: Session,
  operation: SequenceNext,
): Refusal | undefined {
  const result = nextNumbers(sequences, session, operation, true)
  return result.ok ? undefined : result
}

/** A seed counts only for a counter that does not exist yet. */
export function checkSeed(place: Place, seed: string | undefined): Refusal | undefined {
  if (place.counter !== undefined || seed === undefined) return undefined
  const { digits, width } = place.spec
  return isValue(seed, digits, width) ? undefined : refuse('badSeed', { seed, digits, width })
}

/** The first number not issued yet; undefined after the last. */
export function firstNew(place: Place, seed: string | undefined): string | undefined {
  const before = place.counter?.last ?? seed
  return before === undefined ? place.spec.start : successor(before, place.spec.digits)
}

export function overflow(name: string, place: Place, seed: string | undefined): Refusal {
  return refuse('overflow', { name, last: place.counter?.last ?? seed ?? '', width: place.spec.width })
}
