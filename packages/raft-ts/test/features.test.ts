/** What goes beyond the paper: snapshots, reads, transfer, flow control, asynchronous writes, limits. */
import t from 'tap'
import {
  APPEND_THREAD,
  type Config,
  ConfigError,
  type Entry,
  InvariantError,
  limits,
  MemoryStorage,
  type Message,
  NO_LIMIT,
  RawNode,
  type Snapshot,
  type StorageAppend,
  UsageError,
} from '../src/index.ts'
import { Inflights } from '../src/tracker/inflights.ts'
import { acknowledge, bytes, Cluster, entry, leader, type Member, member, ofType, voters } from './kit.ts'

const noData = new Uint8Array(0)

function snapshotAt(index: number, term: number, ...members: number[]): Snapshot {
  return { index, term, confState: voters(...members), data: noData }
}

function install(from: number, to: number, term: number, snapshot: Snapshot): Message {
  return { type: 'snapshot', from, to, term, snapshot }
}

/** A leader of three whose followers have all it has, entry 1. */
function settledLeader(options: Partial<Config> = {}): Member {
  const it = leader({ options })
  for (const id of [2, 3]) it.ask(acknowledge(id, it, 1))
  return it
}

const progressOf = (it: Member, id: number) => it.raw.status().progress.find((progress) => progress.id === id)

await t.test('snapshots', async (t) => {
  await t.test('a snapshot replaces log and members, and is acknowledged after its write', async (t) => {
    const it = member(1, { terms: [1, 1] })
    it.raw.step(install(2, 1, 3, snapshotAt(9, 2, 1, 2, 4)))
    const { ready } = it.handleReady()
    t.equal(ready.snapshot?.index, 9)
    t.equal(ready.messages.length, 0)
    t.same(
      ofType(ready.messagesAfterAppend, 'appendResponse').map(({ index, reject }) => [index, reject]),
      [[9, false]],
    )
    t.same(it.raw.confState.voters, [1, 2, 4])
    t.equal(it.raw.commit, 9)
    t.equal(it.raw.applied, 9)
    t.same(it.terms, [])
  })

  await t.test('a stale snapshot changes nothing and is answered with the commit', async (t) => {
    const it = member(1, { terms: [1, 1, 1], commit: 2 })
    for (const index of [1, 2]) {
      const [answer] = ofType(it.ask(install(2, 1, 1, snapshotAt(index, 1, 1, 2))), 'appendResponse')
      t.equal(answer?.index, 2)
    }
    t.same(it.terms, [1, 1, 1])
    t.same(it.raw.confState.voters, [1, 2, 3])
  })

  await t.test('a snapshot from before the compacted log is stale too', async (t) => {
    const it = member(1, { terms: [1, 1, 1], commit: 3 })
    it.drain()
    it.storage.compact(2)
    const [answer] = ofType(it.ask(install(2, 1, 1, snapshotAt(1, 1, 1, 2))), 'appendResponse')
    t.equal(answer?.index, 3)
    t.same(it.terms, [1])
  })

  await t.test('a snapshot of what the log holds already only commits', async (t) => {
    const it = member(1, { terms: [1, 1, 1], commit: 1 })
    it.ask(install(2, 1, 1, snapshotAt(2, 1, 1, 2)))
    t.equal(it.raw.commit, 2)
    t.same(it.terms, [1, 1, 1])
    t.same(it.raw.confState.voters, [1, 2, 3])
  })

  await t.test('a snapshot without this member is not taken', async (t) => {
    const it = member(1)
    it.ask(install(2, 1, 1, snapshotAt(5, 1, 2, 3)))
    t.equal(it.raw.commit, 0)
  })

  await t.test('a node does not stand while a snapshot waits to be written', async (t) => {
    const it = member(1)
    it.raw.step(install(2, 1, 1, snapshotAt(5, 1, 1, 2)))
    it.raw.campaign()
    t.equal(it.raw.role, 'follower')
  })

  await t.test('a follower behind the compacted log gets a snapshot, once, if it is alive', async (t) => {
    const it = settledLeader()
    for (let i = 0; i < 5; i++) it.raw.propose(bytes('x'))
    it.drain()
    it.ask(acknowledge(2, it, 6))
    it.storage.createSnapshot(5, voters(1, 2, 3), noData)
    it.storage.compact(5)
    const refusal: Message = { ...acknowledge(3, it, 6), reject: true, rejectHint: 1, logTerm: 1 } as Message
    t.equal(ofType(it.ask(refusal), 'snapshot').length, 1)
    t.equal(progressOf(it, 3)?.state, 'snapshot')
    it.raw.propose(bytes('y'))
    t.same(
      it.drain().filter(({ to }) => to === 3),
      [],
      'nothing is appended meanwhile',
    )
    const sent = it.ask(acknowledge(3, it, 5))
    t.equal(progressOf(it, 3)?.state, 'replicate')
    t.same(
      ofType(sent, 'append')
        .filter(({ to }) => to === 3)[0]
        ?.entries.map(({ index }) => index),
      [6, 7],
    )
  })

  await t.test('a report ends the wait for a snapshot, well or not', async (t) => {
    for (const [delivered, next] of [
      [true, 6],
      [false, 2],
    ] as const) {
      const it = settledLeader()
      for (let i = 0; i < 5; i++) it.raw.propose(bytes('x'))
      it.drain()
      it.ask(acknowledge(2, it, 6))
      it.storage.createSnapshot(5, voters(1, 2, 3), noData)
      it.storage.compact(5)
      it.ask({ ...acknowledge(3, it, 6), reject: true, rejectHint: 1, logTerm: 1 } as Message)
      it.raw.reportSnapshot(3, delivered)
      const progress = progressOf(it, 3)
      t.same([progress?.state, progress?.next, progress?.isPaused], ['probe', next, true])
    }
  })
})

