import { entriesApplied } from './apply.ts'
import type { ConfChange } from './confchange/change.ts'
import { encodeConfChange } from './confchange/codec.ts'
import { type Config, resolveConfig } from './config.ts'
import { UsageError } from './errors.ts'
import { forwardTransfer } from './follower.ts'
import { inspect } from './inspect.ts'
import { checkInvariants, type HighWater } from './invariants.ts'
import { snapshotReported, transferLeader, unreachable } from './leader.ts'
import { applyConfChange } from './membership.ts'
import { propose } from './proposal.ts'
import { Raft } from './raft.ts'
import { handleReadIndex } from './reads.ts'
import {
  isEmptyHardState,
  needsStorageAppend,
  needsStorageAppendResponse,
  type Ready,
  storageAppend,
  storageAppendResponse,
  storageApply,
} from './ready.ts'
import { sendAppend, tellCommit } from './replication.ts'
import { entriesSize } from './size.ts'
import { type BasicStatus, basicStatusOf, type Status, statusOf } from './status.ts'
import { stand, step, tick } from './step.ts'
import {
  type ConfState,
  draftEntry,
  type Entry,
  type EntryDraft,
  type HardState,
  type Index,
  isLocalThread,
  type Message,
  NONE,
  type NodeId,
  OK,
  type Result,
  type Role,
  refuse,
  type SoftState,
  type Term,
} from './types.ts'

/**
 * One member of a Raft cluster as a value: it eats messages, ticks and proposals, and gives what to store,
 * send and apply. It does nothing else: no I/O, no clock, no randomness of its own. Not re-entrant.
 *
 * @example
 * const node = new RawNode({ id: 1, electionTick: 10, heartbeatTick: 1, storage, random })
 * node.tick()
 * while (node.hasReady()) {
 *   const ready = node.ready()
 *   send(ready.messages)
 *   await disk.write(ready.hardState, ready.entries, ready.snapshot, ready.mustSync)
 *   send(ready.messagesAfterAppend)
 *   apply(ready.snapshot, ready.committedEntries)
 *   node.advance()
 * }
 */
export class RawNode {
  readonly #raft: Raft
  readonly #async: boolean
  /** Entries may be applied before they are durable here. */
  readonly #appliesUnstable: boolean
  #previousHardState: HardState
  #previousSoftState: SoftState
  /** What `advance` tells the core on behalf of storage, in the synchronous mode. */
  #onAdvance: Message[] = []
  #applyOnAdvance: readonly Entry[] = []
  #accepted = false
  readonly #highWater: HighWater = { term: 0, commit: 0, applied: 0 }

  /** @throws ConfigError naming the field; InvariantError when storage contradicts itself. */
  constructor(config: Config) {
    const resolved = resolveConfig(config)
    this.#raft = new Raft(resolved)
    this.#async = resolved.asyncStorageWrites
    this.#appliesUnstable = !resolved.asyncStorageWrites || resolved.applyUnstable
    this.#previousHardState = this.#raft.hardState
    this.#previousSoftState = this.#raft.softState
  }

  get id(): NodeId {
    return this.#raft.id
  }

  get role(): Role {
    return this.#raft.role
  }

  get term(): Term {
    return this.#raft.term
  }

  /** The leader of this term as far as known, or 0. */
  get leader(): NodeId {
    return this.#raft.leader
  }

  get commit(): Index {
    return this.#raft.log.committed
  }

  get applied(): Index {
    return this.#raft.log.applied
  }

  get lastIndex(): Index {
    return this.#raft.log.lastIndex()
  }

  /** Index of the snapshot that takes the log's place and is not known to be stored yet, or 0. */
  get pendingSnapshot(): Index {
    return this.#raft.log.unstable.snapshot?.index ?? 0
  }

  /** Whom leadership is being handed to, or 0. */
  get transferee(): NodeId {
    return this.#raft.transferee
  }

