import type { Mutant } from '../mutant.ts'

const src = 'packages/storage/src'

/** Bugs in what a node keeps on disk. */
export const storageMutants: readonly Mutant[] = [
  {
    id: 'sync-retried',
    bug: 'a write whose sync failed is tried again, and the second success believed',
    file: `${src}/raft-log.ts`,
    find: 'this.counters.bytes += await this.#wal.write(group)',
    replace: 'this.counters.bytes += await this.#wal.write(group).catch(() => this.#wal.write(group))',
    catchers: ['table:storage/node-storage', 'table:storage/raft-log', 'table:storage/crash', 'simulator'],
  },
  {
    id: 'checkpoint-not-atomic',
    bug: 'rows of a checkpoint and its index are written one after the other',
    file: `${src}/ledger-store.ts`,
    find: 'await this.#store.write(count === 1 ? own.operations : batch.flatMap((one) => one.operations))',
    replace: 'for (const one of batch) for (const each of one.operations) await this.#store.write([each])',
    catchers: ['table:storage/ledger-store', 'table:storage/crash', 'simulator'],
  },
  {
    id: 'checkpoint-ahead-of-log',
    bug: 'a checkpoint is written before the log has what it shows',
    file: `${src}/node-storage.ts`,
    find: '    await this.log.whenDurable(prepared.meta.index)\n',
    replace: '',
    catchers: ['table:storage/node-storage'],
  },
  {
    id: 'ledger-hash-not-compared',
    bug: 'the hash over the rows is not compared at a start',
    file: `${src}/ledger-store.ts`,
    find: 'if (hashes.rows !== meta.rows || hashes.digest !== meta.digest) {',
    replace: 'if (hashes.rows < 0) {',
    catchers: ['table:storage/ledger-store', 'table:storage/damage'],
  },
  {
    id: 'replaced-write-counted',
    bug: 'a write that ends well counts as durable although the log was replaced meanwhile (ABA)',
    file: `${src}/raft-log.ts`,
    find: 'if (first.index <= this.#tail.last.index) this.#lowerStable(first.index - 1)',
    replace: '',
    catchers: ['table:storage/raft-log', 'table:storage/node-storage', 'simulator'],
  },
]
