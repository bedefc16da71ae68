import { propose } from './proposal.ts'
import type { Raft } from './raft.ts'
import { shrinkUncommitted } from './replication.ts'
import { entriesSize } from './size.ts'
import { draftEntry, EMPTY_DATA, type Entry, type Index, type Snapshot } from './types.ts'

/** The application has applied `entries`. */
export function entriesApplied(raft: Raft, entries: readonly Entry[]): void {
  const last = entries.at(-1)
  if (last === undefined) return
  appliedTo(raft, last.index, entriesSize(entries))
  shrinkUncommitted(raft, entries)
}

/** The snapshot is durable, and with it everything that it stands for is applied. */
export function snapshotApplied(raft: Raft, snapshot: Snapshot): void {
  raft.log.unstable.stableSnapshotTo(snapshot.index)
  appliedTo(raft, snapshot.index, 0)
}

function appliedTo(raft: Raft, index: Index, size: number): void {
  const applied = Math.max(index, raft.log.applied)
  raft.log.appliedTo(applied, size)
  if (raft.role !== 'leader' || !raft.tracker.config.autoLeave || applied < raft.pendingConfIndex) return
  // The joint configuration is applied and wants to be left. A refusal (transfer under way, say) is no
  // harm: the next entry that is applied, or the next leader, tries again.
  propose(raft, [draftEntry('confChangeV2', EMPTY_DATA)])
}
