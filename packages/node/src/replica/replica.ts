import type { ClientCommand, InternalCommand, Ledger, Result } from '@tranca/ledger'
import { decodeOperation } from '@tranca/protocol'
import {
  type ConfChange,
  type ConfState,
  decodeConfChange,
  type Entry,
  type Message,
  type NodeId,
  type RawNode,
  type Role,
  type StorageAppend,
  type StorageApply,
} from '@tranca/raft-ts'
import type { Cancel, Clock } from '../environment/clock.ts'
import { NodeError } from '../errors.ts'
import { limits } from '../limits.ts'
import { commandOf } from '../members/changes.ts'
import { type BatchItem, batchTime, decodeBatch, encodeBatch, itemSize } from './batch.ts'
import type { Checkpointer } from './checkpointer.ts'
import { ClusterClock } from './cluster-clock.ts'
import { Gathering } from './gathering.ts'
import { internalBytes } from './internal-bytes.ts'
import { ReadQueue } from './read-queue.ts'
import { Stages } from './stages.ts'

/** A client's command on its way through the log, and who waits for the answer here. */
export interface ClientProposal extends ClientCommand {
  readonly kind: 'client'
  readonly bytes: Uint8Array
  /** Called when the command has been applied; undefined: it waits, the answer comes later. */
  readonly origin: {
    answered(proposal: ClientProposal, result: Result | undefined): void
    /** Leadership was lost: only a resume at the next leader tells what became of it. */
    dropped(proposal: ClientProposal): void
  }
}

interface InternalProposal {
  readonly kind: 'internal'
  readonly bytes: Uint8Array
  readonly command: InternalCommand
}

type Proposal = ClientProposal | InternalProposal

/** What an entry of ours holds, kept decoded until it is applied. */
interface Proposed {
  readonly term: number
  readonly proposals: readonly Proposal[]
  readonly proposedMs: number
}

export interface Leadership {
  readonly term: number
  readonly role: Role
  /** 0: not known. */
  readonly leader: NodeId
}

/** What may look on while entries are applied, for checks of each step. It must neither throw nor change anything. */
export interface ReplicaProbe {
  /** One command of the entry that is being applied; `undefined`: it waits. */
  executed(command: ClientCommand | InternalCommand, result: Result | undefined): void
  /** The entry is applied whole; what it executed, answered and emitted was told before. */
  applied(entry: Entry, ledger: Ledger): void
}

/** What the replica tells the node around it. All calls are synchronous and must not throw. */
export interface ReplicaPorts {
  /** Messages of one turn to one member. */
  send(to: NodeId, messages: readonly Message[]): void
  /** Role, leader or term has changed. */
  leadershipChanged(now: Leadership, before: Leadership): void
  /** This leader has applied the first entry of its term: it may serve. */
  serving(): void
  /** All answers of this turn have been given. */
  turnEnded(): void
  /** A change of members has been applied. */
  membersChanged(change: ConfChange, confState: ConfState): void
  /** An internal command has been applied. */
  internalApplied(command: InternalCommand, result: Result): void
  /** `entries` are durable or `snapshot` is in force: may replace the ledger. */
  store(request: StorageAppend): Promise<void>
  /** Something broke that cannot be mended while running: the node must stop. */
  failed(error: Error): void
  entriesApplied(entries: number, commands: number): void
  committed(latencyMs: number): void
}

/**
 * The replica loop: joins raft-ts, the log and the ledger (docs/architecture.md, "How a request flows").
 * Everything that arrived in one turn of the event loop becomes one entry; whatever the
 * core then wants written, sent or applied happens at the end of that turn.
 */
