import type { ClientCommand, Result } from '@tranca/ledger'
import { encodeRequest, Writer } from '@tranca/protocol'
import type { Message } from '@tranca/raft-ts'
import t from 'tap'
import { limits } from '../src/limits.ts'
import { decodeBatch } from '../src/replica/batch.ts'
import { Gathering } from '../src/replica/gathering.ts'
import type { ClientProposal, Replica } from '../src/replica/replica.ts'
import { replicaOfThree } from './replica-kit.ts'
import { VirtualClock } from './virtual-clock.ts'

/** The leader of three; its own writes are durable at once, and the others do what the test says. */
class Leader {
  readonly clock = new VirtualClock()
  readonly sent: Message[] = []
  readonly answers: number[] = []
  readonly replica: Replica
  #id = 0

  constructor() {
    this.replica = replicaOfThree({
      id: 1,
      clock: this.clock,
      ports: { send: (_to, messages) => this.sent.push(...messages) },
    })
  }

  /** Lets the disk answer, and the turn end. */
  async settle(): Promise<void> {
    for (let round = 0; round < 5; round++) {
      this.clock.endTurn()
      await Promise.resolve()
    }
  }

  async stand(): Promise<void> {
    this.replica.campaign()
    await this.settle()
    this.replica.step({ type: 'voteResponse', from: 2, to: 1, term: 1, reject: false })
    await this.settle()
    await this.acknowledge()
  }

  /** The second member has all entries. */
  async acknowledge(index = this.replica.raft.lastIndex): Promise<void> {
    const { term } = this.replica.raft
    this.replica.step({
      type: 'appendResponse',
      from: 2,
      to: 1,
      term,
      index,
      reject: false,
      rejectHint: 0,
      logTerm: 0,
    })
    await this.settle()
  }

