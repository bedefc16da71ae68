import { Ledger } from '@tranca/ledger'
import { type Config, MemoryStorage, RawNode, type StorageAppend } from '@tranca/raft-ts'
import type { Clock } from '../src/environment/clock.ts'
import { Checkpointer } from '../src/replica/checkpointer.ts'
import { Replica, type ReplicaPorts, type ReplicaProbe } from '../src/replica/replica.ts'

const confState = { voters: [1, 2, 3], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false }

class Members extends MemoryStorage {
  override initialState() {
    return { ...super.initialState(), confState }
  }
}

/** The replica of one of three voters; the test is the others, the disk and the clock. */
export function replicaOfThree(options: {
  readonly id: number
  readonly clock: Clock
  readonly raft?: Partial<Config>
  /** Resolves when the disk has it; left out: at once. */
  readonly written?: (request: StorageAppend) => Promise<void>
  readonly probe?: ReplicaProbe
  readonly ports?: Partial<ReplicaPorts>
}): Replica {
  const { id, clock, probe, written = async () => undefined } = options
  const storage = new Members()
  const raft = new RawNode({
    id,
    electionTick: 10,
    heartbeatTick: 1,
    random: () => 0,
    storage,
    asyncStorageWrites: true,
    applyUnstable: true,
    lazyCommit: true,
    ...options.raft,
  })
  const ledger = new Ledger({ sink: { answer: () => undefined, event: () => undefined } })
  return new Replica({
    raft,
    ledger,
    clock,
    probe,
    applied: 0,
    confState,
    checkpointer: new Checkpointer({
      ports: { checkpoint: () => undefined },
      every: { entries: 1_000, size: 1 << 20 },
      ledger: () => ledger,
    }),
    ports: {
      send: () => undefined,
      leadershipChanged: () => undefined,
      serving: () => undefined,
      turnEnded: () => undefined,
      membersChanged: () => undefined,
      internalApplied: () => undefined,
      store: (request) => {
        if (request.hardState) storage.setHardState(request.hardState)
        storage.append(request.entries)
        return written(request)
      },
      failed: (error) => {
        throw error
      },
      entriesApplied: () => undefined,
      committed: () => undefined,
      ...options.ports,
    },
  })
}
