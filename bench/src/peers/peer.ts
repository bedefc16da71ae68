/** What can be measured beside Tranca. */
export const peerNames = ['etcd', 'zookeeper', 'redis'] as const
export type PeerName = (typeof peerNames)[number]

/** Works that a peer's load program knows. */
export type PeerWork = 'lock' | 'sequence' | 'hand-over'

/** How one peer is built, started and driven. */
export interface Peer {
  readonly name: PeerName
  /** For people: what one operation of each work is with this peer. */
  readonly works: Readonly<Partial<Record<PeerWork, string>>>
  /** Builds the load program if it is older than its source; returns the command that starts it. */
  readonly build: (directory: string, signal: AbortSignal) => Promise<readonly string[]>
  /** Starts its servers with their data in `directory`. */
  readonly start: (directory: string, signal: AbortSignal) => Promise<PeerServers>
}

/** The running servers of a peer. */
export interface PeerServers {
  readonly version: string
  readonly settings: string
  /** What the load program is given. */
  readonly addresses: string
  readonly pids: () => readonly number[]
  /** Ends them at once: their data are thrown away. */
  readonly close: () => Promise<void>
}

/** A peer that cannot be installed, built or started here, or whose load failed. */
export class PeerError extends Error {
  override readonly name = 'PeerError'
  readonly code = 'PEER_FAILED'
}