  async ask(count: number): Promise<void> {
    for (let i = 0; i < count; i++) this.replica.propose(this.#proposal())
    await this.settle()
  }

  /** Commands in each entry that was sent to the second member since the last look. */
  takeEntries(): number[] {
    const counts: number[] = []
    for (const message of this.sent.splice(0)) {
      if (message.type !== 'append' || message.to !== 2) continue
      for (const { data, index } of message.entries) {
        if (data.length > 0) counts.push(decodeBatch(data, index).items.length)
      }
    }
    return counts
  }

  #proposal(): ClientProposal {
    const operation = {
      op: 'session.open' as const,
      key: new Uint8Array(16).fill(++this.#id),
      namespace: 'n',
      client: 'c',
      installation: 'production' as const,
      ttlMs: 30_000,
      lockDelayMs: 0,
      codesMax: 20,
    }
    const writer = new Writer()
    encodeRequest(writer, 'session.open', this.#id, [], operation)
    const command: ClientCommand = { session: 0, generation: 0, id: this.#id, acks: [], operation }
    return {
      ...command,
      kind: 'client',
      bytes: writer.take().subarray(4),
      origin: {
        answered: (proposal: ClientProposal, result: Result | undefined) => {
          if (result?.ok) this.answers.push(proposal.id)
        },
        dropped: () => undefined,
      },
    }
  }
}

t.test('commands gather while an entry is in flight', async (t) => {
  const leader = new Leader()
  await leader.stand()
  t.ok(leader.replica.isServing)
  leader.takeEntries()

  await leader.ask(1)
  t.same(leader.takeEntries(), [1], 'a lone one leaves at once')
  await leader.ask(1)
  await leader.ask(2)
  t.same(leader.takeEntries(), [], 'others wait until it has landed')
  t.same(leader.answers, [])

  await leader.acknowledge()
  t.same(leader.answers, [1])
  t.same(leader.takeEntries(), [3])
  await leader.acknowledge()
  t.same(leader.answers, [1, 2, 3, 4])
  t.same(leader.takeEntries(), [])
})

t.test('an entry that is long on its way is followed by others as large', async (t) => {
  const leader = new Leader()
  await leader.stand()
  await leader.ask(2)
  t.same(leader.takeEntries(), [2])
  leader.clock.advance(limits.entryAloneMs + 1)

  await leader.ask(1)
  t.same(leader.takeEntries(), [], 'fewer than are in flight')
  await leader.ask(1)
  t.same(leader.takeEntries(), [2], 'as many')
  await leader.ask(3)
  t.same(leader.takeEntries(), [], 'fewer than in both')
  await leader.ask(1)
  t.same(leader.takeEntries(), [4])

  await leader.acknowledge()
  t.same(leader.answers, [1, 2, 3, 4, 5, 6, 7, 8])
})

t.test('where many work at a time, those who were answered have a moment to ask again', async (t) => {
  const leader = new Leader()
  await leader.stand()
  await leader.ask(20)
  t.same(leader.takeEntries(), [20])
  await leader.ask(4)
  await leader.acknowledge()
  t.equal(leader.answers.length, 20)
  t.same(leader.takeEntries(), [], 'nine tenths of 24 are waited for')
  await leader.ask(17)
  t.same(leader.takeEntries(), [])
  await leader.ask(1)
  t.same(leader.takeEntries(), [22], 'they are there')
})

t.test('where fewer work at a time, nobody is waited for', async (t) => {
  const leader = new Leader()
  await leader.stand()
  await leader.ask(17)
  await leader.acknowledge()
  leader.takeEntries()
  await leader.ask(2)
  t.same(leader.takeEntries(), [2])
})

t.test('a pause ends, and is made less often where it was in vain', async (t) => {
  const leader = new Leader()
  await leader.stand()
  /** Twenty are answered and stay away; two others ask meanwhile. True if these have to wait. */
  const isPaused = async () => {
    await leader.ask(20)
    await leader.acknowledge()
    await leader.ask(2)
    const [first, ...others] = leader.takeEntries()
    t.equal(first, 20)
    const paused = others.length === 0
    leader.clock.advance(limits.gatherMs)
    await leader.settle()
    t.same(paused ? leader.takeEntries() : others, [2])
    await leader.acknowledge()
    leader.takeEntries()
    return paused
  }
  const pauses: boolean[] = []
  for (let i = 0; i < 12; i++) pauses.push(await isPaused())
  t.same(
    pauses.flatMap((paused, at) => (paused ? [at] : [])),
    [0, 2, 6],
  )
})

/** Decides by itself; each round, so many are answered while `waiting` others wait. */
class Rounds {
  readonly clock = new VirtualClock()
  wakes = 0
  readonly gathering = new Gathering(this.clock, () => this.wakes++)

  mayLeave(queued: number, landed = 0): boolean {
    return this.gathering.mayLeave({ queued, inFlight: 0, landed }, 0)
  }

  /** True if there was a pause; `come` ask during it. */
  isPaused({ landed = 20, waiting = 1, come = 0 }): boolean {
    const left = this.mayLeave(waiting, landed)
    if (left) return false
    this.clock.advance(limits.gatherMs)
    if (!this.mayLeave(waiting + come)) throw new Error('the pause has no end')
    return true
  }

  /** Of so many rounds, those with a pause. */
  pausesIn(rounds: number, round: { landed?: number; waiting?: number; come?: number }): number[] {
    return Array.from({ length: rounds }, () => this.isPaused(round)).flatMap((paused, at) =>
      paused ? [at] : [],
    )
  }
}

t.test('pauses that are worth it again are made more often again', async (t) => {
  const rounds = new Rounds()
  t.same(rounds.pausesIn(14, { come: 0 }), [0, 2, 6])
  t.same(rounds.pausesIn(10, { come: 20 }), [0, 4, 6, 7, 8, 9])
})

t.test('commands that waited before are not what a pause brought', async (t) => {
  t.same(new Rounds().pausesIn(7, { landed: 10, waiting: 20 }), [0, 2, 6])
})

t.test('however many pauses were in vain, there is another one', async (t) => {
  const pauses = new Rounds().pausesIn(2_000, { come: 0 })
  t.equal(pauses.at(-1)! - pauses.at(-2)!, limits.gatherSparedMax + 1)
})

t.test('a pause that was given up ends no later one', async (t) => {
  const rounds = new Rounds()
  t.notOk(rounds.mayLeave(1, 20))
  rounds.clock.advance(limits.gatherMs / 2)
  rounds.gathering.reset()
  t.notOk(rounds.mayLeave(1, 20))
  rounds.clock.advance(limits.gatherMs / 2)
  t.notOk(rounds.mayLeave(1))
  t.equal(rounds.wakes, 0)
  rounds.clock.advance(limits.gatherMs / 2)
  t.equal(rounds.wakes, 1)
  t.ok(rounds.mayLeave(1))
})

t.test('a leader that goes leaves no pause behind', async (t) => {
  const leader = new Leader()
  await leader.stand()
  await leader.ask(20)
  await leader.acknowledge()
  leader.takeEntries()
  leader.replica.stop()
  leader.clock.advance(limits.gatherMs)
  await leader.settle()
  t.same(leader.takeEntries(), [])
})

t.test('followers hear of a commit with the next entry, or a little later', async (t) => {
  const leader = new Leader()
  await leader.stand()
  leader.clock.advance(limits.commitTellMs)
  await leader.settle()
  const commits = () => leader.sent.splice(0).flatMap((m) => (m.type === 'append' ? [[m.to, m.commit]] : []))

  await leader.ask(1)
  leader.sent.splice(0)
  await leader.acknowledge()
  t.same(commits(), [], 'not by a message of its own')
  leader.clock.advance(limits.commitTellMs)
  await leader.settle()
  t.same(
    commits().filter(([to]) => to === 2),
    [[2, leader.replica.raft.commit]],
  )
  leader.clock.advance(10 * limits.commitTellMs)
  await leader.settle()
  t.same(
    commits().filter(([to]) => to === 2),
    [],
    'once',
  )
})