export class Replica {
  readonly raft: RawNode
  ledger: Ledger
  readonly clusterClock: ClusterClock
  readonly stages: Stages
  readonly #clock: Clock
  readonly #probe: ReplicaProbe | undefined
  readonly #ports: ReplicaPorts
  readonly #checkpointer: Checkpointer
  readonly #reads: ReadQueue
  #queue: Proposal[] = []
  #queueSize = 0
  readonly #proposed = new Map<number, Proposed>()
  /** Commands in `#proposed`. */
  #inFlight = 0
  /** Commands of `#proposed` that have been applied since the last entry might have left. */
  #landed = 0
  readonly #gathering: Gathering
  /** Runs while followers may not have heard yet of what is committed. */
  #cancelTelling: Cancel | undefined
  #leadership: Leadership
  #serving = false
  /** What may be applied in the next turn: it came along with a write, which goes first. */
  #behindWrite: StorageApply[] = []
  /** Index of this term's `leader.start`; 0 until proposed. */
  #startIndex = 0
  #scheduled = false
  #isInTurn = false
  #stopped = false
  #applied: number
  confState: ConfState

  constructor(options: {
    raft: RawNode
    ledger: Ledger
    clock: Clock
    probe?: ReplicaProbe | undefined
    ports: ReplicaPorts
    checkpointer: Checkpointer
    applied: number
    confState: ConfState
  }) {
    this.raft = options.raft
    this.ledger = options.ledger
    this.confState = options.confState
    this.clusterClock = new ClusterClock(options.clock)
    this.#clock = options.clock
    this.stages = new Stages(options.clock)
    this.#probe = options.probe
    this.#ports = options.ports
    this.#checkpointer = options.checkpointer
    this.#reads = new ReadQueue(options.raft)
    this.#gathering = new Gathering(options.clock, () => this.schedule())
    this.#applied = options.applied
    this.#leadership = { term: this.raft.term, role: this.raft.role, leader: this.raft.leader }
  }

  get applied(): number {
    return this.#applied
  }

  get leadership(): Leadership {
    return this.#leadership
  }

  /** True once this leader has applied the first entry of its own term. */
  get isServing(): boolean {
    return this.#serving
  }

  /** The backlog is full: stop reading from clients until `turnEnded` finds room again. */
  get isFull(): boolean {
    return this.#queueSize > limits.proposalBacklogSizeMax
  }

  /** `turnEnded` is about to be called. */
  get isInTurn(): boolean {
    return this.#isInTurn
  }

  /** A snapshot has replaced the ledger. */
  installed(ledger: Ledger, index: number, confState: ConfState): void {
    this.ledger = ledger
    this.confState = confState
    this.#applied = index
    this.#checkpointer.restart()
  }

  stop(): void {
    this.#stopped = true
    this.#cancelTelling?.()
    this.#reads.fail()
    this.#queue = []
    this.#behindWrite = []
    this.#forgetProposed()
  }

  tick(): void {
    this.raft.tick()
    // What the core would not take is tried again.
    if (this.#queue.length > 0) this.schedule()
    else this.#scheduleIfReady()
  }

  step(message: Message): void {
    this.raft.step(message)
    this.#scheduleIfReady()
  }

  /** Stands for election now, unless something forbids it. */
  campaign(): void {
    this.raft.campaign()
    this.schedule()
  }

  /** The leader is known to be gone. */
  forgetLeader(): void {
    this.raft.forgetLeader()
    this.#noteLeadership()
    this.schedule()
  }

  /** Queues a client's command. Only a leader may be asked; its answer comes through the proposal's origin. */
  propose(proposal: ClientProposal): void {
    this.#enqueue(proposal)
  }

  /** Queues a command of the leader's own duties. */
  proposeInternal(command: InternalCommand): void {
    this.#enqueue({ kind: 'internal', bytes: internalBytes(command), command })
  }

  /** Adds an empty entry, so that the ledger's time moves on and timers that are due fire. */
  proposeTime(): boolean {
    this.schedule()
    return this.#append([], { from: 0, to: 0 })
  }

  proposeConfChange(change: ConfChange): ReturnType<RawNode['proposeConfChange']> {
    const result = this.raft.proposeConfChange(change)
    this.schedule()
    return result
  }

  /** Calls back once the ledger holds all that was acknowledged before this call; false: not this node. */
  read(callback: (current: boolean) => void): void {
    this.#reads.add(callback)
    this.schedule()
  }

  /** Asks for the end of this turn. All outside events that touch the core end with it. */
  schedule(): void {
    if (this.#scheduled || this.#stopped) return
    this.#scheduled = true
    this.#clock.endOfTurn(() => this.#turn())
  }

  /** For what as a rule changes nothing: the third member's word on an entry that two have, say. */
  #scheduleIfReady(): void {
    if (this.raft.hasReady()) this.schedule()
  }

  #enqueue(proposal: Proposal): void {
    this.#queue.push(proposal)
    this.stages.queued()
    this.#queueSize += itemSize(proposal)
    this.schedule()
  }

