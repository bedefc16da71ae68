import type { KeyBody } from './body.ts'
import { addDays, dayEndMs, dayStartMs } from './calendar.ts'
import { CONTINGENCY_DAYS } from './limits.ts'

/** `contingency`: still valid, within the last 15 days. */
export type ValidityState = 'notYet' | 'valid' | 'contingency' | 'expired'

export interface Validity {
  readonly state: ValidityState
  /** First valid millisecond, epoch ms. */
  readonly startMs: number
  /** First millisecond of contingency; `endMs` for an emergency key, which has none. */
  readonly contingencyMs: number
  /** First millisecond that is no longer valid. */
  readonly endMs: number
}

/**
 * What a key is worth at an instant (epoch ms). Days begin and end in the key's own offset: a key valid
 * until 2026-03-31 at -180 ends with that day, at 2026-04-01T03:00:00.000Z.
 */
export function validityAt(body: KeyBody, wallMs: number): Validity {
  const offset = body.utcOffsetMinutes
  const { first, last } =
    body.kind === 'license'
      ? { first: body.validFrom, last: body.validUntil }
      : { first: body.day, last: body.day }
  const startMs = dayStartMs(first, offset)
  const endMs = dayEndMs(last, offset)
  const contingencyMs =
    body.kind === 'license'
      ? Math.max(startMs, dayStartMs(addDays(last, 1 - CONTINGENCY_DAYS), offset))
      : endMs
  return { state: stateAt({ wallMs, startMs, contingencyMs, endMs }), startMs, contingencyMs, endMs }
}

function stateAt(at: {
  wallMs: number
  startMs: number
  contingencyMs: number
  endMs: number
}): ValidityState {
  if (at.wallMs >= at.endMs) return 'expired'
  if (at.wallMs < at.startMs) return 'notYet'
  return at.wallMs >= at.contingencyMs ? 'contingency' : 'valid'
}
