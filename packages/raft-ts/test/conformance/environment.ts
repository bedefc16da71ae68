import {
  asV2,
  type Config,
  type ConfState,
  decodeConfChange,
  type Entry,
  type HardState,
  isLocalThread,
  MemoryStorage,
  type Message,
  type NodeId,
  RawNode,
  type Refusal,
  type Result,
  type Snapshot,
  type StorageAppend,
  type StorageApply,
} from '../../src/index.ts'
import { formatConfState, formatHardState, formatMessage, formatReady } from './format.ts'

export type NodeConfig = Omit<Config, 'id' | 'storage' | 'applied' | 'random'>

/** A command that could not be done; its message is part of the output. */
export class ScriptError extends Error {}

/** Storage whose newest snapshot is the state machine of now, and which can restart from it. */
class HistoryStorage extends MemoryStorage {
  readonly history: Snapshot[]
  restartedWith: ConfState | undefined

  constructor(first: Snapshot) {
    super()
    this.history = [first]
  }

  get applied(): Snapshot {
    return this.history.at(-1)!
  }

  get stored(): Snapshot {
    return super.snapshot()
  }

  override snapshot(): Snapshot {
    return this.applied
  }

  override initialState(): { hardState: HardState; confState: ConfState } {
    const state = super.initialState()
    return { hardState: state.hardState, confState: this.restartedWith ?? state.confState }
  }
}

interface Member {
  raw: RawNode
  readonly storage: HistoryStorage
  readonly config: NodeConfig
  appendWork: StorageAppend[]
  applyWork: StorageApply[]
}

const STABILIZE_ROUNDS_MAX = 10_000
export const ELECTION_TICK = 3
export const HEARTBEAT_TICK = 1

/** A cluster under script control: nodes with storages, and the messages that are on their way. */
export class Environment {
  readonly members: Member[] = []
  messages: Message[] = []
  /** Nothing but errors is printed. */
  quiet = false
  /** Only real nodes have spoken so far. Made-up messages may claim what no node would. */
  trusted = true
  #lines: string[] = []

  /** Gives what was printed since the last call. */
  takeOutput(): string[] {
    const lines = this.#lines
    this.#lines = []
    return lines
  }

  print(...lines: readonly string[]): void {
    if (!this.quiet) this.#lines.push(...lines)
  }

  printAlways(line: string): void {
    this.#lines.push(line)
  }

  indented(work: () => void): void {
    const before = this.#lines
    this.#lines = []
    try {
      work()
    } finally {
      this.#lines = [...before, ...this.#lines.map((line) => `  ${line}`)]
    }
  }

  member(id: NodeId): Member {
    const member = this.members[id - 1]
    if (member === undefined) throw new ScriptError(`there is no node ${id}`)
    return member
  }

  addNodes(count: number, config: NodeConfig, snapshot: Snapshot, bootstrap: boolean): void {
    for (let i = 0; i < count; i++) {
      const storage = new HistoryStorage(snapshot)
      if (bootstrap) {
        if (snapshot.index <= 1) throw new ScriptError('index must be specified as > 1 due to bootstrap')
        storage.applySnapshot(snapshot)
      }
      const id = this.members.length + 1
      const raw = this.#start(id, config, storage, snapshot.index)
      this.members.push({ raw, storage, config, appendWork: [], applyWork: [] })
    }
  }