await t.test('reads', async (t) => {
  const heartbeatAnswer = (from: number, it: Member, context: string): Message => ({
    type: 'heartbeatResponse',
    from,
    to: 1,
    term: it.raw.term,
    context,
  })

  await t.test('a safe read is answered when a quorum has confirmed the leader since', async (t) => {
    const it = settledLeader()
    t.ok(it.raw.readIndex('r').ok)
    t.ok(ofType(it.drain(), 'heartbeat').every(({ context }) => context === 'r'))
    t.same(it.reads, [])
    it.ask(heartbeatAnswer(2, it, 'q'))
    t.same(it.reads, [], 'an older answer does not count')
    it.ask(heartbeatAnswer(2, it, 'r'))
    t.same(it.reads, [{ index: 1, context: 'r' }])
  })

  await t.test('a minority that confirms does not answer a read', async (t) => {
    const it = leader({ size: 5 })
    for (const id of [2, 3]) it.ask(acknowledge(id, it, 1))
    it.raw.readIndex('r')
    it.drain()
    for (const _again of [1, 2]) it.ask(heartbeatAnswer(2, it, 'r'))
    t.same(it.reads, [], 'nor does one that confirms twice')
    it.ask(heartbeatAnswer(3, it, 'r'))
    t.equal(it.reads.length, 1)
  })

  await t.test('a confirmation serves all reads that came before', async (t) => {
    const it = settledLeader()
    for (const context of ['a', 'b', 'c']) it.raw.readIndex(context)
    it.drain()
    it.ask(heartbeatAnswer(3, it, 'b'))
    t.same(
      it.reads.map(({ context }) => context),
      ['a', 'b'],
    )
  })

  await t.test('a new leader answers no read before it has committed in its term', async (t) => {
    for (const readOnly of ['safe', 'lease'] as const) {
      const it = leader({ terms: [1], options: { readOnly, checkQuorum: true } })
      it.raw.readIndex('r')
      it.ask(heartbeatAnswer(2, it, 'r'))
      t.same(it.reads, [])
      it.ask(acknowledge(2, it, 2))
      it.ask(heartbeatAnswer(2, it, 'r'))
      t.same(it.reads, [{ index: 2, context: 'r' }], readOnly)
    }
  })

  await t.test('a lease read is answered at once', async (t) => {
    const it = settledLeader({ readOnly: 'lease', checkQuorum: true })
    it.raw.readIndex('r')
    t.equal(ofType(it.drain(), 'heartbeat').length, 0)
    t.same(it.reads, [{ index: 1, context: 'r' }])
  })

  await t.test('a follower forwards a read, and answers it itself', async (t) => {
    const cluster = new Cluster(3)
    cluster.elect(1)
    t.ok(cluster.get(2).raw.readIndex('r').ok)
    cluster.settle()
    t.same(cluster.get(2).reads, [{ index: 1, context: 'r' }])
    t.same(cluster.get(1).reads, [])
  })

  await t.test('without a leader a read is refused', async (t) => {
    t.same(member(1).raw.readIndex('r'), { ok: false, reason: 'noLeader' })
  })

  await t.test('the reads that wait are bounded', async (t) => {
    const it = settledLeader()
    for (let i = 0; i < limits.readsPendingMax; i++) it.raw.readIndex(`r${i}`)
    t.same(it.raw.readIndex('one more'), { ok: false, reason: 'tooManyReads' })
  })

  await t.test('reads of a lost office are not answered', async (t) => {
    const it = settledLeader()
    it.raw.readIndex('r')
    it.ask({ type: 'heartbeat', from: 2, to: 1, term: 5, commit: 0, context: '' })
    it.ask(heartbeatAnswer(2, it, 'r'))
    t.same(it.reads, [])
  })
})

