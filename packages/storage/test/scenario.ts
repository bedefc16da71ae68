import { strict as assert } from 'node:assert'
import { MemoryDisk } from '../src/memory-disk.ts'
import type { NodeStorage } from '../src/node-storage.ts'
import type { Change, ConfState, Entry, HardState, IndexTerm } from '../src/types.ts'
import { allEntries, confState, entriesOf, hard, openOn } from './kit.ts'

/** How the log and the ledger may look after a crash. */
interface LogModel {
  readonly base: IndexTerm
  readonly entries: readonly Entry[]
  readonly hardState: HardState
}

interface LedgerModel {
  readonly index: number
  readonly term: number
  readonly rows: ReadonlyMap<string, unknown>
  readonly confState: ConfState
}

/**
 * What was asked of a storage, and how much of it was acknowledged: every state that was asked for is kept,
 * and a reopened directory must show one that is not older than the last acknowledged.
 */
export class Witness {
  readonly logs: LogModel[] = [{ base: { index: 0, term: 0 }, entries: [], hardState: hard(0, 0, 0) }]
  readonly ledgers: LedgerModel[]
  logAcked = 0
  ledgerAcked = 0
  startsAcked = 0

  /** The members of an empty directory: none in one that rejoins. */
  constructor(first: ConfState = confState) {
    this.ledgers = [{ index: 0, term: 0, rows: new Map(), confState: first }]
  }

  async append(
    storage: NodeStorage,
    options: { hardState?: HardState; entries?: readonly Entry[] },
  ): Promise<void> {
    const before = this.logs.at(-1)!
    const entries = options.entries ?? []
    const first = entries[0]?.index
    const kept = first === undefined ? before.entries : before.entries.filter((e) => e.index < first)
    this.logs.push({
      base: before.base,
      entries: [...kept, ...entries],
      hardState: options.hardState ?? before.hardState,
    })
    const mine = this.logs.length - 1
    await storage.log.append(options)
    this.logAcked = Math.max(this.logAcked, mine)
  }

  async checkpoint(
    storage: NodeStorage,
    changes: readonly Change[],
    index: number,
    term: number,
  ): Promise<void> {
    const rows = new Map(this.ledgers.at(-1)!.rows)
    for (const { key, value } of changes) {
      if (value === undefined) rows.delete(key)
      else rows.set(key, value)
    }
    this.ledgers.push({ index, term, rows, confState })
    const mine = this.ledgers.length - 1
    await storage.checkpoint(changes, { index, term, confState })
    this.ledgerAcked = mine
  }

  async install(storage: NodeStorage, from: NodeStorage, hardState: HardState): Promise<void> {
    const outgoing = await from.openSnapshot()
    const incoming = await storage.receiveSnapshot(outgoing.meta)
    for await (const chunk of outgoing.chunks()) await incoming.write(chunk)
    await outgoing.close()
    const { index, term } = outgoing.meta
    const before = this.logs.at(-1)!
    // Between the switch of ledgers and the log's mark a restart makes the mark, without the hard state.
    this.logs.push({ base: { index, term }, entries: [], hardState: before.hardState })
    this.logs.push({ base: { index, term }, entries: [], hardState })
    const log = this.logs.length - 1
    const rows = new Map<string, unknown>()
    this.ledgers.push({ index, term, rows, confState })
    const ledger = this.ledgers.length - 1
    // The rows are known before anything is switched.
    const onRow = (row: { key: string; value: unknown }) => void rows.set(row.key, row.value)
    await incoming.finish({ hardState, onRow })
    this.logAcked = log
    this.ledgerAcked = ledger
  }