  #start(id: NodeId, config: NodeConfig, storage: HistoryStorage, applied: number): RawNode {
    return new RawNode({ ...config, id, storage, applied, random: () => 0 })
  }

  /** Crash and restart: what was on its way to the node and what its threads had not done is lost. */
  restart(id: NodeId): void {
    const member = this.member(id)
    const { storage } = member
    const kept = this.messages.filter((m) => m.to !== id)
    const lost = this.messages.length - kept.length
    this.messages = kept
    member.appendWork = []
    member.applyWork = []
    if (storage.stored.index > storage.applied.index) storage.history.push(storage.stored)
    const { index: applied, confState } = storage.applied
    storage.restartedWith = confState
    const { hardState } = storage.initialState()
    if (hardState.commit < applied) storage.setHardState({ ...hardState, commit: applied })
    member.raw = this.#start(id, member.config, storage, applied)
    this.print(
      `lost ${lost} messages`,
      `HardState ${formatHardState(storage.initialState().hardState)}`,
      `Applied:${applied} ConfState ${formatConfState(confState)}`,
    )
  }

  processReady(id: NodeId): void {
    const { raw, storage, config, appendWork, applyWork } = this.member(id)
    const ready = raw.ready()
    this.print(...formatReady(ready))
    if (!config.asyncStorageWrites) {
      this.#append(storage, ready.hardState, ready.entries, ready.snapshot)
      this.#apply(raw, storage, ready.committedEntries)
    }
    for (const m of [...ready.messages, ...ready.messagesAfterAppend]) {
      if (m.type === 'storageAppend') appendWork.push(m)
      else if (m.type === 'storageApply') applyWork.push(m)
      else this.messages.push(m)
    }
    if (!config.asyncStorageWrites) raw.advance()
    this.check(raw)
  }

  /** One message of the append thread. */
  processAppend(id: NodeId): void {
    const member = this.member(id)
    const work = member.appendWork.shift()
    if (work === undefined) {
      this.print('no append work to perform')
      return
    }
    this.print('Processing:', ...formatMessage({ ...work, responses: [] }))
    this.#append(member.storage, work.hardState, work.entries, work.snapshot)
    this.print('Responses:', ...work.responses.flatMap((m) => formatMessage(m)))
    this.messages.push(...work.responses)
  }

  /** One message of the apply thread. */
  processApply(id: NodeId): void {
    const member = this.member(id)
    const work = member.applyWork.shift()
    if (work === undefined) {
      this.print('no apply work to perform')
      return
    }
    this.print('Processing:', ...formatMessage({ ...work, responses: [] }))
    this.#apply(member.raw, member.storage, work.entries)
    this.print('Responses:', ...work.responses.flatMap((m) => formatMessage(m)))
    this.messages.push(...work.responses)
  }

  #append(
    storage: HistoryStorage,
    hardState: HardState | undefined,
    entries: readonly Entry[],
    snapshot: Snapshot | undefined,
  ): void {
    if (hardState !== undefined) storage.setHardState(hardState)
    if (snapshot === undefined) {
      storage.append(entries)
      return
    }
    if (entries.length > 0) throw new ScriptError("can't apply snapshot and entries at the same time")
    if (storage.applySnapshot(snapshot) === 'outOfDate')
      throw new ScriptError('requested index is older than the existing snapshot')
  }

  /** The state machine appends bytes; each entry leaves a snapshot of it. */
  #apply(raw: RawNode, storage: HistoryStorage, entries: readonly Entry[]): void {
    for (const entry of entries) {
      let { confState } = storage.applied
      let update: Uint8Array = entry.data
      if (entry.type !== 'normal') {
        const change = decodeConfChange(entry)
        confState = raw.applyConfChange(change)
        update = asV2(change).context ?? new Uint8Array(0)
      }
      const data = new Uint8Array([...storage.applied.data, ...update])
      storage.history.push({ index: entry.index, term: entry.term, confState, data })
    }
  }

  /** Delivers, or drops, what is on its way to `id`; gives how many messages that were. */
  deliver(id: NodeId, options: { readonly type: string | undefined; readonly drop: boolean }): number {
    const { type, drop } = options
    const taken: Message[] = []
    const kept: Message[] = []
    for (const m of this.messages) {
      const wanted = m.to === id && !(drop && isLocal(m)) && (type === undefined || m.type === type)
      ;(wanted ? taken : kept).push(m)
    }
    this.messages = kept
    for (const m of taken) {
      const lines = formatMessage(m)
      if (drop) {
        this.print(`dropped: ${lines[0]}`, ...lines.slice(1))
      } else {
        this.print(...lines)
        this.stepInto(id, m)
      }
    }
    return taken.length
  }

  stepInto(id: NodeId, m: Message): void {
    const { raw } = this.member(id)
    const result = raw.step(m)
    if (!result.ok && m.type !== 'readIndex') this.print(refusalText(result.reason))
    this.check(raw)
  }

  check(raw: RawNode): void {
    if (this.trusted) raw.checkInvariants()
  }

  /** Runs the given nodes until nothing moves. */
  stabilize(ids: readonly NodeId[]): void {
    for (let round = 0; ; round++) {
      if (round > STABILIZE_ROUNDS_MAX) throw new ScriptError(`not stable after ${round} rounds`)
      let moved = false
      const each = (id: NodeId, what: string, work: () => void) => {
        moved = true
        this.print(`> ${id} ${what}`)
        this.indented(work)
      }
      for (const id of ids) {
        if (this.member(id).raw.hasReady()) each(id, 'handling Ready', () => this.processReady(id))
      }
      for (const id of ids) {
        if (this.messages.some((m) => m.to === id))
          each(id, 'receiving messages', () => this.deliver(id, { type: undefined, drop: false }))
      }
      for (const id of ids) {
        const { appendWork } = this.member(id)
        if (appendWork.length > 0)
          each(id, 'processing append thread', () => {
            while (appendWork.length > 0) this.processAppend(id)
          })
      }
      for (const id of ids) {
        const { applyWork } = this.member(id)
        if (applyWork.length > 0)
          each(id, 'processing apply thread', () => {
            while (applyWork.length > 0) this.processApply(id)
          })
      }
      if (!moved) return
    }
  }

  /** Throws what a refused request prints. */
  expectTaken(result: Result): void {
    if (!result.ok) throw new ScriptError(refusalText(result.reason))
  }
}

/** Local messages are delivered reliably: they cannot be dropped. */
function isLocal(m: Message): boolean {
  return m.from === m.to || isLocalThread(m.from) || isLocalThread(m.to)
}

function refusalText(reason: Refusal): string {
  switch (reason) {
    case 'peerNotFound':
      return 'raft: cannot step as peer not found'
    case 'localMessage':
      return 'raft: cannot step raft local message'
    default:
      return 'raft proposal dropped'
  }
}