await t.test('transfer of leadership', async (t) => {
  await t.test(
    'an up-to-date successor is told at once, another one is brought up to date first',
    async (t) => {
      const it = settledLeader()
      it.raw.transferLeader(2)
      t.equal(ofType(it.drain(), 'timeoutNow')[0]?.to, 2)
      const other = settledLeader()
      other.raw.propose(bytes('x'))
      other.drain()
      other.raw.transferLeader(3)
      t.equal(ofType(other.drain(), 'timeoutNow').length, 0)
      t.equal(ofType(other.ask(acknowledge(3, other, 2)), 'timeoutNow').length, 1)
    },
  )

  await t.test(
    'nothing is proposed meanwhile, and after an election time-out all is as before',
    async (t) => {
      const it = settledLeader()
      it.raw.transferLeader(2)
      t.equal(it.raw.transferee, 2)
      t.same(it.raw.propose(bytes('x')), { ok: false, reason: 'transferring' })
      for (let i = 0; i < 10; i++) it.raw.tick()
      t.equal(it.raw.transferee, 0)
      t.same(it.raw.propose(bytes('x')), { ok: true })
    },
  )

  await t.test('it works through a follower, with leases and pre-votes', async (t) => {
    const cluster = new Cluster(3, { checkQuorum: true, preVote: true })
    cluster.elect(1)
    cluster.get(3).raw.transferLeader(2)
    cluster.settle()
    t.equal(cluster.get(2).raw.role, 'leader')
    t.equal(cluster.get(1).raw.leader, 2)
  })

  await t.test('learners, strangers and the leader itself are no successors', async (t) => {
    const it = settledLeader()
    it.raw.proposeConfChange({ version: 1, id: 0, type: 'addLearner', nodeId: 4 })
    it.drain()
    it.ask(acknowledge(2, it, 2))
    for (const id of [1, 4, 9]) {
      it.raw.transferLeader(id)
      t.equal(it.raw.transferee, 0)
    }
  })

  await t.test('a veto holds against the leader too', async (t) => {
    let may = false
    const it = member(1, { options: { mayCampaign: () => may } })
    it.ask({ type: 'append', from: 2, to: 1, term: 1, index: 0, logTerm: 0, entries: [], commit: 0 })
    it.ask({ type: 'timeoutNow', from: 2, to: 1, term: 1 })
    t.equal(it.raw.role, 'follower')
    for (let i = 0; i < 20; i++) it.raw.tick()
    t.equal(it.raw.role, 'follower')
    may = true
    it.ask({ type: 'timeoutNow', from: 2, to: 1, term: 1 })
    t.equal(it.raw.role, 'candidate')
  })

  await t.test('a veto that comes during a pre-vote ends the campaign', async (t) => {
    let may = true
    const it = member(1, { options: { preVote: true, mayCampaign: () => may } })
    it.raw.campaign()
    it.drain()
    may = false
    it.ask({ type: 'preVoteResponse', from: 2, to: 1, term: 1, reject: false })
    t.equal(it.raw.role, 'follower')
    t.equal(it.raw.term, 0)
  })
})

