/** Bounds of a key file. A vendor that needs more needs another format. */

/** Bytes of a key file: small enough to travel in one frame. */
export const KEY_FILE_SIZE_MAX = 256 * 1024
/** Levels of nesting that the canonical form accepts. */
export const DEPTH_MAX = 16

export const TEXT_BYTES_MAX = 200
export const ID_LENGTH_MAX = 64
export const PRODUCTS_MAX = 500
export const FEATURES_MAX = 1_000
/** Products of one escalation list. */
export const ESCALATION_LENGTH_MAX = 64
export const CLONES_MAX = 64
export const CAPACITIES_MAX = 64

export const PRODUCT_ID_MAX = 999_999_999
export const SERIAL_MAX = 2 ** 31 - 1
/** Units, or items of a metric. */
export const QUANTITY_MAX = 1_000_000_000
export const REUSE_WINDOW_MS_MAX = 600_000
export const TOLERANCE_DAYS_MAX = 90
/** Rows of usage that go with a validation, of at most so many days. */
export const USAGE_ROWS_MAX = 1_000
export const USAGE_DAYS_SENT_MAX = 31
export const UTC_OFFSET_MINUTES_MIN = -720
export const UTC_OFFSET_MINUTES_MAX = 840

/** The last days of a key, in which it still works and says that it ends. */
export const CONTINGENCY_DAYS = 15
/** Emergency keys of one installation within three rolling months. */
export const EMERGENCY_KEYS_MAX = 5
