import { MemoryStorage, type Message, RawNode } from '@tranca/raft-ts'
import t from 'tap'
import type { PeerHub } from '../src/peers/peer-hub.ts'
import { RaftTraffic } from '../src/peers/raft-traffic.ts'
import type { ReceivedSnapshot, SnapshotSender } from '../src/peers/snapshot-transfer.ts'
import type { Replica } from '../src/replica/replica.ts'
import type { Storing } from '../src/replica/storing.ts'

const confState = { voters: [1, 2], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false }

/** A follower whose log ends at index 5 of term 1, of which nothing is known to be committed but the first. */
function follower() {
  const storage = new MemoryStorage()
  storage.applySnapshot({ index: 1, term: 1, confState, data: new Uint8Array(0) })
  storage.append(
    [2, 3, 4, 5].map((index) => ({ index, term: 1, type: 'normal' as const, data: new Uint8Array(1) })),
  )
  storage.setHardState({ term: 1, vote: 0, commit: 1 })
  const raft = new RawNode({
    id: 2,
    electionTick: 10,
    heartbeatTick: 1,
    storage,
    applied: 1,
    asyncStorageWrites: true,
    random: () => 0,
  })
  const held: string[] = []
  const traffic = new RaftTraffic({
    self: 2,
    hub: {} as PeerHub,
    storing: {
      hold: () => held.push('held'),
      release: () => held.push('released'),
    } as unknown as Storing,
    snapshots: {} as SnapshotSender,
    replica: () => ({ raft, step: (message: Message) => raft.step(message) }) as unknown as Replica,
    mayVote: () => true,
    failed: (error) => {
      throw error
    },
  })
  return { raft, traffic, held }
}

function snapshot(index: number, term: number): ReceivedSnapshot {
  return {
    from: 1,
    term: 1,
    meta: { index, term, confState, rows: 0, digest: '' },
    incoming: {} as ReceivedSnapshot['incoming'],
  }
}

t.test('a snapshot beyond the log is kept until it is stored', async (t) => {
  const { raft, traffic, held } = follower()
  t.equal(traffic.receiveSnapshot(snapshot(9, 1)), true)
  t.equal(raft.pendingSnapshot, 9)
  t.same(held, ['held'])
})

// Found by the simulator, seed 1071: it was held for ever, and every later snapshot was refused.
t.test('a snapshot of what the log has already is let go of', async (t) => {
  const { raft, traffic, held } = follower()
  t.equal(traffic.receiveSnapshot(snapshot(4, 1)), true, 'the sender need not send it again')
  t.equal(raft.commit, 4)
  t.equal(raft.pendingSnapshot, 0)
  t.same(held, ['held', 'released'])
})

// Found by the simulator, seed 2402 at 42baf71: it was refused, and the sender sent it for ever.
t.test('a snapshot of what is committed already is as good as taken', async (t) => {
  const { traffic } = follower()
  t.equal(traffic.judgeSnapshot(1), 'known')
  t.equal(traffic.judgeSnapshot(2), 'new')
})