await t.test('elections beyond the paper', async (t) => {
  await t.test(
    'a member that was cut off does not raise the term when it comes back (pre-vote)',
    async (t) => {
      const cluster = new Cluster(3, { preVote: true })
      cluster.elect(1)
      cluster.isolate(3)
      cluster.tick(3, 50)
      t.equal(cluster.get(3).raw.term, 1)
      cluster.heal()
      cluster.tick(1)
      t.equal(cluster.get(1).raw.role, 'leader')
      t.equal(cluster.get(1).raw.term, 1)
    },
  )

  await t.test('a leader that no quorum answers steps down (check quorum)', async (t) => {
    const cluster = new Cluster(3, { checkQuorum: true })
    cluster.elect(1)
    cluster.isolate(1)
    cluster.tick(1, 20)
    t.equal(cluster.get(1).raw.role, 'follower')
    t.equal(cluster.get(1).raw.leader, 0)
  })

  await t.test('a follower that forgets its leader may stand and vote at once', async (t) => {
    const cluster = new Cluster(3, { preVote: true, checkQuorum: true })
    cluster.elect(1)
    cluster.isolate(1)
    cluster.elect(2)
    t.equal(cluster.get(2).raw.role, 'preCandidate', 'the lease of 1 stands in the way')
    cluster.get(3).raw.forgetLeader()
    cluster.elect(2)
    t.equal(cluster.get(2).raw.role, 'leader')
  })

  await t.test('with lease reads a leader cannot be forgotten', async (t) => {
    const cluster = new Cluster(3, { checkQuorum: true, readOnly: 'lease' })
    cluster.elect(1)
    cluster.get(2).raw.forgetLeader()
    t.equal(cluster.get(2).raw.leader, 1)
  })

  await t.test('nobody stands with a configuration change that is committed and not applied', async (t) => {
    const it = member(1, { terms: [1] })
    const change: Entry = { index: 2, term: 1, type: 'confChangeV2', data: noData }
    it.raw.step({
      type: 'append',
      from: 2,
      to: 1,
      term: 1,
      index: 1,
      logTerm: 1,
      entries: [change],
      commit: 2,
    })
    it.raw.campaign()
    t.equal(it.raw.role, 'follower')
  })
})

