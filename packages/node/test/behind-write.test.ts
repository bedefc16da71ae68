import type { Entry } from '@tranca/raft-ts'
import t from 'tap'
import { encodeBatch } from '../src/replica/batch.ts'
import type { Replica } from '../src/replica/replica.ts'
import { replicaOfThree } from './replica-kit.ts'
import { VirtualClock } from './virtual-clock.ts'

/** Turns end one at a time here. */
class TurnByTurn extends VirtualClock {
  #ending: (() => void)[] = []

  override endOfTurn(callback: () => void): void {
    this.#ending.push(callback)
  }

  override endTurn(): void {
    for (const callback of this.#ending.splice(0)) callback()
  }
}

/** A follower of member 1, which notes down what it does, in order. */
class Follower {
  readonly clock = new TurnByTurn()
  readonly done: string[] = []
  readonly replica: Replica
  /** Ends the oldest write. */
  readonly writes: (() => void)[] = []
  #index = 0

  constructor() {
    this.replica = replicaOfThree({
      id: 2,
      clock: this.clock,
      probe: { executed: () => undefined, applied: ({ index }) => this.done.push(`apply ${index}`) },
      written: async ({ entries: [first] }) => {
        if (!first) return
        this.done.push(`write ${first.index}`)
        await new Promise<void>((resolve) => this.writes.push(resolve))
      },
      ports: {
        send: (_to, messages) => {
          for (const m of messages) if (m.type === 'appendResponse') this.done.push(`acknowledge ${m.index}`)
        },
      },
    })
  }

  /** The leader sends its next entry, and tells that all before it are committed. */
  hear({ commit = this.#index } = {}): void {
    const index = this.#index
    const data = encodeBatch([], { from: 0, to: 0 }, { timeMs: 0, wallMs: 0 })
    const entry: Entry = { index: ++this.#index, term: 1, type: 'normal', data }
    const logTerm = index === 0 ? 0 : 1
    this.replica.step({ type: 'append', from: 1, to: 2, term: 1, index, logTerm, entries: [entry], commit })
  }

  async turn(): Promise<void> {
    this.clock.endTurn()
    for (let i = 0; i < 5; i++) await Promise.resolve()
  }

  /** The first entry has come, and is on the disk. */
  async begin(): Promise<void> {
    this.hear()
    await this.turn()
    this.writes.shift()!()
    await this.turn()
  }

  take(): string[] {
    return this.done.splice(0)
  }
}

t.test('what a follower may apply does not hold up the write that came with it', async (t) => {
  const follower = new Follower()
  await follower.begin()
  t.same(follower.take(), ['write 1', 'acknowledge 1'])

  follower.hear()
  follower.clock.endTurn()
  follower.writes.shift()!()
  for (let i = 0; i < 5; i++) await Promise.resolve()
  t.same(follower.take(), ['write 2', 'acknowledge 2'], 'a quick disk is done before anything is applied')
  await follower.turn()
  t.same(follower.take(), ['apply 1'])
})

t.test('it is applied while a slow disk writes, each entry once and in order', async (t) => {
  const follower = new Follower()
  follower.hear()
  await follower.turn()
  follower.hear()
  await follower.turn()
  t.same(follower.take(), ['write 1', 'write 2'])
  await follower.turn()
  t.same(follower.take(), ['apply 1'])
  follower.hear()
  await follower.turn()
  follower.hear()
  await follower.turn()
  await follower.turn()
  t.same(follower.take(), ['write 3', 'apply 2', 'write 4', 'apply 3'])
  for (const end of follower.writes.splice(0)) end()
  await follower.turn()
  t.same(follower.take(), ['acknowledge 1', 'acknowledge 2', 'acknowledge 3', 'acknowledge 4'])
  t.equal(follower.replica.applied, 3)
})

t.test('what comes without a write is applied at once', async (t) => {
  const follower = new Follower()
  await follower.begin()
  follower.take()
  follower.replica.step({ type: 'heartbeat', from: 1, to: 2, term: 1, commit: 1, context: '' })
  await follower.turn()
  t.same(follower.take(), ['apply 1'])
})

t.test('a node that stops applies nothing more', async (t) => {
  const follower = new Follower()
  follower.hear()
  follower.hear()
  await follower.turn()
  follower.take()
  follower.replica.stop()
  await follower.turn()
  t.same(follower.take(), [])
})

t.test('a read that waits for it is answered when it is applied, though nothing else happens', async (t) => {
  const clock = new TurnByTurn()
  let isHanging = false
  const leader = replicaOfThree({
    id: 1,
    clock,
    raft: { readOnly: 'lease', checkQuorum: true },
    written: () => (isHanging ? new Promise(() => undefined) : Promise.resolve()),
  })
  const turn = async () => {
    clock.endTurn()
    for (let i = 0; i < 5; i++) await Promise.resolve()
  }
  const settle = async () => {
    for (let i = 0; i < 5; i++) await turn()
  }
  const acknowledgeAll = () => {
    const { lastIndex: index } = leader.raft
    const rest = { reject: false, rejectHint: 0, logTerm: 0 }
    leader.step({ type: 'appendResponse', from: 2, to: 1, term: 1, index, ...rest })
  }
  leader.campaign()
  await settle()
  leader.step({ type: 'voteResponse', from: 2, to: 1, term: 1, reject: false })
  await settle()
  acknowledgeAll()
  await settle()
  leader.proposeTime()
  await settle()
  t.same([leader.isServing, leader.applied, leader.raft.lastIndex], [true, 2, 3])

  isHanging = true
  acknowledgeAll()
  leader.proposeTime()
  const answers: number[] = []
  leader.read((isCurrent) => answers.push(isCurrent ? leader.applied : -1))
  await turn()
  t.same([leader.applied, answers], [2, []], 'an entry is written first')
  await turn()
  t.same([leader.applied, answers], [3, [3]])
})
