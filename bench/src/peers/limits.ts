/** Every bound of what is done with peers. */
export const limits = {
  installTimeoutMs: 600_000,
  buildTimeoutMs: 300_000,
  /** From the start of its processes to a leader. */
  startTimeoutMs: 60_000,
  pollMs: 50,
  /** How long a load program may take to open its clients. */
  openTimeoutMs: 60_000,
  /** How long it may take to answer, beyond what it was told to run. */
  answerTimeoutMs: 30_000,
  /** Of a drill: writes before the recording begins, and from then until the leader is harmed. */
  gapWarmMs: 1_000,
  gapFaultAfterMs: 300,
  /** Longer than a peer is silent after the fault. */
  gapRecordMs: { 'kill-leader': 6_000, 'pause-leader': 20_000 },
  /** Of the floor: as Tranca's `gatherMs` and `gatherShare`. */
  barePauseMs: 2,
  bareShare: 0.9,
  /** What is kept of the words of a process that failed. */
  wordsMax: 2_000,
} as const