await t.test('flow control', async (t) => {
  await t.test('a window full of messages pauses a follower until it acknowledges', async (t) => {
    const it = settledLeader({ maxInflightMsgs: 2 })
    for (let i = 0; i < 4; i++) it.raw.propose(bytes('x'))
    t.equal(ofType(it.drain(), 'append').filter(({ to }) => to === 2).length, 2)
    const progress = progressOf(it, 2)
    t.same([progress?.inflightCount, progress?.inflightFull, progress?.isPaused], [2, true, true])
    const sent = ofType(it.ask(acknowledge(2, it, 2)), 'append').filter(({ to }) => to === 2)
    t.same(
      sent.at(-1)?.entries.map(({ index }) => index),
      [4, 5],
    )
  })

  await t.test('a window full of bytes pauses as well', async (t) => {
    const it = settledLeader({ maxInflightBytes: 20, maxSizePerMsg: 20 })
    for (let i = 0; i < 5; i++) it.raw.propose(new Uint8Array(10))
    t.equal(ofType(it.drain(), 'append').filter(({ to }) => to === 2).length, 2)
  })

  await t.test('messages are cut to their size, but one entry always goes', async (t) => {
    const it = leader({ terms: [1, 1, 1], options: { maxSizePerMsg: 1 } })
    const sent = ofType(
      it.ask({ ...acknowledge(2, it, 3), reject: true, rejectHint: 0 } as Message),
      'append',
    )
    t.same(
      sent.map(({ entries }) => entries.length),
      [1],
    )
  })

  await t.test('proposals beyond the uncommitted limit are refused until some commit', async (t) => {
    const it = settledLeader({ maxUncommittedEntriesSize: 10 })
    t.ok(it.raw.propose(new Uint8Array(100)).ok, 'one is always taken')
    t.same(it.raw.propose(new Uint8Array(1)), { ok: false, reason: 'tooLarge' })
    t.ok(it.raw.propose(noData).ok, 'an empty one is free')
    it.drain()
    it.ask(acknowledge(2, it, 3))
    t.ok(it.raw.propose(new Uint8Array(1)).ok)
  })

  await t.test('committed entries are handed out within their limit', async (t) => {
    const it = settledLeader({ maxCommittedSizePerReady: 30 })
    it.raw.proposeMany([bytes('0123456789'), bytes('0123456789'), bytes('0123456789')])
    it.drain()
    it.raw.step(acknowledge(2, it, 4))
    const counts: number[] = []
    while (it.raw.hasReady()) counts.push(it.handleReady().ready.committedEntries.length)
    t.same(
      counts.filter((count) => count > 0),
      [1, 1, 1],
    )
  })

  await t.test('many proposals travel as one message', async (t) => {
    const it = settledLeader()
    it.raw.proposeMany(['a', 'b', 'c'].map(bytes))
    t.same(
      ofType(it.drain(), 'append').map(({ to, entries }) => [to, entries.length]),
      [
        [2, 3],
        [3, 3],
      ],
    )
  })

  await t.test('an unreachable follower is probed again', async (t) => {
    const it = settledLeader()
    it.raw.reportUnreachable(2)
    t.equal(progressOf(it, 2)?.state, 'probe')
  })

  await t.test('a wide window keeps the order of what is in flight', async (t) => {
    const window = new Inflights(1000, NO_LIMIT)
    let freed = 0
    for (let index = 1; index <= 500; index++) {
      window.add(index, 2)
      if (index % 3 !== 0) continue
      freed += 2
      window.freeUpTo(freed)
    }
    t.equal(window.count, 500 - freed)
    t.equal(window.bytes, 2 * (500 - freed))
    window.freeUpTo(500)
    t.equal(window.count, 0)
  })

  await t.test('a wrong turn is found in one probe a term, whichever side has the long tail', async (t) => {
    const run = (lead: number[], follow: number[]) => {
      const cluster = new Cluster(
        3,
        {},
        new Map([
          [1, lead],
          [2, follow],
        ]),
      )
      cluster.get(1).storage.setHardState({ term: 9, vote: 0, commit: 0 })
      cluster.get(1).restart()
      let refusals = 0
      cluster.cut = (m) => {
        if (m.type === 'appendResponse' && m.reject && m.from === 2) refusals++
        return false
      }
      cluster.elect(1)
      t.same(cluster.get(2).terms, cluster.get(1).terms)
      return refusals
    }
    const many = (term: number) => new Array<number>(50).fill(term)
    t.ok(run([1, ...many(5)], [1, ...many(2)]) <= 2)
    t.ok(run([1, ...many(2), 8], [1, ...many(4)]) <= 2)
    t.ok(run([1, ...many(3)], [1]) <= 2)
  })
})

await t.test('a commit without messages of its own', async (t) => {
  await t.test('goes along with the next append', async (t) => {
    const it = settledLeader({ lazyCommit: true })
    it.raw.propose(bytes('a'))
    it.drain()
    t.same(it.ask(acknowledge(2, it, 2)), [], 'committed, and nobody is told')
    t.equal(it.raw.commit, 2)
    t.same(it.ask(acknowledge(3, it, 2)), [])
    it.raw.propose(bytes('b'))
    t.same(
      ofType(it.drain(), 'append').map(({ to, commit, entries }) => [to, commit, entries.length]),
      [
        [2, 2, 1],
        [3, 2, 1],
      ],
    )
  })

  await t.test('is told when asked, to those that have not heard, or with a heartbeat', async (t) => {
    const cluster = new Cluster(3, { lazyCommit: true })
    const it = cluster.elect(1)
    cluster.propose(1, 'a')
    t.same(
      [1, 2, 3].map((id) => cluster.get(id).raw.commit),
      [2, 1, 1],
    )
    it.raw.tellCommit(2)
    cluster.settle()
    t.same(
      [1, 2, 3].map((id) => cluster.get(id).raw.commit),
      [2, 2, 2],
    )
    it.raw.tellCommit(2)
    t.same(it.drain(), [], 'they know')
    cluster.propose(1, 'b')
    cluster.tick(1)
    t.same(
      [1, 2, 3].map((id) => cluster.get(id).raw.commit),
      [3, 3, 3],
    )
    cluster.get(2).raw.tellCommit(3)
    t.same(cluster.get(2).drain(), [], 'a follower tells nobody')
  })

  await t.test('of a change of members is told at once: the removed one hears of it', async (t) => {
    const cluster = new Cluster(3, { lazyCommit: true })
    const it = cluster.elect(1)
    const isTaken = it.raw.proposeConfChange({ version: 1, id: 0, type: 'removeNode', nodeId: 3 })
    t.ok(isTaken.ok)
    cluster.settle()
    t.same(cluster.get(3).confState.voters, [1, 2])
  })
})

