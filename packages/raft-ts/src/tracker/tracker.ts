import { JointConfig } from '../quorum/joint.ts'
import { MajorityConfig, type VoteLookup, type VoteResult } from '../quorum/majority.ts'
import type { ConfState, Index, NodeId } from '../types.ts'
import { Inflights } from './inflights.ts'
import { Progress } from './progress.ts'

/** The configuration in force. Learner lists are sorted; `learnersNext` is empty unless joint. */
export interface MemberConfig {
  readonly voters: JointConfig
  readonly learners: readonly NodeId[]
  readonly learnersNext: readonly NodeId[]
  readonly autoLeave: boolean
}

export type ProgressMap = ReadonlyMap<NodeId, Progress>

const EMPTY_CONFIG: MemberConfig = Object.freeze({
  voters: new JointConfig(new MajorityConfig()),
  learners: [],
  learnersNext: [],
  autoLeave: false,
})

/** The members with their progress, and the votes of the current election. */
export class Tracker {
  readonly inflightMsgsMax: number
  readonly inflightBytesMax: number
  #config: MemberConfig = EMPTY_CONFIG
  #progress: ProgressMap = new Map()
  /** All members in the order of their ids: the order in which peers are visited. */
  #ids: readonly NodeId[] = []
  #votes = new Map<NodeId, boolean>()
  readonly #activity: VoteLookup = { get: (id) => this.#progress.get(id)?.recentActive }

  constructor(inflightMsgsMax: number, inflightBytesMax: number) {
    this.inflightMsgsMax = inflightMsgsMax
    this.inflightBytesMax = inflightBytesMax
  }

  get config(): MemberConfig {
    return this.#config
  }

  get progress(): ProgressMap {
    return this.#progress
  }

  get ids(): readonly NodeId[] {
    return this.#ids
  }

  get(id: NodeId): Progress | undefined {
    return this.#progress.get(id)
  }

  /** Puts a configuration in force. Progress and configuration always change together. */
  replace(config: MemberConfig, progress: ProgressMap): void {
    this.#config = config
    this.#progress = progress
    this.#ids = [...progress.keys()].sort((a, b) => a - b)
  }

  newInflights(): Inflights {
    return new Inflights(this.inflightMsgsMax, this.inflightBytesMax)
  }

  /** Starts all members over for a new term: nothing is known of anybody's log but one's own. */
  restart(self: NodeId, last: Index): void {
    const progress = new Map<NodeId, Progress>()
    for (const id of this.#ids) {
      const fresh = new Progress(last + 1, this.#progress.get(id)!.isLearner, false, this.newInflights())
      if (id === self) fresh.match = last
      progress.set(id, fresh)
    }
    this.#progress = progress
  }

  /** The only voter of its cluster. */
  get isSingleton(): boolean {
    const { incoming, outgoing } = this.#config.voters
    return incoming.size === 1 && outgoing.size === 0
  }

  ackedIndex(id: NodeId): Index | undefined {
    return this.#progress.get(id)?.match
  }

  /** The largest index that is durable on a quorum. */
  committed(): Index {
    return this.#config.voters.committedIndex(this)
  }

  /** A quorum was heard from since the last check. */
  quorumActive(): boolean {
    return this.#config.voters.voteResult(this.#activity) === 'won'
  }

  /** The votes of the current election, by voter. */
  get votes(): ReadonlyMap<NodeId, boolean> {
    return this.#votes
  }

  resetVotes(): void {
    this.#votes.clear()
  }

  /** The first vote of a member counts; it cannot change its mind within a term. */
  recordVote(id: NodeId, granted: boolean): void {
    if (!this.#votes.has(id)) this.#votes.set(id, granted)
  }

  voteResult(): VoteResult {
    return this.#config.voters.voteResult(this.#votes)
  }

  confState(): ConfState {
    return confStateOf(this.#config)
  }
}

export function confStateOf(config: MemberConfig): ConfState {
  return {
    voters: config.voters.incoming.voters,
    votersOutgoing: config.voters.outgoing.voters,
    learners: config.learners,
    learnersNext: config.learnersNext,
    autoLeave: config.autoLeave,
  }
}
