import {
  type ConfChange,
  type ConfState,
  decodeConfChange,
  type Entry,
  type HardState,
  isLocalThread,
  type Message,
  type NodeId,
  RawNode,
  type ReadState,
  type Snapshot,
  type StorageAppend,
  type StorageApply,
} from '../../src/index.ts'
import { bytes, decoder, type Options, TestStorage } from '../kit.ts'
import { textOf } from './text.ts'

/** What a member's disk holds: all that a crash leaves. */
export interface Durable {
  readonly hardState: HardState
  readonly snapshot: Snapshot
  readonly entries: readonly Entry[]
}

/** Everything that can happen to one member. */
export type Input =
  | { readonly kind: 'deliver'; readonly message: Message }
  | { readonly kind: 'campaign' | 'tick' | 'stored' | 'applied' | 'compact' }
  | { readonly kind: 'crash' }
  | { readonly kind: 'propose' | 'read'; readonly name: string }
  | { readonly kind: 'change'; readonly change: ConfChange }
  | { readonly kind: 'transfer'; readonly to: NodeId }

/** How the members of a world are made, and which of their threads lag behind. */
export interface Make {
  readonly options: Options
  readonly confState: ConfState
  /** Writes and applying end at once, or each is an input of its own. */
  readonly writes: 'instant' | 'pending'
  readonly applies: 'instant' | 'pending'
  /** For the test of the explorer itself: what a crash does to a disk. */
  readonly spoil?: (durable: Durable) => Durable
}

/** A member as the truths see it. Entries are told by their term and text. */
export interface View {
  readonly raw: Pick<RawNode, 'role' | 'term' | 'commit' | 'applied' | 'leader'>
  readonly confState: ConfState
  /** The log as the member sees it, from `firstIndex` on. */
  readonly log: readonly Entry[]
  readonly firstIndex: number
  /** Names of the entries that the state machine has applied, from index 1 on. */
  readonly applied: readonly string[]
  readonly durable: Durable
  readonly writesPending: number
  readonly appliesPending: number
}

/** What an input made a member say. */
export interface Words {
  readonly sent: readonly Message[]
  readonly answers: readonly ReadState[]
  /** Broken promises that this member's own part shows already. */
  readonly faults: readonly string[]
}

export function nameOf(entry: Entry): string {
  return `${entry.term}:${entry.type === 'normal' ? decoder.decode(entry.data) : textOf(decodeConfChange(entry))}`
}

/** A real `RawNode` with storage and apply threads that do one thing at a time. */
export class Member {
  readonly raw: RawNode
  readonly #make: Make
  readonly #storage: TestStorage
  readonly #appends: StorageAppend[] = []
  readonly #applies: StorageApply[] = []
  #applied: string[]
  #sent: Message[] = []
  #answers: ReadState[] = []
  #faults: string[] = []

  constructor(id: NodeId, durable: Durable, make: Make) {
    this.#make = make
    this.#storage = new TestStorage(make.confState)
    if (durable.snapshot.index > 0) this.#storage.applySnapshot(durable.snapshot)
    this.#storage.append(durable.entries)
    this.#storage.setHardState(durable.hardState)
    this.#applied = appliedIn(durable.snapshot)
    this.raw = new RawNode({
      electionTick: 2,
      heartbeatTick: 1,
      random: () => 0,
      ...make.options,
      id,
      storage: this.#storage,
      asyncStorageWrites: true,
      applied: durable.snapshot.index,
    })
    this.#settle()
  }

  /** Does one thing and all that follows from it at once. @throws what the core throws */
  handle(input: Exclude<Input, { kind: 'crash' }>): Words {
    this.#sent = []
    this.#answers = []
    this.#faults = []
    this.#do(input)
    this.#settle()
    this.raw.checkInvariants()
    return { sent: this.#sent, answers: this.#answers, faults: this.#faults }
  }

  #do(input: Exclude<Input, { kind: 'crash' }>): void {
    switch (input.kind) {
      case 'deliver':
        this.raw.step(input.message)
        return
      case 'campaign':
        this.raw.campaign()
        return
      case 'tick':
        this.raw.tick()
        return
      case 'propose':
        this.raw.propose(bytes(input.name))
        return
      case 'change':
        this.raw.proposeConfChange(input.change)
        return
      case 'read':
        this.raw.readIndex(input.name)
        return
      case 'transfer':
        this.raw.transferLeader(input.to)
        return
      case 'stored':
        this.#store()
        return
      case 'applied':
        this.#apply()
        return
      case 'compact':
        this.#compact()
        return
      default:
        input satisfies never
    }
  }

