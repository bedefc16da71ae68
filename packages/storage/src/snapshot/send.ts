import type { Buffer } from 'node:buffer'
import { StorageError } from '../errors.ts'
import { decodeRow, metaKey, rowPrefix, rowsEnd } from '../ledger-rows.ts'
import type { LedgerStore } from '../ledger-store.ts'
import type { StorageLimits } from '../limits.ts'
import type { LedgerMeta } from '../types.ts'
import { ChunkWriter } from './stream.ts'

/** The last checkpoint as a stream; work on the ledger goes on beside it. */
export interface OutgoingSnapshot {
  readonly meta: LedgerMeta
  /** At most `limits.chunkSize` bytes each, numbered and checksummed. Can be walked once more from the start. */
  chunks(): AsyncIterable<Buffer>
  /** Must be called: an open snapshot keeps old rows on the disk. */
  close(): Promise<void>
}

export async function openSnapshot(ledger: LedgerStore, limits: StorageLimits): Promise<OutgoingSnapshot> {
  const view = ledger.view()
  const bytes = await view.get(metaKey)
  const found = bytes === undefined ? 'is missing' : decodeRow(metaKey, bytes)
  if (typeof found === 'string') {
    await view.close()
    throw new StorageError('LEDGER_FAILED', `the description of the checkpoint ${found}`)
  }
  return {
    meta: found.value as LedgerMeta,
    async *chunks() {
      const writer = new ChunkWriter(limits.chunkSize)
      for await (const piece of view.range(rowPrefix, rowsEnd)) {
        for (const [key, value] of piece) yield* writer.row(key, value)
      }
      yield* writer.end()
    },
    close: () => view.close(),
  }
}
