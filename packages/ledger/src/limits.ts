/**
 * Bounds of everything that could grow. They decide results, so every member of a cluster must run
 * with the same values.
 */
export interface Limits {
  readonly sessionsMax: number
  /** Stored answers plus waiting requests of one session. */
  readonly answersPerSessionMax: number
  /** Names of each kind (locks, codes, semaphores, sequence definitions, counters). */
  readonly namesMax: number
  readonly locksPerRequestMax: number
  /** Waiters at one name. */
  readonly queueLengthMax: number
  /** Edges that one search for a deadlock looks at. */
  readonly deadlockStepsMax: number
  /** Holders named in one refusal or read. */
  readonly holdersShownMax: number
  /** Waiters or reservations named in one read. */
  readonly entriesShownMax: number
  /** Elements of one list read. */
  readonly listMax: number
  /** Days that usage of licenses and denials are kept until `license.rules` says otherwise; 0 keeps none. */
  readonly usageDays: number
  /** Rows of usage; the oldest hours go first. */
  readonly usageRowsMax: number
  /** Refused check-outs that are remembered; the oldest go first. */
  readonly denialsMax: number
}

export const defaultLimits: Limits = {
  sessionsMax: 100_000,
  answersPerSessionMax: 65_536,
  namesMax: 10_000_000,
  locksPerRequestMax: 64,
  queueLengthMax: 100_000,
  deadlockStepsMax: 10_000,
  holdersShownMax: 32,
  entriesShownMax: 1_000,
  listMax: 1_000,
  usageDays: 30,
  usageRowsMax: 1_000_000,
  denialsMax: 10_000,
}

// Fixed by the contract with clients, not by configuration.
export const NAME_LENGTH_MAX = 512
export const PREFIX_LENGTH_MAX = 64
export const SESSION_KEY_BYTES = 16
export const TTL_MS_MIN = 2_000
export const TTL_MS_MAX = 600_000
export const LOCK_DELAY_MS_MAX = 60_000
export const CODES_MAX_MAX = 100_000
export const WAIT_MS_MAX = 86_400_000
export const PERMITS_MAX = 1_000_000_000
export const WIDTH_MAX = 20
export const BLOCK_MAX = 10_000
export const UTC_OFFSET_MINUTES_MAX = 840
export const REASON_LENGTH_MIN = 15
export const REASON_LENGTH_MAX = 255
export const USAGE_DAYS_MAX = 90
export const UNITS_MAX = 1_000_000
export const PRIORITY_MAX = 1_000
export const LINGER_MS_MAX = 86_400_000
export const IDLE_MS_MAX = 7 * 86_400_000
export const COOL_DOWN_MS_MAX = 86_400_000
export const BORROW_MS_MAX = 90 * 86_400_000
export const LICENSE_HOLDERS_SHOWN_MAX = 20
export const METRIC_MAX = 1_000_000_000_000
export const PARTS_PER_BUNDLE_MAX = 16
