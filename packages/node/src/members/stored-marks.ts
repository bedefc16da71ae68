import type { MemberMark } from '@tranca/ledger'
import { decodeOperation } from '@tranca/protocol'
import type { Storage } from '@tranca/raft-ts'
import { decodeBatch } from '../replica/batch.ts'

/**
 * What the log says of other members beyond the last checkpoint, before it is known to be committed.
 * A leader wrote it because it had seen it, so as evidence it is true either way; and it can only make
 * this node more careful with who comes back.
 */
export function* storedMarks(log: Storage): Generator<MemberMark> {
  const last = log.lastIndex()
  const entries =
    last >= log.firstIndex() ? log.entries(log.firstIndex(), last + 1, Number.POSITIVE_INFINITY) : []
  if (typeof entries === 'string') return
  for (const entry of entries) {
    if (entry.type !== 'normal' || entry.data.length === 0) continue
    for (const item of decodeBatch(entry.data, entry.index).items) {
      if (item.kind !== 'internal') continue
      const decoded = decodeOperation(item.bytes)
      if (decoded.kind === 'internal' && decoded.operation.op === 'member.seen')
        yield* decoded.operation.marks
    }
  }
}
