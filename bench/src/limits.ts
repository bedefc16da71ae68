/** Every bound of the workloads and audits. */
export const limits = {
  /** Calls kept in one history. */
  callsMax: 5_000_000,
  /** Findings written out by one rule; the rest is counted. */
  findingsMax: 20,
  /** Free numbers of one sequence that the auditor draws to see which they are. */
  freeDrawnMax: 20_000,
  /** Requests that the auditor has on its way at the same time. */
  drawBatch: 500,
  /** Entries asked for in one page of a list. */
  page: 500,
  /** Pages read of one list. */
  pagesMax: 10_000,
  /** Products of a contract, and rules about them. */
  productsMax: 200,
  slavesMax: 32,
  unitsMax: 1_000_000,
  usersMax: 20_000,
  serversMax: 64,
  tasksPerUserMax: 100_000,
  /** Digits of a sequence that the audit can count in exact integers. */
  widthMax: 10,
  /** How long the end of a run waits for the sessions of cut-off processes to expire, beyond their TTL. */
  expiryGraceMs: 15_000,
  /** Pause between two looks at the cluster while waiting for something there. */
  pollMs: 100,
  /** How long the whole workload may stand still before it counts as hung. */
  standstillMs: 60_000,
} as const
