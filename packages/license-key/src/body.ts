import { checkEmergency, type EmergencyKey } from './emergency.ts'
import { FieldError, memberField } from './field-error.ts'
import { checkLicense, type LicenseKey } from './license.ts'
import type { Check } from './shape.ts'

export type KeyBody = LicenseKey | EmergencyKey

/** Shape and rules of whatever a key file may carry; throws a `FieldError`. */
export const checkBody: Check<KeyBody> = (value, field) => {
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined
  switch (kind) {
    case 'license':
      return checkLicense(value, field)
    case 'emergency':
      return checkEmergency(value, field)
    default:
      throw new FieldError(memberField(field, 'kind'), kind, '"license" or "emergency"')
  }
}
