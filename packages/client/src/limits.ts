/** Every bound of the client, with its default. Times are milliseconds. */
export interface Limits {
  /**
   * Requests of one session that wait for an answer, sent or not: at most the default. Half of what the cluster keeps: the other
   * half is for cancelations, and for what gives back grants that crossed them.
   */
  readonly outstandingMax: number
  /** A socket that holds more unsent bytes gets no others until it drains: they gather in one piece. */
  readonly socketSizeMax: number
  /** More than so many bytes have gathered behind a socket: the node reads nothing, the connection is closed. */
  readonly unsentSizeMax: number
  /** Licenses that are given back at a time while nobody waits for it; the others follow. */
  readonly givingBackMax: number
  /** Connections being made at the same time while the leader is looked for. */
  readonly dialsMax: number
  /** Addresses remembered: those given and those learnt from nodes. */
  readonly addressesMax: number
  /** From the start of a dial to the answer of hello. */
  readonly dialTimeoutMs: number
  /** Pause before an address is dialed again: grows from min to max by failures, with jitter. */
  readonly backoffMinMs: number
  readonly backoffMaxMs: number
  /** A connection to a follower is kept this long, because the node tells who became leader. */
  readonly scoutMs: number
  /** How long a named leader on a connection that exists may take to say so itself. */
  readonly hintGraceMs: number
  /** Nothing heard for so long after a request was sent: send a ping. */
  readonly probeMs: number
  /** Nothing heard for so long while requests wait in queues of the cluster: send a ping. */
  readonly waitProbeMs: number
  /** Pause before a node that refused our hello is asked again. */
  readonly refusedMs: number
  /** A ping unanswered for so long: look whether there is another leader. */
  readonly silenceMs: number
  /** Times a session takes itself back from another connection before it gives up. */
  readonly takeoversMax: number
  /** Times one request that was provably not executed gets a new number. */
  readonly reissuesMax: number
  /** Events kept for a slow reader of a watch; beyond it the watch is stopped and resumed later. */
  readonly watchBufferMax: number
}

export const defaultLimits: Limits = {
  outstandingMax: 32_768,
  socketSizeMax: 64 * 1024,
  unsentSizeMax: 64 * 1024 * 1024,
  givingBackMax: 1_024,
  dialsMax: 8,
  addressesMax: 64,
  dialTimeoutMs: 1_000,
  backoffMinMs: 5,
  backoffMaxMs: 100,
  refusedMs: 1_000,
  scoutMs: 2_000,
  hintGraceMs: 25,
  probeMs: 100,
  waitProbeMs: 1_000,
  silenceMs: 100,
  takeoversMax: 5,
  reissuesMax: 3,
  watchBufferMax: 16_384,
}
