import { asV2, decodeConfChange, type HardState, type NodeId, type Storage } from '@tranca/raft-ts'

/** Who had a vote once the entry at `index` was applied. */
export interface Electorate {
  readonly index: number
  readonly voters: readonly NodeId[]
}

/**
 * The electorates that a starting node knows of: the last one that it knows to be committed, and those that its
 * log makes of it, of which only the log's future can tell whether they are in force. A checkpoint alone is not
 * enough: one that could not be written, or was damaged, leaves an older one, whose voters may be gone.
 */
export function storedElectorates(
  log: Pick<Storage, 'entries' | 'lastIndex'> & { readonly hardState: HardState },
  checkpoint: Electorate,
): Electorate[] {
  const electorates = [checkpoint]
  const [from, to] = [checkpoint.index + 1, log.lastIndex() + 1]
  const entries = from < to ? log.entries(from, to, Number.POSITIVE_INFINITY) : []
  if (typeof entries === 'string') return electorates
  for (const entry of entries) {
    if (entry.type === 'normal') continue
    const voters = new Set(electorates.at(-1)!.voters)
    for (const { type, nodeId } of asV2(decodeConfChange(entry)).changes) {
      if (type === 'addNode') voters.add(nodeId)
      else voters.delete(nodeId)
    }
    if (entry.index <= log.hardState.commit) electorates.length = 0
    electorates.push({ index: entry.index, voters: [...voters] })
  }
  return electorates
}
