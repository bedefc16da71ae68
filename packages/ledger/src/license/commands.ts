// The operations on licenses (domain section 2 and 3). The pool of a product is that of the session's
// installation type.

/** What a unit is counted by; an empty template counts each request by itself. */
export type ConsumerPart = 'user' | 'group' | 'company' | 'host' | 'session' | 'owner'
export type LicenseNature = 'concurrent' | 'onDemand' | 'processing' | 'enabling' | 'named'
/** Asked only, counts, or shares a unit that is counted already. */
export type GrantStatus = 'query' | 'inUse' | 'waived'

export interface LicenseCheckout {
  readonly op: 'license.checkout'
  readonly owner: string
  /** '' if a product is given. */
  readonly feature: string
  /** 0 if a feature is given. */
  readonly product: number
  readonly user: string
  readonly group: string
  readonly company: string
  readonly host: string
  /** 1 to 1 000 000; for nature `processing` the cores of the host. */
  readonly units: number
  /** `query` asks and is recorded, but counts nothing and never waits. */
  readonly mode: 'use' | 'query'
  /** 0 = try, -1 = until canceled, at most 24 h. */
  readonly waitMs: number
  /** -1 000 to 1 000: larger goes first, then who came first. */
  readonly priority: number
  /** How long the unit stays with its consumer after the check-in; at most 24 h. */
  readonly lingerMs?: number
  /** Given back when not renewed for so long; at most 7 days. */
  readonly idleMs?: number
}

export interface LicenseCheckin {
  readonly op: 'license.checkin'
  readonly owner: string
  readonly grant: number
}

/** The grant is alive: its idle time begins again. */
export interface LicenseRenew {
  readonly op: 'license.renew'
  readonly owner: string
  readonly grant: number
}

/** Active items of an onDemand product's metric, in the session's installation type. */
export interface LicenseMetric {
  readonly op: 'license.metric'
  readonly product: number
  readonly value: number
}

/** A lease on all free units, at most `max` (0 = all), which the owner hands out by itself. */
export interface LicensePool {
  readonly op: 'license.pool'
  readonly owner: string
  readonly product: number
  readonly max: number
  readonly host: string
}

/** One unit of a lease for `holder`; the same holder again takes nothing more. */
export interface LicensePoolTake {
  readonly op: 'license.poolTake'
  readonly owner: string
  readonly grant: number
  readonly holder: string
}

export interface LicensePoolGive {
  readonly op: 'license.poolGive'
  readonly owner: string
  readonly grant: number
  readonly holder: string
}

/** Named products: gives the user a unit before the first check-out. */
export interface LicenseAssign {
  readonly op: 'license.assign'
  readonly product: number
  readonly user: string
}

/** The unit comes free as soon as the user's last grant ends. */
export interface LicenseUnassign {
  readonly op: 'license.unassign'
  readonly product: number
  readonly user: string
}

/** Ends a grant and all that share its unit; the same consumer is refused for a while. */
export interface LicenseForceRelease {
  readonly op: 'license.forceRelease'
  readonly grant: number
  /** 0 to 24 h. */
  readonly coolDownMs: number
  /** 1 to 255 characters. */
  readonly reason: string
}

/** Keeps a unit for a user who goes offline; outlives the session. */
export interface LicenseBorrow {
  readonly op: 'license.borrow'
  readonly owner: string
  readonly product: number
  readonly user: string
  /** Epoch ms; at most 90 days ahead. */
  readonly untilWallMs: number
}

export interface LicenseReturnBorrowed {
  readonly op: 'license.returnBorrowed'
  readonly borrow: string
}

export type RuleKind =
  | 'reserve'
  | 'max'
  | 'include'
  | 'exclude'
  | 'idle'
  | 'linger'
  | 'overdraft'
  | 'borrowMax'

export interface RuleSubject {
  /** `network`: an IPv4 range such as 10.1.0.0/16, compared with the host. */
  readonly type: 'user' | 'group' | 'host' | 'company' | 'network' | 'all'
  /** '' for `all`. */
  readonly value: string
}

/**
 * An administrator's rule. `reserve`, `max`, `overdraft` and `borrowMax` need `amount`; `idle` and
 * `linger` need `ms`. With product 0 it holds for each product by itself.
 */
export interface LicenseRule {
  readonly kind: RuleKind
  readonly product: number
  readonly subject: RuleSubject
  readonly amount?: number
  readonly ms?: number
}

/** Replaces all rules in one step; what was granted before obeys them too (O20, O22). */
export interface LicenseRules {
  readonly op: 'license.rules'
  readonly rules: readonly LicenseRule[]
  /** The current version + 1. */
  readonly version: number
  /** Days that usage and denials are kept, 0 to 90; 0 keeps none. Absent: as before. */
  readonly usageDays?: number
}

export type LicenseOperation =
  | LicenseCheckout
  | LicenseCheckin
  | LicenseRenew
  | LicenseMetric
  | LicensePool
  | LicensePoolTake
  | LicensePoolGive
  | LicenseAssign
  | LicenseUnassign
  | LicenseForceRelease
  | LicenseBorrow
  | LicenseReturnBorrowed
  | LicenseRules

// --- the leader's own duties ---

/** A key whose signature the node has verified. */
export interface KeyInstall {
  readonly op: 'key.install'
  /** Canonical JSON of the key's body. */
  readonly body: string
  /** Of the key file, kept so that it can be checked again; '' in entries of older versions. */
  readonly signature?: string
  readonly keyId?: string
}

/** The leader's wall clock, hourly and at its start: what the validity of keys goes by. */
export interface LicenseCalendar {
  readonly op: 'license.calendar'
  readonly wallMs: number
}

/** An online validation succeeded. */
export interface LicenseValidated {
  readonly op: 'license.validated'
  readonly wallMs: number
}

/** The key failed its check of integrity, or passes it again (reason ''). */
export interface LicenseRestrict {
  readonly op: 'license.restrict'
  readonly reason: string
}

export type LicenseCommand = KeyInstall | LicenseCalendar | LicenseValidated | LicenseRestrict
