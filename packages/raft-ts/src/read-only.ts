import { fail } from './errors.ts'
import type { Index, NodeId } from './types.ts'

/** A read that waits for the leader's confirmation. `from` 0 or the leader's own id: asked here. */
export interface PendingRead {
  readonly from: NodeId
  readonly context: string
  /** The commit index when the read arrived: what it must see at least. */
  readonly index: Index
  /** Members that confirmed the leader since, itself with them. */
  readonly acks: Map<NodeId, boolean>
}

/**
 * The reads of a leader that wait for a quorum's word that it still leads: section 6.4 of the Raft
 * dissertation. In order of arrival; a confirmation of one confirms all before it.
 */
export class ReadQueue {
  readonly #reads = new Map<string, PendingRead>()
  #order: PendingRead[] = []

  get size(): number {
    return this.#order.length
  }

  /** In order of arrival. */
  get pending(): readonly PendingRead[] {
    return this.#order
  }

  /** A context that waits already is the same read, asked again. */
  add(from: NodeId, context: string, index: Index): void {
    if (this.#reads.has(context)) return
    const read: PendingRead = { from, context, index, acks: new Map() }
    this.#reads.set(context, read)
    this.#order.push(read)
  }

  /** Counts a member's confirmation; undefined when no such read waits (any more). */
  acknowledge(from: NodeId, context: string): PendingRead | undefined {
    const read = this.#reads.get(context)
    read?.acks.set(from, true)
    return read
  }

  /** Takes out `confirmed` and everything that came before it. */
  takeThrough(confirmed: PendingRead): readonly PendingRead[] {
    const at = this.#order.indexOf(confirmed)
    if (at < 0) fail(`reads: ${confirmed.context} is confirmed, but not in the queue`)
    const taken = this.#order.slice(0, at + 1)
    this.#order = this.#order.slice(at + 1)
    for (const read of taken) this.#reads.delete(read.context)
    return taken
  }

  /** The newest read: its confirmation is worth the most, so heartbeats carry it. */
  get lastContext(): string {
    return this.#order.at(-1)?.context ?? ''
  }
}
