import {
  type Config,
  type ConfState,
  decodeConfChange,
  type Entry,
  type HardState,
  MemoryStorage,
  type Message,
  type MessageType,
  type NodeId,
  RawNode,
  type ReadState,
  type Ready,
} from '../src/index.ts'

const encoder = new TextEncoder()
export const decoder = new TextDecoder()

export function bytes(text: string): Uint8Array {
  return encoder.encode(text)
}

export type Options = Partial<Omit<Config, 'id' | 'storage'>>

export function voters(...ids: readonly NodeId[]): ConfState {
  return { voters: ids, votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false }
}

/** An entry of the given term whose data name its place. */
export function entry(index: number, term: number, text = `e${term}.${index}`): Entry {
  return { index, term, type: 'normal', data: bytes(text) }
}

/** A storage that starts with members at index 0, and entries of the given terms from index 1 on. */
export class TestStorage extends MemoryStorage {
  confState: ConfState

  constructor(confState: ConfState, terms: readonly number[] = []) {
    super()
    this.confState = confState
    this.append(terms.map((term, i) => entry(i + 1, term)))
  }

  override initialState(): { hardState: HardState; confState: ConfState } {
    const state = super.initialState()
    const { voters: ids, learners } = state.confState
    return {
      hardState: state.hardState,
      confState: ids.length + learners.length > 0 ? state.confState : this.confState,
    }
  }
}

/** One member with its storage and what it has applied. */
export class Member {
  raw: RawNode
  readonly storage: TestStorage
  readonly applied: Entry[] = []
  readonly reads: ReadState[] = []
  confState: ConfState
  readonly #options: Options

  constructor(id: NodeId, storage: TestStorage, options: Options) {
    this.storage = storage
    this.#options = options
    this.raw = start(id, storage, options)
    this.confState = this.raw.confState
  }

