/** Bounds of one node. Each queue, frame, retry and list has its name here. Sizes in bytes, times in ms. */
export const limits = {
  /** Commands of one turn go into entries of at most this size (docs/architecture.md, "How a request flows"). */
  entrySizeMax: 1024 * 1024,
  /** An entry that has been on its way for longer may be followed by others before it is committed. */
  entryAloneMs: 5,
  /** Those who were just answered have so long to ask again, where so many work at a time; this share is enough. */
  gatherMs: 2,
  gatherMin: 20,
  gatherShare: 0.9,
  /** Entries that leave without such a pause, at most, after pauses in vain. */
  gatherSparedMax: 255,
  /** Proposals that wait for a place in the log; beyond it, the node stops reading from its clients. */
  proposalBacklogSizeMax: 16 * 1024 * 1024,
  /** Entries proposed and not yet committed. */
  uncommittedSizeMax: 32 * 1024 * 1024,
  /** Entries handed out for applying at a time, so that a long catch-up leaves turns for others. */
  committedSizePerReadyMax: 256 * 1024,
  /** After this long a turn ends, even if there is more to apply. */
  turnMs: 20,
  /** Bytes of entries in one append message. */
  appendSizeMax: 1024 * 1024,
  /** Append messages on their way to one peer. */
  inflightMessagesMax: 256,
  /** Bytes of appends on their way to one peer. */
  inflightSizeMax: 16 * 1024 * 1024,
  /** A heartbeat's time in ticks of Raft's clock: at most so many, each at least so long. */
  ticksPerHeartbeatMax: 5,
  tickMsMin: 5,
  /** Rows that one checkpoint takes in one go, about a microsecond each; fewer would write again what soon changes again. */
  changedRowsMax: 40_000,
  /** Followers hear of a commit after so long, if no append or heartbeat has told them before. */
  commitTellMs: 5,
  /** A peer whose socket holds more unsent bytes than this gets no further messages until it drains. */
  peerBacklogSizeMax: 32 * 1024 * 1024,
  /** One frame between peers: an append message with its head. */
  peerFrameSizeMax: 8 * 1024 * 1024,
  /** A greeting between members. Until it has come, nothing longer is kept for a connection. */
  greetingSizeMax: 8 * 1024,
  /** Connections to the port for members: each needs one, and one for a snapshot. */
  peerConnectionsMax: 256,
  /** Ids that greeted and are in nobody's list of members: what is remembered of them is bounded. */
  strangersMax: 64,
  /** A snapshot's stream that brings nothing for so long is given up: its sender may be gone without a word. */
  snapshotIdleMs: 15_000,
  /** Answers to so many connections leave together: while they are read there, the next ones are made here. */
  unsentConnectionsMax: 16,
  /** Client connections of one node. */
  connectionsMax: 20_000,
  /** A client's socket that holds more unsent bytes gets no others until it drains: they gather in one piece. */
  clientSocketSizeMax: 64 * 1024,
  /** A client that reads so slowly that this much waits for it is disconnected; its session lives on. */
  clientBacklogSizeMax: 16 * 1024 * 1024,
  /** Time for a new connection to say hello. */
  helloTimeoutMs: 5_000,
  /** A hello without good credentials is answered so late, and only for so many at a time; others get no answer. */
  helloDeniedMs: 250,
  helloDeniedMax: 64,
  /** The key of a session, as the ledger knows it. */
  sessionKeySize: 16,
  /** Pause between two looks whether the files of a certificate have changed. */
  certificateLookMs: 1_000,
  /** The end of a certificate is warned of so long before. */
  certificateWarningMs: 30 * 86_400_000,
  certificateWarningPauseMs: 86_400_000,
  /** Tokens in one configuration, and certificates that count no longer. */
  tokensMax: 1_000,
  revokedMax: 10_000,
  /** Reads that wait for one round of ReadIndex. */
  readsMax: 100_000,
  /** Events kept in memory for watches that resume. */
  watchEventsMax: 65_536,
  /** Watches of one connection. */
  watchesPerConnectionMax: 64,
  /** Pause between attempts to reach a peer. */
  redialMsMin: 20,
  redialMsMax: 500,
  /** A duty timer later than this means that the process stood still: silence of clients is not theirs. */
  stallMs: 250,
  /** Digests of the ledger remembered for comparison between members. */
  digestsMax: 64,
  /** The vendor's answer to an online validation. */
  validationAnswerSizeMax: 16 * 1024,
  /** Members of one cluster. */
  membersMax: 31,
} as const
