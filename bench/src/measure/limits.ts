/** Every bound of the measurements. */
export const limits = {
  clientsMax: 10_000,
  /** Counts of clients in one call. */
  clientCountsMax: 16,
  secondsMin: 0.05,
  secondsMax: 3_600,
  loadProcessesMax: 16,
  /** Sessions that one process opens at the same time, and clients that it prepares. */
  openedAtOnce: 64,
  /** Requests on their way while a cluster is filled. */
  fillsAtOnce: 256,
  /** Of the load's sessions: longer than any pause of a busy machine. */
  sessionTtlMs: 120_000,
  /** How long a process of the load may take to answer a command, beyond what it was told to run. */
  commandTimeoutMs: 60_000,
  /** How long a member may take to come back, or to start. */
  recoveryTimeoutMs: 300_000,
  recoveryPollMs: 25,
  /** Pause between two looks at the memory of a process of which the largest is told. */
  peakLookMs: 50,
  /** How long one process that measures the ledger may take. */
  ledgerCostTimeoutMs: 300_000,
} as const
