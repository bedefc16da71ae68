import { restoreConfig } from './confchange/restore.ts'
import type { ResolvedConfig } from './config.ts'
import { fail } from './errors.ts'
import { RaftLog } from './log/raft-log.ts'
import { ReadQueue } from './read-only.ts'
import { Tracker } from './tracker/tracker.ts'
import {
  type HardState,
  type Index,
  type Message,
  NONE,
  type NodeId,
  type ReadIndex,
  type ReadState,
  type Role,
  type SoftState,
  type Term,
} from './types.ts'

/**
 * The state of one member. What it does with it lives in the files beside: `election`, `replication`,
 * `leader`, `candidate`, `follower`, `membership`, and `step`, which receives everything. Only the `become`
 * methods here and `becomeLeader` change the role.
 */
export class Raft {
  readonly id: NodeId
  readonly config: ResolvedConfig
  readonly log: RaftLog
  tracker: Tracker

  /** Only grows. */
  term: Term = 0
  /** Whom this node voted for in `term`; NONE while it has not voted. */
  vote: NodeId = NONE
  role: Role = 'follower'
  /** The leader of `term` as far as known. */
  leader: NodeId = NONE
  isLearner = false

  /** Messages that may be sent at once. */
  messages: Message[] = []
  /**
   * Messages that say something about what this node has stored (votes, acknowledgments), to itself too:
   * they must wait for the write of everything that was handed out so far.
   */
  messagesAfterAppend: Message[] = []
  readStates: ReadState[] = []

  reads = new ReadQueue()
  /** Reads that came before this leader had committed anything in its term: section 6.4, step 1. */
  readsBeforeCommit: ReadIndex[] = []
  /** Whom leadership is being handed to. While it is set, nothing is proposed. */
  transferee: NodeId = NONE
  /** No configuration change is taken before this index is applied: at most one is under way. */
  pendingConfIndex: Index = 0
  /** Bytes of proposals that are not applied yet, an estimate that may only be too low. */
  uncommittedSize = 0

  /** Ticks since the leader was heard, or, for a leader, since its last quorum check. */
  electionElapsed = 0
  heartbeatElapsed = 0
  randomizedElectionTimeout = 0

  constructor(config: ResolvedConfig) {
    this.id = config.id
    this.config = config
    this.log = new RaftLog(config.storage, config.maxCommittedSizePerReady)
    this.tracker = this.newTracker()
    const { hardState, confState } = config.storage.initialState()
    restoreConfig(this.tracker, this.log.lastIndex(), confState)
    this.isLearner = this.tracker.get(this.id)?.isLearner ?? false
    this.#load(hardState)
    if (config.applied > 0) {
      // What was applied was committed, though that may not have been written (see `Ready.mustSync`).
      this.log.commitTo(config.applied)
      this.log.appliedTo(config.applied, 0)
    }
    this.becomeFollower(this.term, NONE)
  }

  newTracker(): Tracker {
    return new Tracker(this.config.maxInflightMsgs, this.config.maxInflightBytes)
  }

  get hardState(): HardState {
    return { term: this.term, vote: this.vote, commit: this.log.committed }
  }

  get softState(): SoftState {
    return { leader: this.leader, role: this.role }
  }

  /** A member that may be elected: it votes, and has no snapshot still to be written. */
  get promotable(): boolean {
    const self = this.tracker.get(this.id)
    return self !== undefined && !self.isLearner && !this.log.hasSnapshotPending
  }

  becomeFollower(term: Term, leader: NodeId): void {
    this.reset(term)
    this.role = 'follower'
    this.leader = leader
  }

  becomeCandidate(): void {
    if (this.role === 'leader') fail('a leader cannot become candidate')
    this.reset(this.term + 1)
    this.role = 'candidate'
    this.vote = this.id
  }

  /** Neither term nor vote change: asking costs nobody anything. */
  becomePreCandidate(): void {
    if (this.role === 'leader') fail('a leader cannot become pre-candidate')
    this.role = 'preCandidate'
    this.leader = NONE
    this.tracker.resetVotes()
  }

  /** Forgets everything that belongs to an office or an election. */
  reset(term: Term): void {
    if (term !== this.term) {
      if (term < this.term) fail(`term ${this.term} cannot go back to ${term}`)
      this.term = term
      this.vote = NONE
    }
    this.leader = NONE
    this.electionElapsed = 0
    this.heartbeatElapsed = 0
    this.#drawElectionTimeout()
    this.transferee = NONE
    this.tracker.resetVotes()
    this.tracker.restart(this.id, this.log.lastIndex())
    this.pendingConfIndex = 0
    this.uncommittedSize = 0
    this.reads = new ReadQueue()
  }

  #drawElectionTimeout(): void {
    const { electionTick, random } = this.config
    const extra = random(electionTick)
    if (!(Number.isInteger(extra) && extra >= 0 && extra < electionTick))
      fail(`config.random(${electionTick}) gave ${extra}, expected an integer below it`)
    this.randomizedElectionTimeout = electionTick + extra
  }

  #load({ term, vote, commit }: HardState): void {
    if (term === 0 && vote === NONE && commit === 0) return
    if (commit < this.log.committed || commit > this.log.lastIndex())
      fail(`stored commit ${commit} is out of ${this.log.committed}..${this.log.lastIndex()}`)
    this.log.committed = commit
    this.term = term
    this.vote = vote
  }
}