  /** Time has passed; call it at a steady pace. */
  tick(): void {
    tick(this.#raft)
  }

  /** Stands for election now (with a pre-vote, if so configured), unless something forbids it. */
  campaign(): void {
    stand(this.#raft)
  }

  /** Proposes one entry. `ok` means taken, not committed: it may still be lost with its leader. */
  propose(data: Uint8Array): Result {
    return propose(this.#raft, [draftEntry('normal', data)])
  }

  /** Proposes several entries as one; all are taken or none. Nothing to propose is fine. */
  proposeMany(datas: readonly Uint8Array[]): Result {
    if (datas.length === 0) return OK
    const drafts: EntryDraft[] = new Array(datas.length)
    for (let i = 0; i < datas.length; i++) drafts[i] = draftEntry('normal', datas[i]!)
    return propose(this.#raft, drafts)
  }

  /**
   * Proposes a change of members. If one is under way already, the leader puts an empty entry in its place.
   * When the entry is committed, decode it with `decodeConfChange` and call `applyConfChange`.
   */
  proposeConfChange(change: ConfChange): Result {
    const { type, data } = encodeConfChange(change)
    return propose(this.#raft, [draftEntry(type, data)])
  }

  /** Puts a committed change into force; gives the configuration to be stored with the next snapshot. */
  applyConfChange(change: ConfChange): ConfState {
    return applyConfChange(this.#raft, change)
  }

  /** A message has arrived, from another member or from this node's own storage threads. */
  step(message: Message): Result {
    switch (message.type) {
      case 'storageAppend':
      case 'storageApply':
        return refuse('localMessage')
      case 'storageAppendResponse':
      case 'storageApplyResponse':
        if (!isLocalThread(message.from)) return refuse('localMessage')
        break
      case 'appendResponse':
      case 'heartbeatResponse':
      case 'voteResponse':
      case 'preVoteResponse':
      case 'readIndexResponse':
        if (this.#raft.tracker.get(message.from) === undefined) return refuse('peerNotFound')
        break
      default:
    }
    return step(this.#raft, message)
  }

  /**
   * Asks for a linearizable read named `context` (unique among waiting reads, not empty). The answer comes
   * as a `readStates` item of a Ready; none comes if leadership changes meanwhile: ask again after a while.
   */
  readIndex(context: string): Result {
    if (context === '') throw new UsageError('readIndex: the context is empty')
    return handleReadIndex(this.#raft, { type: 'readIndex', from: NONE, to: NONE, term: 0, context })
  }

  /** Asks to hand leadership to `id`; here or, by a message, at the leader. Watch the role for the outcome. */
  transferLeader(id: NodeId): void {
    if (this.#raft.role === 'leader') transferLeader(this.#raft, id)
    else if (this.#raft.role === 'follower') forwardTransfer(this.#raft, id)
  }

  /**
   * A follower takes its leader for gone: it may vote at once, and stands as soon as it is told to. Of no
   * effect on others; ignored with lease reads, whose promise it would break.
   */
  forgetLeader(): void {
    const raft = this.#raft
    if (raft.role === 'follower' && raft.config.readOnly !== 'lease') raft.leader = NONE
  }

  /** Leader with `lazyCommit`: tells the members that have not heard yet that entries up to `index` are committed. */
  tellCommit(index: Index): void {
    if (this.#raft.role === 'leader') tellCommit(this.#raft, index)
  }

  /** The last message to `id` could not be delivered. */
  reportUnreachable(id: NodeId): void {
    unreachable(this.#raft, id)
  }

  /** A snapshot that was sent to `id` has arrived there, or has failed: without it the leader waits on. */
  reportSnapshot(id: NodeId, delivered: boolean): void {
    snapshotReported(this.#raft, id, delivered)
  }

  /**
   * Leader only: forgets how far `id`'s log had got, and probes it anew. For a member that came back with
   * less than it had acknowledged (an old disk), which would otherwise be waited for in vain.
   *
   * Lowering `match` is safe: it is a lower bound of what a member holds, and only ever used to commit
   * more. What is committed stays so. It does not make the member's lost promises good, though: an entry
   * may now be on fewer disks than a quorum, and its vote may be forgotten. So let it rejoin without a vote
   * (as a learner) until it has caught up. And make sure first that no acknowledgment from its former life
   * can still arrive (a new connection, say): it would be believed.
   */
  resetProgress(id: NodeId): void {
    const raft = this.#raft
    const progress = raft.tracker.get(id)
    if (raft.role !== 'leader' || id === raft.id || progress === undefined) return
    progress.restart(raft.log.lastIndex() + 1)
    sendAppend(raft, id)
  }

  /** Something is to be done. */
  hasReady(): boolean {
    const raft = this.#raft
    const { log } = raft
    return (
      raft.messages.length > 0 ||
      raft.messagesAfterAppend.length > 0 ||
      log.unstable.hasNextEntries ||
      log.hasNextCommitted(this.#appliesUnstable) ||
      this.#hardStateChanged() ||
      this.#softStateChanged() ||
      raft.readStates.length > 0 ||
      log.unstable.nextSnapshot() !== undefined
    )
  }

  /** Takes what is to be done out of the node. In the synchronous mode `advance` must follow. */
  ready(): Ready {
    if (this.#accepted) throw new UsageError('ready: the last Ready was not advanced')
    const raft = this.#raft
    const { log } = raft
    const hardChanged = this.#hardStateChanged()
    const entries = log.unstable.nextEntries()
    const previous = this.#previousHardState
    const messages = raft.messages
    const ready: Ready = {
      softState: this.#softStateChanged() ? raft.softState : undefined,
      hardState: hardChanged ? raft.hardState : undefined,
      readStates: raft.readStates,
      entries,
      snapshot: log.unstable.nextSnapshot(),
      committedEntries: log.nextCommitted(this.#appliesUnstable),
      messages,
      messagesAfterAppend: this.#async ? [] : raft.messagesAfterAppend.filter((m) => m.to !== raft.id),
      mustSync: entries.length > 0 || raft.vote !== previous.vote || raft.term !== previous.term,
    }
    if (this.#async) {
      if (needsStorageAppend(raft, ready)) messages.push(storageAppend(raft, ready))
      if (ready.committedEntries.length > 0) messages.push(storageApply(raft, ready.committedEntries))
    } else {
      this.#prepareAdvance(ready)
    }
    this.#accept(ready)
    return ready
  }

  /** Synchronous mode: all that the last Ready asked for is done. */
  advance(): void {
    if (this.#async) throw new UsageError('advance: with asyncStorageWrites, step the responses instead')
    if (!this.#accepted) throw new UsageError('advance: there is no Ready to advance')
    const raft = this.#raft
    const steps = this.#onAdvance
    const applied = this.#applyOnAdvance
    this.#onAdvance = []
    this.#applyOnAdvance = []
    this.#accepted = false
    for (let i = 0; i < steps.length; i++) step(raft, steps[i]!)
    entriesApplied(raft, applied)
  }

  /** All that can be told, with every member's progress; allocates. */
  status(): Status {
    return statusOf(this.#raft)
  }

  basicStatus(): BasicStatus {
    return basicStatusOf(this.#raft)
  }

  get confState(): ConfState {
    return this.#raft.tracker.confState()
  }

  /** For tests and simulation: fixes the election time-out of now, until the next change of role or term. */
  setRandomizedElectionTimeout(ticks: number): void {
    this.#raft.randomizedElectionTimeout = ticks
  }

  /** For explorers: everything that the next step may depend on, as plain data. See `inspect.ts`. */
  inspect(): object {
    const { term, vote, commit } = this.#previousHardState
    const { leader, role } = this.#previousSoftState
    return { ...inspect(this.#raft), previous: [term, vote, commit, leader, role], accepted: this.#accepted }
  }

  /** Checks all that must hold between two calls. @throws InvariantError */
  checkInvariants(): void {
    checkInvariants(this.#raft, this.#highWater)
  }

  #prepareAdvance(ready: Ready): void {
    const raft = this.#raft
    const steps = this.#onAdvance
    for (const m of raft.messagesAfterAppend) if (m.to === raft.id) steps.push(m)
    if (needsStorageAppendResponse(raft, ready)) steps.push(storageAppendResponse(raft, ready))
    this.#applyOnAdvance = ready.committedEntries
    this.#accepted = true
  }

  #accept(ready: Ready): void {
    const raft = this.#raft
    if (ready.softState !== undefined) this.#previousSoftState = ready.softState
    if (ready.hardState !== undefined) this.#previousHardState = ready.hardState
    if (ready.readStates.length > 0) raft.readStates = []
    raft.messages = []
    raft.messagesAfterAppend = []
    raft.log.unstable.acceptInProgress()
    const last = ready.committedEntries.at(-1)
    if (last !== undefined)
      raft.log.acceptApplying(last.index, entriesSize(ready.committedEntries), this.#appliesUnstable)
  }

  #softStateChanged(): boolean {
    const { role, leader } = this.#raft
    return role !== this.#previousSoftState.role || leader !== this.#previousSoftState.leader
  }

  #hardStateChanged(): boolean {
    const { term, vote, log } = this.#raft
    const previous = this.#previousHardState
    if (term === previous.term && vote === previous.vote && log.committed === previous.commit) return false
    return !isEmptyHardState(this.#raft.hardState)
  }
}
