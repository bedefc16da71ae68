/** Bounds of the wire. A node names those that a client needs in its answer to hello. */
export const limits = {
  /** Body of one frame, bytes. */
  frameSizeMax: 1_048_576,
  /** The length that stands before each body, bytes. */
  frameHeaderSize: 4,
  /** Names, owners, namespaces: bytes of UTF-8. */
  nameSizeMax: 512,
  /** Values of sequences as text, bytes. The ledger is stricter. */
  valueSizeMax: 64,
  /** Reasons in words, bytes. The ledger counts characters. */
  reasonSizeMax: 1_024,
  /** `host:port`, bytes. */
  addressSizeMax: 256,
  /** The token that a client may show in hello, bytes. */
  authSizeMax: 4_096,
  /** Answered ids that one request may acknowledge. */
  acksMax: 65_536,
  /** Ids that one resume may name as still without an answer. */
  outstandingMax: 65_536,
  /** Names in one atomic acquire or release. */
  locksPerRequestMax: 64,
  /** Time to live of a session, milliseconds. */
  ttlMinMs: 2_000,
  ttlMaxMs: 600_000,
  /** Delay before a lock of a dead session can be taken, milliseconds. */
  lockDelayMaxMs: 60_000,
  /** Longest bounded wait, milliseconds: 24 hours. */
  waitMaxMs: 86_400_000,
  /** Cap of code reservations that a session may ask for. */
  codesMax: 100_000,
  /** Permits of one semaphore. */
  permitsMax: 1_000_000_000,
  /** Width of a sequence's values, digits. */
  widthMax: 20,
  /** Values that one `sequence.next` may take. */
  sequenceCountMax: 10_000,
  /** Longest life of a reservation, milliseconds: 24 hours. */
  reservationTtlMaxMs: 86_400_000,
  /** A product's number in a license key. */
  productMax: 999_999_999,
  /** Units in one checkout, and in one lease. */
  unitsMax: 1_000_000,
  /** Items of a metric that is counted. */
  metricMax: 1_000_000_000_000,
  /** Time for which a unit stays with its consumer after the check-in, milliseconds: 24 hours. */
  lingerMaxMs: 86_400_000,
  /** Idle time after which a grant ends, milliseconds: 7 days. */
  idleMaxMs: 604_800_000,
  usageDaysMax: 90,
  /** Time for which a consumer is kept away after a forced release, milliseconds: 24 hours. */
  coolDownMaxMs: 86_400_000,
  /** Rules in force at a time. */
  rulesMax: 10_000,
  /** Parts of one bundle. */
  bundlePartsMax: 16,
  /** A key file, bytes. */
  keyFileSizeMax: 262_144,
  keySignatureMax: 128,
  /** Rows that one list read may return. */
  pageMax: 1_000,
  /** Kinds that one watch may name. */
  watchKindsMax: 32,
  /** Members of a cluster, voters and learners together. */
  membersMax: 64,
  /** Nesting of free-form values (details of refusals). */
  depthMax: 16,
  /** Items in one free-form value, all levels together. */
  itemsMax: 65_536,
  /** A value quoted in a refusal, characters. */
  quoteMax: 48,
} as const
