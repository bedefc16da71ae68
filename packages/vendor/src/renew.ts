import { addDays, addMonths, checkLicense, type Day, dayOf, type LicenseKey } from '@tranca/license-key'
import { exceedsContract } from './contract.ts'
import { clonesFor, type Issued } from './issue.ts'
import { MONTHS_DEFAULT } from './limits.ts'
import { type Refusal, refuse, unknownInstallation } from './refusal.ts'
import { findInstallation, type Register, withLicense } from './register.ts'

export interface RenewRequest {
  readonly register: Register
  readonly installationId: string
  /** The last valid day, or months after the license in force; default: 4 months. */
  readonly validUntil?: Day
  readonly months?: number
  readonly nowMs: number
}

/**
 * The installation's last license for a further period, with a larger serial. It is valid from today, so
 * that it can be installed at once, and no day of the license in force is lost.
 */
export function renew(request: RenewRequest): Issued | Refusal {
  const { register, installationId, nowMs } = request
  const found = findInstallation(register, installationId)
  if (found === undefined) return unknownInstallation(installationId)
  const { clones: _before, ...last } = found.license
  const today = dayOf(nowMs, last.utcOffsetMinutes)
  const uncovered = addDays(last.validUntil, 1)
  const start = uncovered > today ? uncovered : today
  const validUntil = request.validUntil ?? addDays(addMonths(start, request.months ?? MONTHS_DEFAULT), -1)
  if (validUntil < start) {
    return refuse('periodPast', {
      field: 'validUntil',
      value: validUntil,
      expected: `${start} or later: until then the license in force is valid, or it is past`,
    })
  }
  const license: LicenseKey = checkLicense(
    {
      ...last,
      serial: found.serial + 1,
      issuedAt: new Date(nowMs).toISOString(),
      validFrom: last.validFrom > today ? last.validFrom : today,
      validUntil,
      ...clonesFor(found.clones),
    },
    '',
  )
  const contract = register.contracts.find((each) => each.id === found.contractId)
  const exceeded = contract && exceedsContract(register, contract, [license], today)
  if (exceeded !== undefined) return exceeded
  const { contractId } = found
  return { ok: true, register: withLicense(register, { contractId, license }), licenses: [license] }
}
