/** Bounds of the vendor's desk. */

/** Bytes of a catalog, an order or a plan. */
export const INPUT_FILE_SIZE_MAX = 4 * 1024 * 1024
/** Bytes of a private key file. */
export const PRIVATE_KEY_SIZE_MAX = 16 * 1024
/** Bytes of the register. */
export const REGISTER_SIZE_MAX = 256 * 1024 * 1024

/** Bytes of a request for an online validation, with the usage that may go with it. */
export const REQUEST_SIZE_MAX = 256 * 1024
/** Days of usage that are remembered of an installation. */
export const USAGE_DAYS_MAX = 400
/** Bytes of an installation's usage. */
export const USAGE_FILE_SIZE_MAX = 64 * 1024 * 1024
/** Milliseconds in which a request must have arrived. */
export const REQUEST_TIMEOUT_MS = 10_000
/** Connections to the validation server at a time. */
export const SERVER_CONNECTIONS_MAX = 1_000

export const INSTALLATIONS_MAX = 100_000
/** Installations of one plan. */
export const PLAN_LENGTH_MAX = 1_000
/** Keys remembered of one installation; the oldest are forgotten first. */
export const HISTORY_LENGTH_MAX = 1_000

/** Months that a key is valid unless the order says otherwise. */
export const MONTHS_DEFAULT = 4
export const MONTHS_MAX = 60

/** Months after which an emergency key no longer counts against the quota. */
export const EMERGENCY_WINDOW_MONTHS = 3
