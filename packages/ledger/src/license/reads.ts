import type { Cause } from '../causes.ts'
import type { Installation } from '../commands.ts'
import type { GrantStatus, LicenseNature, LicenseRule } from './commands.ts'

export interface LicenseList {
  readonly op: 'license.list'
  /** Pools do not depend on it; here for symmetry with other lists. */
  readonly namespace?: string
  /** Absent: all installation types. */
  readonly installation?: Installation
}

export interface LicenseGrants {
  readonly op: 'license.grants'
  readonly product?: number
  readonly user?: string
  /** Number of the last grant shown. */
  readonly after?: number
  readonly limit: number
}

/** What a check-out would be answered now, and why. */
export interface LicenseExplain {
  readonly op: 'license.explain'
  /** '' if a product is given. */
  readonly feature: string
  /** 0 if a feature is given. */
  readonly product: number
  readonly user: string
  readonly group: string
  readonly company: string
  readonly host: string
  /** 1 if absent. */
  readonly units?: number
  /** That of the session, else `production`, if absent. */
  readonly installation?: Installation
  /** Asks as an owner of this session, for consumer keys of session or owner; a new session if absent. */
  readonly session?: number
  /** '' if absent. */
  readonly owner?: string
}

export interface LicenseUsage {
  readonly op: 'license.usage'
  /** Wall clock, epoch ms; whole hours that begin in [fromMs, toMs). */
  readonly fromMs: number
  readonly toMs: number
  readonly by: 'product' | 'user' | 'company' | 'hour'
  /** Key of the last row shown. */
  readonly after?: string
  readonly limit: number
}

/** The latest first. */
export interface LicenseDenials {
  readonly op: 'license.denials'
  /** Number of the last denial shown: go on with older ones. */
  readonly after?: number
  readonly limit: number
}

export interface LicenseValidityRead {
  readonly op: 'license.validity'
}

export interface KeyShow {
  readonly op: 'key.show'
}

export interface KeyHistory {
  readonly op: 'key.history'
}

export interface LicenseRulesGet {
  readonly op: 'license.rulesGet'
}

/** Units that went with their users, in the order in which they were borrowed. */
export interface LicenseBorrowed {
  readonly op: 'license.borrowed'
  /** Only this one; refused if there is no such one. */
  readonly borrow?: string
  readonly product?: number
  readonly user?: string
  /** Id of the last one shown. */
  readonly after?: string
  readonly limit: number
}

export type LicenseRead =
  | LicenseList
  | LicenseGrants
  | LicenseExplain
  | LicenseUsage
  | LicenseDenials
  | LicenseValidityRead
  | KeyShow
  | KeyHistory
  | LicenseRulesGet
  | LicenseBorrowed

export type ValidityState = 'unlicensed' | 'valid' | 'contingency' | 'expired' | 'restricted' | 'emergency'

export type ValidityView = {
  readonly state: ValidityState
  /** '' or why: `endsSoon`, `notValidated`, `notYet`, `ended`, an emergency key's day, or a restriction's reason. */
  readonly reason: string
  /** Why the key failed its check of integrity, whatever the state says; '' if it did not. */
  readonly restriction: string
  /** End of the state's key, wall clock, exclusive; 0 if none. */
  readonly endMs: number
  readonly calendarMs: number
  /** Wall clock of the last online validation, or of the installation of the first key. */
  readonly validatedMs: number
  readonly serial: number
  readonly customer: string
  readonly installationId: string
  readonly validFrom: string
  readonly validUntil: string
  /** Days of emergency keys within the rolling three months. */
  readonly emergencies: readonly string[]
}

export type LicenseProductView = {
  readonly product: number
  readonly name: string
  readonly nature: LicenseNature
  readonly installation: Installation
  /** Of this installation type; onDemand: the metric's limit. */
  readonly total: number
  readonly overdraft: number
  /** Units counted now (with lingering and borrowed ones); onDemand: the metric's value. */
  readonly used: number
  /** Units in the reuse queue: given up when another needs one. */
  readonly resting: number
  readonly lingering: number
  readonly available: number
  /** Kept free by rules for those who do not use them yet. */
  readonly reserved: number
  readonly borrowed: number
  /** Named: users with a unit. */
  readonly assigned: number
  /** Grants by status. */
  readonly inUse: number
  readonly waived: number
  readonly query: number
  readonly queued: number
  readonly peak: number
  readonly peakMs: number
  /** Of grants, whatever their status. */
  readonly peakConnections: number
  readonly validity: ValidityState
  readonly validUntil: string
}