  #settle(): void {
    const { writes, applies } = this.#make
    for (;;) {
      while (this.raw.hasReady()) this.#take()
      if (writes === 'instant' && this.#appends.length > 0) this.#store()
      else if (applies === 'instant' && this.#applies.length > 0) this.#apply()
      else return
    }
  }

  #take(): void {
    const ready = this.raw.ready()
    this.#answers.push(...ready.readStates)
    for (const m of ready.messages) {
      if (m.type === 'storageAppend') this.#appends.push(m)
      else if (m.type === 'storageApply') this.#applies.push(m)
      else this.#send(m)
    }
  }

  /** The oldest write that was asked for is done; now its messages may leave. */
  #store(): void {
    const write = this.#appends.shift()
    if (write === undefined) return
    const before = this.#storage.initialState().hardState
    if (write.hardState !== undefined) {
      const { term, vote } = write.hardState
      if (term < before.term || (term === before.term && before.vote !== 0 && vote !== before.vote))
        this.#faults.push(`its disk goes from ${textOf(before)} to ${textOf(write.hardState)}`)
      this.#storage.setHardState(write.hardState)
    }
    if (write.snapshot !== undefined && this.#storage.applySnapshot(write.snapshot) === 'ok')
      this.#applied = appliedIn(write.snapshot)
    this.#storage.append(write.entries)
    this.#respond(write.responses)
  }

  #apply(): void {
    const work = this.#applies.shift()
    if (work === undefined) return
    for (const entry of work.entries) {
      if (entry.index !== this.#applied.length + 1)
        this.#faults.push(`applies ${entry.index} after ${this.#applied.length}`)
      this.#applied.push(nameOf(entry))
      if (entry.type !== 'normal') this.raw.applyConfChange(decodeConfChange(entry))
    }
    this.#respond(work.responses)
  }

  #compact(): void {
    const index = Math.min(this.#applied.length, this.#storage.initialState().hardState.commit)
    const data = bytes(textOf(this.#applied.slice(0, index)))
    if (this.#storage.createSnapshot(index, this.raw.confState, data) !== 'outOfDate')
      this.#storage.compact(index)
  }

  #respond(responses: readonly Message[]): void {
    for (const m of responses) {
      if (!isLocalThread(m.from)) this.#checkPromise(m)
      if (m.to === this.raw.id) this.raw.step(m)
      else this.#sent.push(m)
    }
  }

  #send(m: Message): void {
    this.#checkPromise(m)
    this.#sent.push(m)
  }

  /** A vote and an acknowledgment say what is on disk: when they leave it must be there (figure 2). */
  #checkPromise(m: Message): void {
    const { hardState } = this.#storage.initialState()
    if (m.type === 'voteResponse' && !m.reject && (hardState.term !== m.term || hardState.vote !== m.to))
      this.#faults.push(`promises its vote to ${m.to} in ${m.term}, its disk says ${textOf(hardState)}`)
    if (m.type === 'appendResponse' && !m.reject) {
      if (hardState.term < m.term)
        this.#faults.push(`acknowledges in term ${m.term}, its disk says ${textOf(hardState)}`)
      if (this.#storage.lastIndex() < m.index)
        this.#faults.push(`acknowledges ${m.index}, its disk ends at ${this.#storage.lastIndex()}`)
    }
  }

  get durable(): Durable {
    const entries = entriesOf(this.#storage, this.#storage.lastIndex())
    return { hardState: this.#storage.initialState().hardState, snapshot: this.#storage.snapshot(), entries }
  }

  /** All that the future of this member depends on. */
  get picture(): string {
    return textOf([this.raw.inspect(), this.durable, this.#appends, this.#applies, this.#applied])
  }

  view(): View {
    const { raw } = this
    const { role, term, commit, applied, leader, confState } = raw
    const { log } = raw.inspect() as { log: { entries: Entry[]; offset: number; snapshot?: Snapshot } }
    const stored = log.snapshot === undefined ? entriesOf(this.#storage, log.offset - 1) : []
    return {
      raw: { role, term, commit, applied, leader },
      confState,
      log: stored.concat(log.entries),
      firstIndex: stored[0]?.index ?? log.offset,
      applied: this.#applied.slice(),
      durable: this.durable,
      writesPending: this.#appends.length,
      appliesPending: this.#applies.length,
    }
  }
}

/** The snapshots of these worlds hold the names of all entries that they stand for. */
function appliedIn(snapshot: Snapshot): string[] {
  return snapshot.index === 0 ? [] : (JSON.parse(decoder.decode(snapshot.data)) as string[])
}

function entriesOf(storage: TestStorage, last: number): Entry[] {
  const first = storage.firstIndex()
  if (last < first) return []
  const entries = storage.entries(first, last + 1, Number.POSITIVE_INFINITY)
  return typeof entries === 'string' ? [] : [...entries]
}
