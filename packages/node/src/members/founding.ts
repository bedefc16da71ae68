import { type Change, Ledger, type Sink } from '@tranca/ledger'
import type { ConfState } from '@tranca/raft-ts'

/**
 * The state that a new cluster begins with, at index 1 and term 1: equal on all founders, since it is
 * made of the configuration alone. Whoever joins later begins with a snapshot, and never guesses it.
 */
export function foundingRows(
  members: readonly { id: number; name: string; peer: string; client: string }[],
  sink: Sink,
): {
  ledger: Ledger
  changes: readonly Change[]
  meta: { index: number; term: number; confState: ConfState }
} {
  const sorted = [...members].sort((a, b) => a.id - b.id)
  const ledger = new Ledger({ sink })
  ledger.begin({ index: 1, term: 1, timeMs: 0, wallMs: 0 })
  for (const { id, name, peer, client } of sorted)
    ledger.applyInternal({ op: 'member.set', id, name, peer, client })
  const confState: ConfState = {
    voters: sorted.map((member) => member.id),
    votersOutgoing: [],
    learners: [],
    learnersNext: [],
    autoLeave: false,
  }
  return { ledger, changes: ledger.takeChanges(), meta: { index: 1, term: 1, confState } }
}