  /** What `storage` holds survives; everything else is gone. */
  restart(applied = 0): void {
    this.raw = start(this.raw.id, this.storage, { ...this.#options, applied })
  }

  /** Does what a Ready asks for and gives the messages in the order in which they may leave. */
  handleReady(): { readonly ready: Ready; readonly messages: readonly Message[] } {
    const ready = this.raw.ready()
    if (ready.hardState !== undefined) this.storage.setHardState(ready.hardState)
    if (ready.snapshot !== undefined) {
      this.storage.applySnapshot(ready.snapshot)
      this.confState = ready.snapshot.confState
    }
    this.storage.append(ready.entries)
    for (const committed of ready.committedEntries) {
      if (committed.type !== 'normal') this.confState = this.raw.applyConfChange(decodeConfChange(committed))
      this.applied.push(committed)
    }
    this.reads.push(...ready.readStates)
    this.raw.advance()
    this.raw.checkInvariants()
    return { ready, messages: [...ready.messages, ...ready.messagesAfterAppend] }
  }

  /** Handles all Readys; gives everything that was sent. */
  drain(): Message[] {
    const sent: Message[] = []
    while (this.raw.hasReady()) sent.push(...this.handleReady().messages)
    return sent
  }

  /** Steps a message and gives what is sent in answer. */
  ask(message: Message): Message[] {
    this.raw.step(message)
    this.raw.checkInvariants()
    return this.drain()
  }

  get log(): Entry[] {
    const { storage } = this
    const from = storage.firstIndex()
    const last = storage.lastIndex()
    if (last < from) return []
    const entries = storage.entries(from, last + 1, Number.POSITIVE_INFINITY)
    return typeof entries === 'string' ? [] : [...entries]
  }

  /** The terms of its entries, a log in short. */
  get terms(): number[] {
    return this.log.map(({ term }) => term)
  }
}

function start(id: NodeId, storage: TestStorage, options: Options): RawNode {
  return new RawNode({ electionTick: 10, heartbeatTick: 1, random: () => 0, ...options, id, storage })
}

/** A member among `size` voters with a log of the given terms, in the given term. */
export function member(
  id: NodeId,
  given: {
    readonly size?: number
    readonly terms?: readonly number[]
    readonly term?: number
    readonly vote?: NodeId
    readonly commit?: number
    readonly options?: Options
  } = {},
): Member {
  const { size = 3, terms = [], term = terms.at(-1) ?? 0, vote = 0, commit = 0, options = {} } = given
  const storage = new TestStorage(voters(...ids(size)), terms)
  storage.setHardState({ term, vote, commit })
  return new Member(id, storage, options)
}

/** A leader of term 1 or later that has sent its first appends, which went nowhere. */
export function leader(given: Parameters<typeof member>[1] = {}): Member {
  const first = member(1, given)
  first.raw.campaign()
  first.drain()
  for (const id of ids(given.size ?? 3).slice(1)) {
    if (first.raw.role === 'leader') break
    if (given.options?.preVote && first.raw.role === 'preCandidate')
      first.ask({ type: 'preVoteResponse', from: id, to: 1, term: first.raw.term + 1, reject: false })
    first.ask({ type: 'voteResponse', from: id, to: 1, term: first.raw.term, reject: false })
  }
  return first
}

export function ids(size: number): NodeId[] {
  return Array.from({ length: size }, (_, i) => i + 1)
}

export function acknowledge(from: NodeId, to: Member, index: number): Message {
  return {
    type: 'appendResponse',
    from,
    to: to.raw.id,
    term: to.raw.term,
    index,
    reject: false,
    rejectHint: 0,
    logTerm: 0,
  }
}

/** The member of the union that has `T` among its types. */
type OfType<T extends MessageType, M = Message> = M extends { readonly type: infer U }
  ? T extends U
    ? M
    : never
  : never

export function ofType<T extends MessageType>(messages: readonly Message[], type: T): OfType<T>[] {
  return messages.filter((m): m is Message & OfType<T> => m.type === type)
}

/** Members on a network that delivers everything, except what `cut` forbids. */
export class Cluster {
  readonly members = new Map<NodeId, Member>()
  cut: (m: Message) => boolean = () => false
  #onTheWay: Message[] = []

  constructor(size: number, options: Options = {}, logs: ReadonlyMap<NodeId, readonly number[]> = new Map()) {
    for (const id of ids(size)) {
      const terms = logs.get(id) ?? []
      this.members.set(id, member(id, { size, terms, options }))
    }
  }

  get(id: NodeId): Member {
    return this.members.get(id)!
  }

  /** A new node that starts from the cluster's first configuration, with nothing else. */
  add(id: NodeId, first: ConfState, options: Options = {}): Member {
    const fresh = new Member(id, new TestStorage(first), options)
    this.members.set(id, fresh)
    return fresh
  }

  isolate(...cutOff: readonly NodeId[]): void {
    this.cut = (m) => cutOff.includes(m.from) !== cutOff.includes(m.to)
  }

  heal(): void {
    this.cut = () => false
  }

  /** Runs until nothing moves. */
  settle(): void {
    for (;;) {
      for (const each of this.members.values()) this.#onTheWay.push(...each.drain())
      const batch = this.#onTheWay
      this.#onTheWay = []
      if (batch.length === 0) return
      for (const m of batch) {
        if (this.cut(m)) continue
        const to = this.members.get(m.to)
        to?.raw.step(m)
        to?.raw.checkInvariants()
      }
    }
  }

  elect(id: NodeId): Member {
    this.get(id).raw.campaign()
    this.settle()
    return this.get(id)
  }

  tick(id: NodeId, count = 1): void {
    for (let i = 0; i < count; i++) this.get(id).raw.tick()
    this.settle()
  }

  propose(id: NodeId, text: string): boolean {
    const { ok } = this.get(id).raw.propose(bytes(text))
    this.settle()
    return ok
  }
}

/** Small, fast, seeded: the same numbers for the same seed everywhere. */
export function seeded(seed: number): (n: number) => number {
  let state = seed >>> 0
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % n
  }
}
