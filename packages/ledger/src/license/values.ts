import type { GrantStatus } from './commands.ts'
import type { ValidityState } from './reads.ts'

/** What each license operation answers when it succeeds. */
export type LicenseValues = {
  'license.checkout': {
    readonly grant: number
    readonly product: number
    readonly status: GrantStatus
    /** Units that count for this consumer now; 0 for a query and for natures without units. */
    readonly units: number
    /** Running number of the unit in its pool (L1, L2, ...); a reused or shared one keeps its number; 0 for a query. */
    readonly unit: number
    readonly token: number
  }
  'license.checkin': { readonly status: 'released' | 'shared' | 'resting' | 'lingering' }
  'license.renew': Record<never, never>
  'license.metric': { readonly value: number; readonly limit: number; readonly exceeded: boolean }
  'license.pool': { readonly grant: number; readonly units: number; readonly token: number }
  'license.poolTake': { readonly grant: number; readonly taken: number; readonly units: number }
  'license.poolGive': { readonly grant: number; readonly taken: number; readonly units: number }
  'license.assign': { readonly assigned: number; readonly total: number }
  'license.unassign': { readonly assigned: number; readonly total: number }
  /** How many grants ended. */
  'license.forceRelease': { readonly ended: number }
  'license.borrow': { readonly grant: number; readonly borrow: string }
  'license.returnBorrowed': { readonly product: number; readonly user: string }
  'license.rules': { readonly version: number; readonly ended: number }
  /** `results`: each part's value, in their order. */
  bundle: { readonly token: number; readonly results: readonly { readonly [field: string]: unknown }[] }
}

/** A product whose pool has become smaller than what is in use. */
export type ReducedBelowUse = {
  readonly product: number
  readonly installation: string
  readonly used: number
  readonly total: number
}

export type KeyInstalled = {
  readonly kind: 'license' | 'emergency'
  readonly serial: number
  readonly added: readonly number[]
  readonly removed: readonly number[]
  readonly changed: readonly number[]
  readonly reducedBelowUse: readonly ReducedBelowUse[]
  readonly validity: ValidityState
}