await t.test('asynchronous storage writes', async (t) => {
  const async = { asyncStorageWrites: true }
  const append = (term: number, from: number, entries: Entry[]): Message => ({
    type: 'append',
    from,
    to: 1,
    term,
    index: 0,
    logTerm: 0,
    entries,
    commit: 0,
  })
  const takeAppend = (raw: RawNode): StorageAppend => ofType(raw.ready().messages, 'storageAppend')[0]!
  const node = () => member(1, { options: async }).raw

  await t.test('everything that waits for the disk travels with the write', async (t) => {
    const raw = node()
    raw.step(append(1, 2, [entry(1, 1)]))
    const ready = raw.ready()
    t.equal(ready.messagesAfterAppend.length, 0)
    const [write] = ofType(ready.messages, 'storageAppend')
    t.same(write?.hardState, { term: 1, vote: 0, commit: 0 })
    t.same(
      write?.responses.map(({ type, to }) => [type, to]),
      [
        ['appendResponse', 2],
        ['storageAppendResponse', 1],
      ],
    )
    t.throws(() => raw.advance(), UsageError)
  })

  await t.test(
    'an acknowledgment of entries that were replaced, and replaced back, is not believed (ABA)',
    async (t) => {
      const { raw, storage } = member(1, { options: async })
      raw.step(append(1, 2, [entry(1, 1)]))
      const first = takeAppend(raw)
      raw.step(append(2, 3, [entry(1, 2)]))
      const second = takeAppend(raw)
      // The leader of term 3 has the first entry again: same index, same term as the first write.
      raw.step(append(3, 2, [entry(1, 1)]))
      const third = takeAppend(raw)
      const acknowledged = (write: StorageAppend) => {
        storage.append(write.entries)
        for (const m of write.responses) if (m.to === 1) raw.step(m)
        raw.checkInvariants()
      }
      acknowledged(first)
      acknowledged(second)
      raw.step({ type: 'append', from: 2, to: 1, term: 3, index: 1, logTerm: 1, entries: [], commit: 1 })
      const applies = () => ofType(raw.ready().messages, 'storageApply').length
      t.equal(applies(), 0, 'not durable yet, so not applied, though it is committed')
      acknowledged(third)
      t.equal(applies(), 1)
    },
  )

  await t.test(
    'what a quorum of others has is applied before the own disk has it, where that is wished',
    async (t) => {
      const appliesOf = (options: object) => {
        const { raw, storage } = member(1, { options: { ...async, ...options } })
        const write = () => {
          const { entries, responses } = takeAppend(raw)
          storage.append(entries)
          for (const m of responses) if (m.to === 1) raw.step(m)
        }
        raw.campaign()
        write()
        raw.step({ type: 'voteResponse', from: 2, to: 1, term: 1, reject: false })
        write()
        raw.propose(bytes('a'))
        takeAppend(raw)
        for (const from of [2, 3]) {
          raw.step({
            type: 'appendResponse',
            from,
            to: 1,
            term: 1,
            index: 2,
            reject: false,
            rejectHint: 0,
            logTerm: 0,
          })
        }
        t.equal(raw.commit, 2)
        const applies: number[] = []
        while (raw.hasReady()) {
          for (const { entries } of ofType(raw.ready().messages, 'storageApply'))
            applies.push(...entries.map(({ index }) => index))
        }
        raw.checkInvariants()
        return applies
      }
      t.same(appliesOf({}), [1])
      t.same(appliesOf({ applyUnstable: true }), [1, 2])
    },
  )

  await t.test('a write of a new term confirms what an earlier one had handed out', async (t) => {
    const raw = node()
    raw.step(append(1, 2, [entry(1, 1)]))
    takeAppend(raw)
    raw.step({ type: 'heartbeat', from: 3, to: 1, term: 2, commit: 0, context: '' })
    const write = takeAppend(raw)
    t.same(write.entries, [])
    const [answer] = ofType(write.responses, 'storageAppendResponse')
    t.same([answer?.term, answer?.index, answer?.logTerm], [2, 1, 1])
  })

  await t.test('a candidate counts its own vote after the write only', async (t) => {
    const raw = member(1, { size: 1, options: async }).raw
    raw.campaign()
    const write = takeAppend(raw)
    t.equal(raw.role, 'candidate')
    for (const m of write.responses) raw.step(m)
    t.equal(raw.role, 'leader')
  })

  await t.test('storage answers are taken from the own threads only', async (t) => {
    const raw = node()
    const answer = {
      type: 'storageAppendResponse',
      to: 1,
      term: 0,
      index: 1,
      logTerm: 1,
      snapshot: undefined,
    } as const
    t.same(raw.step({ ...answer, from: 2 }), { ok: false, reason: 'localMessage' })
    t.same(raw.step({ ...answer, from: APPEND_THREAD }), { ok: true })
  })
})

