import type { Index, NodeId } from '../types.ts'

/** The answer of a vote that is still being counted. */
export type VoteResult = 'pending' | 'lost' | 'won'

/** Finds the index that a voter has acknowledged; undefined when nothing was heard from it. */
export interface AckedIndexer {
  ackedIndex(id: NodeId): Index | undefined
}

/** Finds a voter's vote; undefined while it has not voted. A `Map` is one. */
export interface VoteLookup {
  get(id: NodeId): boolean | undefined
}

/** What an empty configuration commits: no limit, so that the other half of a joint one decides alone. */
export const COMMITS_ALL: Index = Number.POSITIVE_INFINITY

/** A set of voters that decides by simple majority. Immutable; `voters` is sorted. */
export class MajorityConfig {
  readonly voters: readonly NodeId[]
  /** Room for `committedIndex` to sort in, so that an acknowledgment allocates nothing. */
  readonly #scratch: Float64Array

  constructor(voters: Iterable<NodeId> = []) {
    this.voters = [...new Set(voters)].sort((a, b) => a - b)
    this.#scratch = new Float64Array(this.voters.length)
  }

  get size(): number {
    return this.voters.length
  }

  has(id: NodeId): boolean {
    return this.voters.includes(id)
  }

  with(id: NodeId): MajorityConfig {
    return this.has(id) ? this : new MajorityConfig([...this.voters, id])
  }

  without(id: NodeId): MajorityConfig {
    return this.has(id) ? new MajorityConfig(this.voters.filter((voter) => voter !== id)) : this
  }

  /** The largest index that a majority has acknowledged: section 5.3 of the Raft paper. */
  committedIndex(acked: AckedIndexer): Index {
    const voters = this.voters
    const count = voters.length
    if (count === 0) return COMMITS_ALL
    // Insertion sort: configurations have a handful of members, mostly in order already.
    const sorted = this.#scratch
    for (let i = 0; i < count; i++) {
      const index = acked.ackedIndex(voters[i]!) ?? 0
      let at = i
      while (at > 0 && sorted[at - 1]! > index) {
        sorted[at] = sorted[at - 1]!
        at--
      }
      sorted[at] = index
    }
    return sorted[count - (Math.floor(count / 2) + 1)]!
  }

  /** An empty configuration wins every vote, for the sake of joint configurations. */
  voteResult(votes: VoteLookup): VoteResult {
    const count = this.voters.length
    if (count === 0) return 'won'
    let granted = 0
    let missing = 0
    for (let i = 0; i < count; i++) {
      const vote = votes.get(this.voters[i]!)
      if (vote === undefined) missing++
      else if (vote) granted++
    }
    const quorum = Math.floor(count / 2) + 1
    if (granted >= quorum) return 'won'
    return granted + missing >= quorum ? 'pending' : 'lost'
  }
}
