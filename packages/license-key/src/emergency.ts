import { type Day, utcOffsetLimits } from './calendar.ts'
import { EMERGENCY_KEYS_MAX, SERIAL_MAX } from './limits.ts'
import { day, id, integer, oneOf, record } from './shape.ts'

/** Opens an installation for the one day on which it was made (domain section 3). */
export interface EmergencyKey {
  readonly format: 1
  readonly kind: 'emergency'
  /** From the same row of serials as the installation's licenses. */
  readonly serial: number
  readonly installationId: string
  readonly day: Day
  readonly utcOffsetMinutes: number
  /** Which one of the quota it is: 1 to 5 within three rolling months. */
  readonly number: number
}

/** Shape of an emergency key; throws a `FieldError`. */
export const checkEmergency = record<EmergencyKey>({
  format: oneOf([1]),
  kind: oneOf(['emergency']),
  serial: integer({ min: 1, max: SERIAL_MAX }),
  installationId: id,
  day,
  utcOffsetMinutes: integer(utcOffsetLimits),
  number: integer({ min: 1, max: EMERGENCY_KEYS_MAX }),
})
