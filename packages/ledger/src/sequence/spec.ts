import type { SequenceSpec } from '../commands.ts'
import { PREFIX_LENGTH_MAX, UTC_OFFSET_MINUTES_MAX, WAIT_MS_MAX, WIDTH_MAX } from '../limits.ts'
import { invalid, type Refusal, refuse } from '../result.ts'
import { isValue } from './digits.ts'

/** What decides the form of the numbers: fixed as soon as there are numbers. */
const FIXED = ['kind', 'digits', 'width', 'reset'] as const
const FIELDS = [...FIXED, 'prefix', 'start', 'utcOffsetMinutes', 'reservationTtlMs', 'warnBelow'] as const

export function checkSpec(spec: SequenceSpec): Refusal | undefined {
  const { kind, digits, width, prefix, start, reset, utcOffsetMinutes, reservationTtlMs, warnBelow } = spec
  if (kind !== 'gapless' && kind !== 'fast') return invalid('spec.kind', kind, 'gapless or fast')
  if (digits !== 'decimal' && digits !== 'soma1') return invalid('spec.digits', digits, 'decimal or soma1')
  if (!isWhole(width, 1, WIDTH_MAX)) return invalid('spec.width', width, `1 to ${WIDTH_MAX}`)
  if (typeof prefix !== 'string' || prefix.length > PREFIX_LENGTH_MAX) {
    return invalid('spec.prefix', prefix, `0 to ${PREFIX_LENGTH_MAX} characters`)
  }
  if (!isValue(start, digits, width)) return invalid('spec.start', start, `${width} ${digits} digits`)
  if (reset !== 'never' && reset !== 'year' && reset !== 'month' && reset !== 'day') {
    return invalid('spec.reset', reset, 'never, year, month or day')
  }
  if (!isWhole(utcOffsetMinutes, -UTC_OFFSET_MINUTES_MAX, UTC_OFFSET_MINUTES_MAX)) {
    const expected = `-${UTC_OFFSET_MINUTES_MAX} to ${UTC_OFFSET_MINUTES_MAX}`
    return invalid('spec.utcOffsetMinutes', utcOffsetMinutes, expected)
  }
  if (!isWhole(reservationTtlMs, 0, WAIT_MS_MAX)) {
    return invalid('spec.reservationTtlMs', reservationTtlMs, `0 to ${WAIT_MS_MAX}`)
  }
  if (!isWhole(warnBelow, 0, Number.MAX_SAFE_INTEGER)) {
    return invalid('spec.warnBelow', warnBelow, 'a whole number, 0 = off')
  }
  return undefined
}

/** Refuses another form of numbers than the one in force. */
export function checkSameForm(have: SequenceSpec, want: SequenceSpec): Refusal | undefined {
  const isSame = have.kind === want.kind && have.digits === want.digits && have.width === want.width
  if (isSame && have.reset === want.reset) return undefined
  for (const field of FIXED) {
    if (have[field] !== want[field]) {
      return refuse('definitionDiffers', { field, have: have[field], want: want[field] })
    }
  }
  return undefined
}

export function isSameSpec(a: SequenceSpec, b: SequenceSpec): boolean {
  return FIELDS.every((field) => a[field] === b[field])
}

/** A copy that holds the known fields only. */
export function copySpec(spec: SequenceSpec): SequenceSpec {
  const { kind, digits, width, prefix, start, reset, utcOffsetMinutes, reservationTtlMs, warnBelow } = spec
  return { kind, digits, width, prefix, start, reset, utcOffsetMinutes, reservationTtlMs, warnBelow }
}

export function isWhole(number: number, min: number, max: number): boolean {
  return Number.isSafeInteger(number) && number >= min && number <= max
}