export type GrantView = {
  readonly grant: number
  readonly product: number
  readonly name: string
  readonly installation: Installation
  readonly feature: string
  readonly status: GrantStatus
  readonly units: number
  /** Running number of the unit; 0 for a query. */
  readonly unit: number
  readonly token: number
  readonly session: number
  readonly client: string
  readonly namespace: string
  readonly owner: string
  readonly user: string
  readonly group: string
  readonly company: string
  readonly host: string
  /** Wall clock, epoch ms. */
  readonly sinceMs: number
  /** Rest of the idle time. */
  readonly idleLeftMs?: number
  /** A lease's units that are handed out. */
  readonly taken?: number
}

/** Who holds a unit, as refusals show it. */
export type LicenseHolder = {
  readonly session: number
  readonly client: string
  readonly owner: string
  readonly user: string
  readonly group: string
  readonly host: string
  readonly sinceMs: number
  readonly product: number
}

/** One product looked at, in the order of the list. */
export type LicenseTried = {
  readonly product: number
  readonly name: string
  readonly total: number
  readonly used: number
  readonly reserved: number
  readonly overdraft: number
  readonly queued: number
  /** `free`, `shared`, `reused`, or why not. */
  readonly outcome: 'free' | 'shared' | 'reused' | Cause
}

export type LicenseRefusalDetail = {
  readonly cause: Cause
  readonly feature: string
  readonly tried: readonly LicenseTried[]
  readonly rule?: LicenseRule
  readonly holders: readonly LicenseHolder[]
  readonly queued: number
  /** The place in the queue that waiting would have given, or gave. */
  readonly place?: number
  /** From now, cluster time: the first moment at which a time-out may free a unit. */
  readonly earliestFreeMs?: number
}

export type ExplainView = {
  readonly would: 'grant' | 'refuse'
  /** 0 if refused. */
  readonly product: number
  readonly status: GrantStatus | ''
  /** '' if granted. */
  readonly cause: Cause | ''
  readonly tried: readonly LicenseTried[]
  readonly rule?: LicenseRule
  readonly holders: readonly LicenseHolder[]
  readonly queued: number
  readonly place?: number
  readonly earliestFreeMs?: number
  readonly validity: ValidityState
}

export type UsageView = {
  /** Product id, user, company, or the hour's begin as ISO instant. */
  readonly key: string
  readonly name: string
  /** Units x milliseconds in use. */
  readonly unitMs: number
  readonly checkouts: number
  readonly peak: number
  readonly peakConnections: number
  readonly denied: number
  readonly denials: { readonly [cause: string]: number }
}

export type DenialView = {
  readonly id: number
  /** Wall clock, epoch ms. */
  readonly atMs: number
  readonly cause: Cause
  readonly feature: string
  readonly product: number
  readonly installation: Installation
  readonly session: number
  readonly client: string
  readonly owner: string
  readonly user: string
  readonly group: string
  readonly company: string
  readonly host: string
  readonly units: number
}

export type KeyView = {
  readonly kind: 'license' | 'emergency'
  readonly serial: number
  /** Wall clock, epoch ms. */
  readonly installedMs: number
  readonly validFrom: string
  readonly validUntil: string
  readonly added: readonly number[]
  readonly removed: readonly number[]
}

export type BorrowView = {
  readonly borrow: string
  readonly product: number
  readonly name: string
  readonly installation: Installation
  readonly user: string
  readonly units: number
  /** Wall clock, epoch ms. */
  readonly sinceMs: number
  readonly untilMs: number
}

export type LicensePeaks = {
  readonly units: number
  readonly unitsMs: number
  readonly connections: number
  readonly connectionsMs: number
  readonly sessions: number
  readonly sessionsMs: number
}

export type LicenseReadValues = {
  'license.list': {
    readonly products: readonly LicenseProductView[]
    readonly peaks: LicensePeaks
    readonly validity: ValidityView
  }
  'license.grants': { readonly grants: readonly GrantView[]; readonly next?: number }
  'license.explain': ExplainView
  'license.usage': {
    readonly rows: readonly UsageView[]
    readonly next?: string
    /** How long whole hours are kept. */
    readonly usageDays: number
  }
  'license.denials': { readonly denials: readonly DenialView[]; readonly next?: number }
  'license.validity': ValidityView
  /** `body` is '' when no key is installed. */
  'key.show': {
    readonly body: string
    /** Of the key file; '' if an older version installed it. */
    readonly signature: string
    readonly keyId: string
    readonly serial: number
    readonly installedMs: number
    readonly validity: ValidityView
  }
  /** Oldest first. */
  'key.history': { readonly keys: readonly KeyView[] }
  'license.rulesGet': {
    readonly version: number
    readonly rules: readonly LicenseRule[]
    /** Days that usage and denials are kept. */
    readonly usageDays: number
  }
  'license.borrowed': { readonly borrows: readonly BorrowView[]; readonly next?: string }
}
