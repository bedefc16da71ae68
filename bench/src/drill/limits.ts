/** Every bound of the drills. */
export const limits = {
  trialsMax: 1_000,
  clientsMax: 256,
  minutesMax: 24 * 60,
  /** Clients in one process of the load. */
  clientsPerProcess: 5,
  processesMax: 2,
  /** Pause of a client between an answer and its next request: the load shall not be what takes the processor. */
  pauseMs: 4,
  /** Life of a client's session: longer than any fault of a drill. */
  sessionTtlMs: 120_000,
  /** How long a lock is waited for; no fault lasts so long. */
  lockWaitMs: 100_000,
  /** Answers of each kind that tell that the cluster serves again. */
  answersWanted: 3,
  /** What does not come within this time is a failure, on however busy a machine. */
  patienceMs: 90_000,
  pollMs: 10,
  /** Entries that a member may be behind and count as healthy. */
  lagMax: 2_000,
  /** Connections that ask a leader that was paused, the moment it goes on. */
  staleReaders: 8,
  messagesShown: 10,
} as const