  /** Throws unless the reopened storage shows everything that was acknowledged, and nothing never asked for. */
  check(storage: NodeStorage, exact = false): void {
    this.#compare(
      storage,
      exact ? [this.logs.at(-1)!] : this.logs.slice(this.logAcked),
      exact ? this.ledgers : this.ledgers.slice(this.ledgerAcked),
    )
    assert(storage.starts > this.startsAcked, 'the count of starts did not grow')
  }

  /** Throws unless the reopened storage shows a state that was asked for at some time. */
  checkEarlier(storage: NodeStorage): void {
    this.#compare(storage, this.logs, this.ledgers)
  }

  #compare(storage: NodeStorage, logs: readonly LogModel[], ledgers: readonly LedgerModel[]): void {
    const entries = allEntries(storage)
    const shown = entries.map((e) => `${e.index}:${e.term}:${e.type}:${Buffer.from(e.data).toString('hex')}`)
    const { term, vote, commit } = storage.log.hardState
    const log = logs.find((model) => {
      const wanted = model.entries
        .filter((e) => e.index >= storage.log.firstIndex())
        .map((e) => `${e.index}:${e.term}:${e.type}:${Buffer.from(e.data).toString('hex')}`)
      const last = model.entries.at(-1)?.index ?? model.base.index
      // What lies before the model's base is older than a snapshot that the log was emptied for.
      const present = shown.filter((_, i) => entries[i]!.index > model.base.index)
      return (
        last === storage.log.lastIndex() &&
        wanted.join() === present.join() &&
        model.hardState.term === term &&
        model.hardState.vote === vote &&
        commit >= Math.min(model.hardState.commit, last)
      )
    })
    assert(
      log,
      `the log ends at ${storage.log.lastIndex()} in term ${term} with vote ${vote}: less than acknowledged`,
    )
    const rows = new Map(storage.rows.map((row) => [row.key, row.value]))
    const ledger = ledgers.find((model) => {
      if (model.index !== storage.meta.index || model.term !== storage.meta.term) return false
      return JSON.stringify([...model.rows].sort()) === JSON.stringify([...rows].sort())
    })
    assert(
      ledger,
      `the ledger at ${storage.meta.index} is not one that was asked for, or older than acknowledged`,
    )
    assert(storage.log.firstIndex() <= storage.meta.index + 1, 'a hole between the ledger and the log')
    assert(storage.log.lastIndex() >= storage.meta.index, 'the log ends before the ledger')
    assert(commit >= storage.meta.index && commit <= storage.log.lastIndex(), `commit ${commit} out of range`)
    assert.deepEqual(storage.meta.confState, ledger.confState)
  }
}

/** Another member, far ahead: where snapshots come from. */
export async function makeLeader(): Promise<NodeStorage> {
  const storage = await openOn(new MemoryDisk(), { nodeId: '2' })
  await storage.log.append({ hardState: hard(4, 2, 60), entries: entriesOf(1, 60, 4) })
  const changes = Array.from({ length: 20 }, (_, i) => ({
    key: `row/${i}`,
    value: { n: i, name: `row ${i}` },
  }))
  await storage.checkpoint(changes, { index: 55, term: 4, confState })
  return storage
}

/** A node's life in small: everything that storage does, once or more. */
export async function live(storage: NodeStorage, witness: Witness, leader?: NodeStorage): Promise<void> {
  witness.startsAcked = storage.starts
  await witness.append(storage, { hardState: hard(1, 2, 0) })
  await witness.append(storage, { hardState: hard(1, 2, 2), entries: entriesOf(1, 4, 1) })
  // Several in flight, conflicts among them.
  await Promise.all([
    witness.append(storage, { entries: entriesOf(5, 4, 1) }),
    witness.append(storage, { hardState: hard(2, 3, 4), entries: entriesOf(6, 3, 2) }),
    witness.append(storage, { entries: entriesOf(9, 1, 2) }),
  ])
  await witness.checkpoint(
    storage,
    [
      { key: 'a', value: 1 },
      { key: 'b', value: 'two' },
    ],
    4,
    1,
  )
  // Segments change.
  for (let i = 10; i < 30; i += 5) {
    await witness.append(storage, { hardState: hard(2, 3, i - 1), entries: entriesOf(i, 5, 2, 100) })
  }
  await witness.checkpoint(
    storage,
    [
      { key: 'a', value: undefined },
      { key: 'c', value: [1, 2] },
    ],
    20,
    2,
  )
  await witness.append(storage, { hardState: hard(3, 1, 24), entries: entriesOf(27, 2, 3) })
  await storage.rememberPeer('2', { starts: 1, lastIndex: 28 })
  if (leader !== undefined) await witness.install(storage, leader, hard(4, 2, 55))
  const next = leader === undefined ? 29 : 56
  await witness.append(storage, { hardState: hard(4, 2, next), entries: entriesOf(next, 3, 4) })
  await witness.checkpoint(storage, [{ key: 'd', value: { deep: true } }], next, 4)
  await witness.append(storage, { entries: entriesOf(next + 3, 2, 4) })
}
