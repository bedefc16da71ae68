import { addMonths, type Day, dayOf, EMERGENCY_KEYS_MAX, type EmergencyKey } from '@tranca/license-key'
import { EMERGENCY_WINDOW_MONTHS, HISTORY_LENGTH_MAX } from './limits.ts'
import { type Refusal, refuse, unknownInstallation } from './refusal.ts'
import { findInstallation, type Register, withInstallation } from './register.ts'

export interface EmergencyQuota {
  /** Keys that count today. */
  readonly used: number
  readonly left: number
  /** With none left: the first day on which there is one again. */
  readonly nextDay?: Day
}

/**
 * A key counts until the same date three months on, or the last of that month if it is shorter: one of
 * November 30 no longer counts on February 28. A key of a later day counts too: clocks go back.
 */
export function emergencyQuota(days: readonly Day[], today: Day): EmergencyQuota {
  const ends = days
    .map((day) => addMonths(day, EMERGENCY_WINDOW_MONTHS))
    .filter((end) => today < end)
    .sort()
  const left = Math.max(0, EMERGENCY_KEYS_MAX - ends.length)
  const nextDay = left === 0 ? ends.at(-EMERGENCY_KEYS_MAX) : undefined
  return { used: ends.length, left, ...(nextDay === undefined ? {} : { nextDay }) }
}

export interface EmergencyRequest {
  readonly register: Register
  readonly installationId: string
  readonly nowMs: number
}

export interface EmergencyIssued {
  readonly ok: true
  readonly register: Register
  readonly body: EmergencyKey
  /** Today's key had been issued before: it is the same again, and costs nothing. */
  readonly repeated: boolean
  readonly quota: EmergencyQuota
}

/** An emergency key for today, in the installation's own offset. */
export function issueEmergency(request: EmergencyRequest): EmergencyIssued | Refusal {
  const { register, installationId, nowMs } = request
  const found = findInstallation(register, installationId)
  if (found === undefined) return unknownInstallation(installationId)
  const { utcOffsetMinutes } = found.license
  const today = dayOf(nowMs, utcOffsetMinutes)
  const days = found.emergencies.map((each) => each.day)
  const before = emergencyQuota(days, today)
  const todays = found.emergencies.find((each) => each.day === today)
  if (todays !== undefined) {
    const body = bodyOf(installationId, utcOffsetMinutes, todays)
    return { ok: true, register, body, repeated: true, quota: before }
  }
  if (before.left === 0) {
    return refuse('quotaExceeded', {
      field: 'emergency keys',
      value: `${before.used} within ${EMERGENCY_WINDOW_MONTHS} months`,
      expected: `fewer than ${EMERGENCY_KEYS_MAX}; the next from ${before.nextDay}`,
    })
  }
  const serial = found.serial + 1
  const issued = { serial, day: today, number: before.used + 1 }
  const emergencies = [...found.emergencies, issued].slice(-HISTORY_LENGTH_MAX)
  return {
    ok: true,
    register: withInstallation(register, { ...found, serial, emergencies }),
    body: bodyOf(installationId, utcOffsetMinutes, issued),
    repeated: false,
    quota: emergencyQuota([...days, today], today),
  }
}

function bodyOf(
  installationId: string,
  utcOffsetMinutes: number,
  issued: { readonly serial: number; readonly day: Day; readonly number: number },
): EmergencyKey {
  return { format: 1, kind: 'emergency', installationId, utcOffsetMinutes, ...issued }
}
