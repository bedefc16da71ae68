/** Stable codes of what can go wrong in a node beyond the expected refusals. */
export type NodeErrorCode =
  | 'CONFIG_INVALID'
  | 'INSECURE_LISTENER'
  | 'LISTEN_FAILED'
  | 'ENTRY_UNREADABLE'
  | 'STORAGE_FAILED'
  | 'LEDGERS_DIFFER'
  | 'WRONG_CLUSTER'
  | 'PEER_UNPROVED'

/** A broken promise of the outside world: the message names the thing, its value and what was expected. */
export class NodeError extends Error {
  readonly code: NodeErrorCode

  constructor(code: NodeErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'NodeError'
    this.code = code
  }
}
