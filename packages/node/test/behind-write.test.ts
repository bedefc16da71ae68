import { Ledger } from '@tranca/ledger'
import { type Entry, MemoryStorage, RawNode, type StorageAppend } from '@tranca/raft-ts'
import t from 'tap'
import { encodeBatch } from '../src/replica/batch.ts'
import { Checkpointer } from '../src/replica/checkpointer.ts'
import { Replica } from '../src/replica/replica.ts'
import { VirtualClock } from './virtual-clock.ts'

const confState = { voters: [1, 2, 3], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false }

class Members extends MemoryStorage {
  override initialState() {
    return { ...super.initialState(), confState }
  }
}

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
    const storage = new Members()
    const raft = new RawNode({
      id: 2,
      electionTick: 10,
      heartbeatTick: 1,
      random: () => 0,
      storage,
      asyncStorageWrites: true,
      applyUnstable: true,
    })
    const ledger = new Ledger({ sink: { answer: () => undefined, event: () => undefined } })
    const store = ({ hardState, entries }: StorageAppend) => {
      if (hardState) storage.setHardState(hardState)
      storage.append(entries)
      const [first] = entries
      if (!first) return Promise.resolve()
      this.done.push(`write ${first.index}`)
      return new Promise<void>((resolve) => this.writes.push(resolve))
    }
    this.replica = new Replica({
      raft,
      ledger,
      clock: this.clock,
      probe: { executed: () => undefined, applied: ({ index }) => this.done.push(`apply ${index}`) },
      applied: 0,
      confState,
      checkpointer: new Checkpointer({
        ports: { checkpoint: () => undefined },
        every: { entries: 1_000, size: 1 << 20 },
        ledger: () => ledger,
      }),
      ports: {
        send: (_to, messages) => {
          for (const m of messages) if (m.type === 'appendResponse') this.done.push(`acknowledge ${m.index}`)
        },
        leadershipChanged: () => undefined,
        serving: () => undefined,
        turnEnded: () => undefined,
        membersChanged: () => undefined,
        internalApplied: () => undefined,
        store,
        failed: (error) => {
          throw error
        },
        entriesApplied: () => undefined,
        committed: () => undefined,
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

  take(): string[] {
    return this.done.splice(0)
  }
}

t.test('what a follower may apply does not hold up the write that came with it', async (t) => {
  const follower = new Follower()
  follower.hear()
  await follower.turn()
  follower.writes.shift()!()
  await follower.turn()
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
  follower.hear()
  await follower.turn()
  follower.writes.shift()!()
  await follower.turn()
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
