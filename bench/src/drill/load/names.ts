import type { SequenceSpec } from '../../record/operation.ts'

/** Where the clients of a drill work, and on what. */
export const NAMESPACE = 'drill'
export const FAST = 'fast'
export const GAPLESS = 'gapless'
export const SCOPE = { company: '', branch: '' } as const

const spec = {
  digits: 'decimal',
  width: 10,
  prefix: '',
  start: '0000000001',
  reset: 'never',
  utcOffsetMinutes: 0,
  reservationTtlMs: 0,
  warnBelow: 0,
} as const

export const specs: Readonly<Record<typeof FAST | typeof GAPLESS, SequenceSpec>> = {
  [FAST]: { kind: 'fast', ...spec },
  [GAPLESS]: { kind: 'gapless', ...spec },
}

export function lockName(number: number): string {
  return `job-${number}`
}