await t.test('refusals and errors', async (t) => {
  await t.test('proposals are refused with their reason', async (t) => {
    t.same(member(1).raw.propose(noData), { ok: false, reason: 'noLeader' })
    const follower = member(1, { options: { disableProposalForwarding: true } })
    follower.ask({ type: 'heartbeat', from: 2, to: 1, term: 1, commit: 0, context: '' })
    t.same(follower.raw.propose(noData), { ok: false, reason: 'notLeader' })
    t.same(follower.raw.proposeMany([]), { ok: true })
  })

  await t.test('a forwarded proposal is copied, so that a message may be delivered twice', async (t) => {
    const it = settledLeader()
    const m: Message = { type: 'propose', from: 2, to: 1, term: 0, entries: [entry(0, 0, 'x')] }
    it.ask(m)
    it.ask(m)
    t.same(
      it.log.map(({ index }) => index),
      [1, 2, 3],
    )
    t.equal(m.entries[0]?.index, 0)
  })

  await t.test('answers of strangers are refused', async (t) => {
    const it = settledLeader()
    t.same(it.raw.step(acknowledge(9, it, 1)), { ok: false, reason: 'peerNotFound' })
  })

  await t.test('every field of the configuration is checked, and named', async (t) => {
    const good: Config = {
      id: 1,
      electionTick: 10,
      heartbeatTick: 1,
      storage: new MemoryStorage(),
      random: () => 0,
    }
    const wrong: [Partial<Record<keyof Config, unknown>>, string][] = [
      [{ id: 0 }, 'id'],
      [{ id: 1.5 }, 'id'],
      [{ heartbeatTick: 0 }, 'heartbeatTick'],
      [{ electionTick: 1 }, 'electionTick'],
      [{ storage: undefined }, 'storage'],
      [{ random: undefined }, 'random'],
      [{ maxInflightMsgs: 0 }, 'maxInflightMsgs'],
      [{ maxSizePerMsg: -1 }, 'maxSizePerMsg'],
      [{ maxSizePerMsg: 100, maxInflightBytes: 10 }, 'maxInflightBytes'],
      [{ maxUncommittedEntriesSize: Number.NaN }, 'maxUncommittedEntriesSize'],
      [{ applied: -1 }, 'applied'],
      [{ readOnly: 'lease' }, 'readOnly'],
      [{ readOnly: 'fast' }, 'readOnly'],
    ]
    t.doesNotThrow(() => new RawNode(good))
    for (const [change, field] of wrong) {
      let thrown: unknown
      try {
        new RawNode({ ...good, ...change } as Config)
      } catch (error) {
        thrown = error
      }
      t.ok(thrown instanceof ConfigError && thrown.field === field && thrown.message.includes(field), field)
    }
  })

  await t.test('calls out of order are told', async (t) => {
    const it = member(1)
    t.throws(() => it.raw.advance(), UsageError)
    it.raw.ready()
    t.throws(() => it.raw.ready(), UsageError)
    t.throws(() => it.raw.readIndex(''), UsageError)
  })

  await t.test('a commit beyond the log stops the member: it has lost what it had promised', async (t) => {
    const it = member(1)
    const m: Message = { type: 'heartbeat', from: 2, to: 1, term: 1, commit: 5, context: '' }
    t.throws(() => it.raw.step(m), InvariantError)
  })
})