  #turn(): void {
    this.#scheduled = false
    if (this.#stopped) return
    this.#isInTurn = true
    try {
      this.#applyBehindWrite()
      // What is in flight lands first: whether the next entry may leave depends on it.
      this.#drain()
      if (this.#mayPropose()) this.#flushQueue()
      if (this.#serving || this.#reads.size > 0) this.#reads.flush(this.#serving)
      this.#drain()
      this.#ports.turnEnded()
      this.stages.answered()
    } catch (error) {
      this.#ports.failed(error as Error)
    } finally {
      this.#isInTurn = false
    }
  }

  #mayPropose(): boolean {
    if (!this.#serving) return false
    const [oldest] = this.#proposed.values()
    const commands = { queued: this.#queue.length, inFlight: this.#inFlight, landed: this.#landed }
    this.#landed = 0
    return this.#gathering.mayLeave(commands, oldest?.proposedMs ?? 0)
  }

  /** Makes entries of what has queued up, each at most `entrySizeMax`. */
  #flushQueue(): void {
    let from = 0
    while (from < this.#queue.length) {
      let to = from
      let size = 0
      while (to < this.#queue.length) {
        size += itemSize(this.#queue[to]!)
        if (size > limits.entrySizeMax && to > from) break
        to++
      }
      if (!this.#append(this.#queue, { from, to })) break
      from = to
    }
    if (from > 0) this.stages.proposed(from)
    if (from === this.#queue.length) {
      this.#queue = []
      this.#queueSize = 0
    } else if (from > 0) {
      this.#queue = this.#queue.slice(from)
      this.#queueSize = this.#queue.reduce((sum, item) => sum + itemSize(item), 0)
    }
  }

  /** False: the core takes no proposal now (a transfer, or too much uncommitted): try again later. */
  #append(proposals: readonly Proposal[], range: { from: number; to: number }): boolean {
    const timeMs = this.#serving ? this.clusterClock.nowMs() : 0
    const data = encodeBatch(proposals as readonly BatchItem[], range, {
      timeMs,
      wallMs: this.#clock.wallMs(),
    })
    if (!this.raft.propose(data).ok) return false
    this.#inFlight += range.to - range.from
    this.#proposed.set(this.raft.lastIndex, {
      term: this.raft.term,
      proposals:
        range.from === 0 && range.to === proposals.length ? proposals : proposals.slice(range.from, range.to),
      proposedMs: this.#clock.nowMs(),
    })
    return true
  }

  /** Does what the core wants done until it wants nothing more. */
  #drain(): void {
    const startedMs = this.#clock.nowMs()
    while (this.raft.hasReady()) {
      // A long replay leaves turns to everybody else.
      if (this.#clock.nowMs() - startedMs > limits.turnMs) return this.schedule()
      const ready = this.raft.ready()
      this.#noteLeadership()
      for (const state of ready.readStates) this.#reads.confirmed(state.context, state.index)
      const outgoing = new Map<NodeId, Message[]>()
      let isWriting = this.#behindWrite.length > 0
      for (const message of ready.messages) {
        if (message.type === 'storageAppend') {
          this.#store(message)
          if (message.entries.length > 0) isWriting = true
        } else if (message.type !== 'storageApply') collect(outgoing, message)
        else if (isWriting) this.#behindWrite.push(message)
        else this.#apply(message)
      }
      for (const [to, messages] of outgoing) this.#ports.send(to, messages)
      this.#reads.serve(this.#applied)
    }
    this.#noteLeadership()
    if (this.#behindWrite.length > 0) this.schedule()
  }

  /**
   * A quorum waits for a follower's write and not for what it applies, so that begins when the write has been
   * begun; where it is done in the process, when it is done and the leader has been told.
   */
  #applyBehindWrite(): void {
    const requests = this.#behindWrite
    this.#behindWrite = []
    for (const request of requests) this.#apply(request)
    this.#reads.serve(this.#applied)
  }

  #store(request: StorageAppend): void {
    const startedMs = this.#clock.nowMs()
    const commands = this.#commandsIn(request.entries)
    this.#ports.store(request).then(
      () => {
        if (this.#stopped) return
        this.stages.durable(commands, startedMs)
        this.#deliver(request.responses)
        this.#scheduleIfReady()
      },
      (error: unknown) => this.#ports.failed(error as Error),
    )
  }

