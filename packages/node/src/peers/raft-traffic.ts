import type { Message, NodeId } from '@tranca/raft-ts'
import type { Replica } from '../replica/replica.ts'
import type { Storing } from '../replica/storing.ts'
import { FrameKind } from './frames.ts'
import type { PeerHub } from './peer-hub.ts'
import { decodePeerMessage, encodePeerMessage, isPeerMessage, type PeerMessage } from './raft-codec.ts'
import type { ReceivedSnapshot, SnapshotSender } from './snapshot-transfer.ts'

/** Raft's messages on their way between the core and the other members. */
export class RaftTraffic {
  readonly #self: NodeId
  readonly #hub: PeerHub
  readonly #storing: Storing
  readonly #snapshots: SnapshotSender
  readonly #replica: () => Replica | undefined
  readonly #mayVote: () => boolean
  readonly #failed: (error: Error) => void

  constructor(options: {
    self: NodeId
    hub: PeerHub
    storing: Storing
    snapshots: SnapshotSender
    replica: () => Replica | undefined
    /** False while this node has no vote: it lost what it had, or is not known to have it all. */
    mayVote: () => boolean
    failed: (error: Error) => void
  }) {
    this.#self = options.self
    this.#hub = options.hub
    this.#storing = options.storing
    this.#snapshots = options.snapshots
    this.#replica = options.replica
    this.#mayVote = options.mayVote
    this.#failed = options.failed
  }

  /** Messages of one turn to one member, in one write. */
  send(to: NodeId, messages: readonly Message[]): void {
    const bodies: Uint8Array[][] = []
    for (const message of messages) {
      if (message.type === 'snapshot') this.#snapshots.send(message)
      else if (isPeerMessage(message)) bodies.push(encodePeerMessage(message))
    }
    if (bodies.length > 0 && !this.#hub.send(to, FrameKind.raft, bodies)) {
      this.#replica()?.raft.reportUnreachable(to)
    }
  }

  /** @throws RangeError on bytes that are not a message */
  receive(from: NodeId, bytes: Buffer): void {
    const replica = this.#replica()
    const message = decodePeerMessage(bytes)
    if (!replica || message.from !== from || message.to !== this.#self) return
    const heard = this.#mayVote() ? message : withoutVote(message, replica.raft.commit)
    if (!heard) return
    try {
      replica.step(heard)
    } catch (error) {
      this.#failed(error as Error)
    }
  }

  /** What a snapshot at `index` would be to this node; without a core it takes none. */
  judgeSnapshot(index: number): 'new' | 'known' | 'refused' {
    const replica = this.#replica()
    if (!replica) return 'refused'
    return index > replica.raft.commit ? 'new' : 'known'
  }

  /** A snapshot has arrived whole. False: Raft has no use for it. */
  receiveSnapshot(snapshot: ReceivedSnapshot): boolean {
    const replica = this.#replica()
    const { from, term, meta } = snapshot
    if (!replica || meta.index <= replica.raft.commit) return false
    this.#storing.hold(snapshot)
    replica.step({
      type: 'snapshot',
      from,
      to: this.#self,
      term,
      snapshot: { index: meta.index, term: meta.term, confState: meta.confState, data: new Uint8Array(0) },
    })
    if (replica.raft.pendingSnapshot === meta.index) return true
    this.#storing.release(snapshot)
    // The log had all of it already, and only learnt that it is committed.
    return replica.raft.commit >= meta.index
  }
}

/**
 * What a node without a vote may hear: a vote that it gave before it lost its memory must not be given
 * again, and a leader that does not know yet what was lost may tell a commit index beyond its log.
 */
function withoutVote(message: PeerMessage, commit: number): PeerMessage | undefined {
  if (message.type === 'vote' || message.type === 'preVote') return undefined
  return message.type === 'heartbeat' ? { ...message, commit: Math.min(message.commit, commit) } : message
}
