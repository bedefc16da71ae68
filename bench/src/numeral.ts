import { strict as assert } from 'node:assert'
import { limits } from './limits.ts'
import type { SequenceSpec } from './record/operation.ts'

/**
 * Values of a sequence as ranks, 0 for all zeros, and back: written apart from the ledger's successor function,
 * as a second opinion. Order of Soma1 (domain section 5): while all are digits, decimal; after the last of
 * those, base 36 over 0-9A-Z. So the rank of a value with a letter is the count of all-digit values, plus how
 * far it is beyond 99...9 in base 36, less one.
 */
export type NumeralSpec = Pick<SequenceSpec, 'digits' | 'width'>

export function rankOf(value: string, spec: NumeralSpec): number {
  assert(spec.width <= limits.widthMax, `width ${spec.width}: at most ${limits.widthMax} can be counted`)
  assert(value.length === spec.width, `value ${JSON.stringify(value)}: expected ${spec.width} characters`)
  if (/^[0-9]+$/.test(value)) return Number(value)
  assert(
    spec.digits === 'soma1' && /^[0-9A-Z]+$/.test(value),
    `value ${JSON.stringify(value)}: not ${spec.digits}`,
  )
  const beyond = Number.parseInt(value, 36) - Number.parseInt('9'.repeat(spec.width), 36)
  assert(beyond > 0, `value ${JSON.stringify(value)}: not on the way that starts at zero`)
  return 10 ** spec.width + beyond - 1
}

export function valueAt(rank: number, spec: NumeralSpec): string {
  assert(spec.width <= limits.widthMax, `width ${spec.width}: at most ${limits.widthMax} can be counted`)
  const decimals = 10 ** spec.width
  if (rank < decimals) return String(rank).padStart(spec.width, '0')
  assert(spec.digits === 'soma1', `rank ${rank}: beyond width ${spec.width}`)
  const text = (Number.parseInt('9'.repeat(spec.width), 36) + rank - decimals + 1).toString(36).toUpperCase()
  assert(text.length === spec.width, `rank ${rank}: beyond width ${spec.width}`)
  return text
}
