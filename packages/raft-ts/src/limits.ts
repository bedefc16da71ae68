/** "Unlimited", for sizes in bytes. */
export const NO_LIMIT = Number.POSITIVE_INFINITY

/** Bounds with their defaults. Sizes are protobuf sizes in bytes, see `size.ts`. */
export const limits = Object.freeze({
  /** Append messages in flight to one follower before it is paused. */
  inflightMsgsMax: 256,
  /** Reads that wait for a quorum, or for the first commit of a term. */
  readsPendingMax: 65_536,
})
