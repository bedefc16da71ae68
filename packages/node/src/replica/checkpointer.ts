import type { Change, Ledger } from '@tranca/ledger'
import type { ConfState, Entry } from '@tranca/raft-ts'

/** What is written and told about one checkpoint. */
export interface CheckpointPorts {
  /** Takes the changed rows in, computes the digest, writes and then cuts the log. Calls may overlap. */
  checkpoint(changes: readonly Change[], at: { index: number; term: number; confState: ConfState }): void
}

/**
 * Says when a checkpoint is due. It depends on the log alone, so that all members checkpoint at the
 * same indexes and their digests can be compared.
 */
export class Checkpointer {
  readonly #ports: CheckpointPorts
  readonly #every: { readonly entries: number; readonly size: number }
  readonly #ledger: () => Ledger
  #entries = 0
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
    this.#entries++
    this.#size += entry.data.length
    if (this.#entries < this.#every.entries && this.#size < this.#every.size) return
    this.now(entry.index, entry.term, confState)
  }

  now(index: number, term: number, confState: ConfState): void {
    this.restart()
    this.#ports.checkpoint(this.#ledger().takeChanges(), { index, term, confState })
  }

  /** A snapshot was installed: counting starts behind it, as it did on the member that made it. */
  restart(): void {
    this.#entries = 0
    this.#size = 0
  }
}
