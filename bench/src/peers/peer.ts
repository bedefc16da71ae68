import type { PeerServer } from './server.ts'

/** What can be measured beside Tranca. */
export const peerNames = ['etcd', 'zookeeper', 'redis', 'bare'] as const
export type PeerName = (typeof peerNames)[number]

/** Works that are compared. */
export type PeerWork = 'lock' | 'sequence' | 'hand-over'

/** Peers that have a failover; `etcd-tuned`: heartbeats of 20 ms, elections after 200 ms. */
export const drilledNames = ['etcd', 'etcd-tuned', 'zookeeper'] as const
export type DrilledName = (typeof drilledNames)[number]

/** How one peer is built, started and driven. */
export interface Peer {
  readonly name: PeerName
  /** Has a group of its own in the script of system packages. */
  readonly needsPackages: boolean
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
  /** Of all servers, as the load program takes them. */
  readonly addresses: string
  /** Those with which its clients are fastest. */
  readonly fastAddresses: (signal: AbortSignal) => Promise<string>
  readonly pids: () => readonly number[]
  /** Absent where there is one server only. */
  readonly members?: PeerMembers
  /** Ends them at once: their data are thrown away. */
  readonly close: () => Promise<void>
}

/** The members of a peer, by their positions. */
export interface PeerMembers {
  /** Waits for one that leads. */
  readonly leader: (signal: AbortSignal) => Promise<number>
  readonly server: (position: number) => PeerServer
  /** Starts a member whose process is gone. */
  readonly restart: (position: number) => void
  /** Resolves when all serve. */
  readonly whenReady: (signal: AbortSignal) => Promise<void>
}
