import {
  CLONES_MAX,
  type Clone,
  checkClone,
  checkCustomer,
  checkLicense,
  checkProductId,
  type Day,
  EMERGENCY_KEYS_MAX,
  type LicenseKey,
  PRODUCTS_MAX,
  QUANTITY_MAX,
  SERIAL_MAX,
  TEXT_BYTES_MAX,
} from '@tranca/license-key'
import { day, id, instant, integer, list, oneOf, optional, record, text } from '@tranca/license-key/shape'
import { HISTORY_LENGTH_MAX, INSTALLATIONS_MAX } from './limits.ts'

/** A license that was issued. */
export interface Issue {
  readonly serial: number
  readonly issuedAt: string
  readonly validFrom: Day
  readonly validUntil: Day
}

/** An emergency key that was issued. */
export interface EmergencyIssue {
  readonly serial: number
  readonly day: Day
  readonly number: number
}

export interface Installation {
  readonly id: string
  readonly contractId: string
  /** The last serial given, of a license or of an emergency key. */
  readonly serial: number
  /** The license issued last. */
  readonly license: LicenseKey
  readonly issues: readonly Issue[]
  readonly emergencies: readonly EmergencyIssue[]
  readonly clones: readonly Clone[]
  /** Its online validations are refused. */
  readonly revoked?: { readonly reason: string; readonly at: string }
}

/** What was contracted, as the last order said. */
export interface Contract {
  readonly id: string
  readonly customer: LicenseKey['customer']
  /** Counted products only. */
  readonly products: readonly { readonly id: number; readonly quantity: number }[]
}

/** The vendor's memory: serials, contracts, the quota of emergency keys, clones. */
export interface Register {
  readonly format: 1
  readonly contracts: readonly Contract[]
  readonly installations: readonly Installation[]
}

export const emptyRegister: Register = { format: 1, contracts: [], installations: [] }

const serial = integer({ min: 1, max: SERIAL_MAX })

/** Shape of a register; throws a `FieldError`. */
export const checkRegister = record<Register>({
  format: oneOf([1]),
  contracts: list(
    record<Contract>({
      id,
      customer: checkCustomer,
      products: list(
        record<Contract['products'][number]>({
          id: checkProductId,
          quantity: integer({ min: 0, max: QUANTITY_MAX }),
        }),
        { max: PRODUCTS_MAX, unique: (product) => product.id, of: 'id' },
      ),
    }),
    { max: INSTALLATIONS_MAX, unique: (contract) => contract.id, of: 'id' },
  ),
  installations: list(
    record<Installation>({
      id,
      contractId: id,
      serial,
      license: checkLicense,
      issues: list(record<Issue>({ serial, issuedAt: instant, validFrom: day, validUntil: day }), {
        max: HISTORY_LENGTH_MAX,
      }),
      emergencies: list(
        record<EmergencyIssue>({ serial, day, number: integer({ min: 1, max: EMERGENCY_KEYS_MAX }) }),
        { max: HISTORY_LENGTH_MAX },
      ),
      clones: list(checkClone, { max: CLONES_MAX, unique: (clone) => clone.serial, of: 'serial' }),
      revoked: optional(
        record<NonNullable<Installation['revoked']>>({
          reason: text({ bytesMax: TEXT_BYTES_MAX }),
          at: instant,
        }),
      ),
    }),
    { max: INSTALLATIONS_MAX, unique: (installation) => installation.id, of: 'id' },
  ),
})

export function findInstallation(register: Register, installationId: string): Installation | undefined {
  return register.installations.find((each) => each.id === installationId)
}

export function withInstallation(register: Register, installation: Installation): Register {
  const installations = replaceById(register.installations, installation)
  return { ...register, installations }
}

export function withContract(register: Register, contract: Contract): Register {
  return { ...register, contracts: replaceById(register.contracts, contract) }
}

/** The installation after a license was issued for it. */
export function withLicense(
  register: Register,
  issued: { readonly contractId: string; readonly license: LicenseKey },
): Register {
  const { contractId, license } = issued
  const before = findInstallation(register, license.installationId)
  const issue: Issue = {
    serial: license.serial,
    issuedAt: license.issuedAt,
    validFrom: license.validFrom,
    validUntil: license.validUntil,
  }
  return withInstallation(register, {
    id: license.installationId,
    contractId,
    serial: license.serial,
    license,
    issues: [...(before?.issues ?? []), issue].slice(-HISTORY_LENGTH_MAX),
    emergencies: before?.emergencies ?? [],
    clones: before?.clones ?? [],
    ...(before?.revoked && { revoked: before.revoked }),
  })
}

function replaceById<Each extends { readonly id: string }>(elements: readonly Each[], element: Each): Each[] {
  const at = elements.findIndex((each) => each.id === element.id)
  return at < 0 ? [...elements, element] : elements.with(at, element)
}
