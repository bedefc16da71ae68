import type { Change, Ledger } from '@tranca/ledger'
import type { ConfState, Entry } from '@tranca/raft-ts'
import { limits } from '../limits.ts'

/** What is written and told about one checkpoint. */
export interface CheckpointPorts {
  /** Takes the changed rows in, computes the digest, writes and then cuts the log. Calls may overlap. */
  checkpoint(changes: readonly Change[], at: { index: number; term: number; confState: ConfState }): void
}

/**
 * Says when a checkpoint is due: at every multiple of `every.entries`, so that all members make one at
 * the same indexes and their digests can be compared; and in between when this node's log has grown by
 * `every.size` since its last one, or so many rows have changed that to take them would hold up a turn.
 */
export class Checkpointer {
  readonly #ports: CheckpointPorts
  readonly #every: { readonly entries: number; readonly size: number }
  readonly #ledger: () => Ledger
  /** Bytes of entries applied since the last checkpoint. */
  #size = 0

  constructor(options: {
    ports: CheckpointPorts
    every: { readonly entries: number; readonly size: number }
    ledger: () => Ledger
  }) {
    this.#ports = options.ports
    this.#every = options.every
    this.#ledger = options.ledger
  }

  /** An entry has been applied. */
  applied(entry: Entry, confState: ConfState): void {
    this.#size += entry.data.length
    // With every change of members too: who is new needs a snapshot in which it occurs.
    const isDue = entry.index % this.#every.entries === 0 || entry.type !== 'normal'
    const ledger = this.#ledger()
    const isMuch = this.#size >= this.#every.size || ledger.changedRows >= limits.changedRowsMax
    if (!isDue && !isMuch) return
    this.restart()
    const { index, term } = entry
    this.#ports.checkpoint(ledger.takeChanges(), { index, term, confState })
  }

  /** A snapshot was installed: the disk has what the ledger has. */
  restart(): void {
    this.#size = 0
  }
}