await t.test('a member that lost its disk', async (t) => {
  await t.test('is caught up after its progress was reset, and nothing committed is lost', async (t) => {
    const cluster = new Cluster(3)
    const first = cluster.elect(1)
    cluster.propose(1, 'x')
    cluster.members.delete(3)
    const fresh = cluster.add(3, voters(1, 2, 3))
    const before = first.raw.commit
    first.raw.resetProgress(3)
    t.equal(progressOf(first, 3)?.match, 0)
    cluster.settle()
    t.same(fresh.terms, first.terms)
    t.equal(progressOf(first, 3)?.match, before)
    t.equal(first.raw.commit, before)
    t.ok(cluster.propose(1, 'y'))
    t.same(fresh.terms, first.terms)
  })

  await t.test('is not sent the same entries again and again before its progress is reset', async (t) => {
    const cluster = new Cluster(3)
    const first = cluster.elect(1)
    cluster.propose(1, 'x')
    cluster.members.delete(3)
    cluster.add(3, voters(1, 2, 3))
    const { match } = progressOf(first, 3)!
    const probe = () => {
      const refusal: Message = {
        type: 'appendResponse',
        from: 3,
        to: 1,
        term: first.raw.term,
        index: match,
        logTerm: 0,
        reject: true,
        rejectHint: 0,
      }
      first.raw.step(refusal)
      return progressOf(first, 3)!
    }
    first.raw.reportUnreachable(3)
    t.equal(progressOf(first, 3)?.state, 'probe')
    for (let time = 0; time < 3; time++) {
      t.equal(probe().next, match + 1)
      t.notOk(first.raw.hasReady(), 'what it had acknowledged before is not sent at its every word')
    }
  })

  await t.test('resetting oneself, a stranger, or at a follower does nothing', async (t) => {
    const cluster = new Cluster(3)
    const first = cluster.elect(1)
    for (const id of [1, 9]) first.raw.resetProgress(id)
    t.equal(progressOf(first, 1)?.match, 1)
    cluster.get(2).raw.resetProgress(3)
    t.notOk(cluster.get(2).raw.hasReady())
  })
})

await t.test('storage in memory', async (t) => {
  await t.test('keeps the term of the last compacted entry, and nothing before', async (t) => {
    const storage = new MemoryStorage()
    storage.append([entry(1, 1), entry(2, 2), entry(3, 3)])
    t.equal(storage.compact(2), 'ok')
    t.equal(storage.compact(2), 'compacted')
    t.same(
      [storage.term(1), storage.term(2), storage.term(3), storage.term(4)],
      ['compacted', 2, 3, 'unavailable'],
    )
    t.equal(storage.entries(2, 4, NO_LIMIT), 'compacted')
    t.same([storage.firstIndex(), storage.lastIndex()], [3, 3])
  })

  await t.test('replaces on conflict, skips what is compacted, and refuses holes', async (t) => {
    const storage = new MemoryStorage()
    storage.append([entry(1, 1), entry(2, 1), entry(3, 1)])
    storage.compact(1)
    storage.append([entry(1, 1), entry(2, 2)])
    t.same(storage.entries(2, 3, NO_LIMIT), [entry(2, 2)])
    t.equal(storage.lastIndex(), 2)
    t.throws(() => storage.append([entry(4, 2)]), InvariantError)
  })

  await t.test('refuses an older snapshot', async (t) => {
    const storage = new MemoryStorage()
    t.equal(storage.applySnapshot(snapshotAt(5, 1, 1)), 'ok')
    t.equal(storage.applySnapshot(snapshotAt(5, 1, 1)), 'outOfDate')
    t.equal(storage.applySnapshot(snapshotAt(4, 1, 1)), 'outOfDate')
  })
})