  /** Of ours. */
  #commandsIn(entries: readonly Entry[]): number {
    let commands = 0
    for (const { index } of entries) commands += this.#proposed.get(index)?.proposals.length ?? 0
    return commands
  }

  #deliver(responses: readonly Message[]): void {
    const outgoing = new Map<NodeId, Message[]>()
    for (const message of responses) {
      if (message.to === this.raft.id) this.raft.step(message)
      else collect(outgoing, message)
    }
    for (const [to, messages] of outgoing) this.#ports.send(to, messages)
  }

  #apply(request: StorageApply): void {
    let commands = 0
    for (const entry of request.entries) commands += this.#applyEntry(entry)
    this.#ports.entriesApplied(request.entries.length, commands)
    this.#deliver(request.responses)
  }

  #applyEntry(entry: Entry): number {
    if (entry.index !== this.#applied + 1) {
      throw new NodeError(
        'ENTRY_UNREADABLE',
        `entry ${entry.index} follows ${this.#applied}, expected the next`,
      )
    }
    const proposed = this.#proposed.get(entry.index)
    if (proposed) {
      this.#proposed.delete(entry.index)
      this.#inFlight -= proposed.proposals.length
      this.#landed += proposed.proposals.length
    }
    let commands = 0
    if (entry.type !== 'normal') this.#applyConfChange(entry)
    else if (entry.data.length > 0) {
      commands = proposed?.term === entry.term ? this.#applyOwn(entry, proposed) : this.#applyStored(entry)
    }
    this.#applied = entry.index
    if (entry.index === this.#startIndex && entry.term === this.#leadership.term) this.#startServing()
    this.#probe?.applied(entry, this.ledger)
    this.#checkpointer.applied(entry, this.confState)
    return commands
  }

  /** An entry that this leader proposed: its commands are still at hand, decoded. */
  #applyOwn(entry: Entry, proposed: Proposed): number {
    const startedMs = this.#clock.nowMs()
    const { timeMs, wallMs } = batchTime(entry.data, entry.index)
    this.ledger.begin({ index: entry.index, term: entry.term, timeMs, wallMs })
    for (const proposal of proposed.proposals) {
      if (proposal.kind === 'client') proposal.origin.answered(proposal, this.#execute(proposal))
      else {
        this.#executeInternal(proposal.command)
        // Whether a follower may lead, or whom it talks to, can depend on it.
        this.raft.tellCommit(entry.index)
      }
    }
    this.#tellCommitSoon(entry.index)
    this.stages.applied(proposed.proposals.length, proposed.proposedMs, startedMs)
    this.#ports.committed(startedMs - proposed.proposedMs)
    return proposed.proposals.length
  }

  /** As a rule the next append tells it, and costs nothing. */
  #tellCommitSoon(index: number): void {
    this.#cancelTelling ??= this.#clock.after(limits.commitTellMs, () => {
      this.#cancelTelling = undefined
      this.raft.tellCommit(index)
      if (this.#applied > index) this.#tellCommitSoon(this.#applied)
      this.schedule()
    })
  }

  #applyStored(entry: Entry): number {
    const batch = decodeBatch(entry.data, entry.index)
    this.ledger.begin({ index: entry.index, term: entry.term, timeMs: batch.timeMs, wallMs: batch.wallMs })
    for (const item of batch.items) this.#applyItem(item, entry.index)
    return batch.items.length
  }

  #applyItem(item: BatchItem, index: number): void {
    const decoded = decodeOperation(item.bytes)
    if (item.kind === 'internal' && decoded.kind === 'internal') {
      this.#executeInternal(decoded.operation)
    } else if (item.kind === 'client' && decoded.kind === 'command') {
      const { session, generation } = item
      const { id, acks, operation } = decoded
      this.#execute({ session, generation, id, acks, operation })
    } else {
      throw new NodeError(
        'ENTRY_UNREADABLE',
        `log entry ${index}: a ${decoded.kind} in the place of a command`,
      )
    }
  }

  #execute(command: ClientCommand): Result | undefined {
    const result = this.ledger.apply(command)
    this.#probe?.executed(command, result)
    return result
  }

  #executeInternal(command: InternalCommand): void {
    const result = this.ledger.applyInternal(command)
    this.#probe?.executed(command, result)
    this.#ports.internalApplied(command, result)
  }

  #applyConfChange(entry: Entry): void {
    const change = decodeConfChange(entry)
    this.confState = this.raft.applyConfChange(change)
    const command = commandOf(change)
    if (command) {
      this.ledger.begin({ index: entry.index, term: entry.term, timeMs: 0, wallMs: 0 })
      // Not as an argument of the optional call: without a probe that would not be evaluated.
      const result = this.ledger.applyInternal(command)
      this.#probe?.executed(command, result)
    }
    this.#ports.membersChanged(change, this.confState)
  }

  #startServing(): void {
    this.clusterClock.start(this.ledger.timeMs)
    this.#serving = true
    this.#ports.serving()
    this.schedule()
  }

  #noteLeadership(): void {
    const before = this.#leadership
    const { term, role, leader } = this.raft
    if (before.term === term && before.role === role && before.leader === leader) return
    this.#leadership = { term, role, leader }
    const wasLeader = before.role === 'leader'
    if (wasLeader && (role !== 'leader' || before.term !== term)) this.#stopServing()
    if (role === 'leader' && (!wasLeader || before.term !== term)) this.#announceTerm()
    this.#ports.leadershipChanged(this.#leadership, before)
  }

  /** First entry of ours in a new term; its time is 0, which never moves the ledger's. */
  #announceTerm(): void {
    const command: InternalCommand = { op: 'leader.start', node: this.raft.id }
    const proposal: Proposal = { kind: 'internal', bytes: internalBytes(command), command }
    if (this.#append([proposal], { from: 0, to: 1 })) this.#startIndex = this.raft.lastIndex
  }

  #forgetProposed(): void {
    this.stages.dropped()
    this.#proposed.clear()
    this.#inFlight = 0
    this.#landed = 0
    this.#gathering.reset()
  }

  #stopServing(): void {
    this.#serving = false
    this.#startIndex = 0
    const dropped = [...[...this.#proposed.values()].flatMap((one) => one.proposals), ...this.#queue]
    this.#queue = []
    this.#queueSize = 0
    this.#forgetProposed()
    this.#reads.fail()
    for (const proposal of dropped) if (proposal.kind === 'client') proposal.origin.dropped(proposal)
  }
}

function collect(outgoing: Map<NodeId, Message[]>, message: Message): void {
  const messages = outgoing.get(message.to)
  if (messages) messages.push(message)
  else outgoing.set(message.to, [message])
}
