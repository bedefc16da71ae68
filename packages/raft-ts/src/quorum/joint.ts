import type { Index, NodeId } from '../types.ts'
import { type AckedIndexer, MajorityConfig, type VoteLookup, type VoteResult } from './majority.ts'

/**
 * Two configurations at once: section 6 of the Raft paper. Decisions need a majority of both halves. When
 * `outgoing` is empty this is a plain majority of `incoming`.
 */
export class JointConfig {
  readonly incoming: MajorityConfig
  readonly outgoing: MajorityConfig
  /** All voters of both halves, sorted, each once. */
  readonly voters: readonly NodeId[]

  constructor(incoming: MajorityConfig, outgoing: MajorityConfig = new MajorityConfig()) {
    this.incoming = incoming
    this.outgoing = outgoing
    this.voters =
      outgoing.size === 0
        ? incoming.voters
        : new MajorityConfig([...incoming.voters, ...outgoing.voters]).voters
  }

  get isJoint(): boolean {
    return this.outgoing.size > 0
  }

  has(id: NodeId): boolean {
    return this.voters.includes(id)
  }

  committedIndex(acked: AckedIndexer): Index {
    return Math.min(this.incoming.committedIndex(acked), this.outgoing.committedIndex(acked))
  }

  voteResult(votes: VoteLookup): VoteResult {
    const incoming = this.incoming.voteResult(votes)
    const outgoing = this.outgoing.voteResult(votes)
    if (incoming === outgoing) return incoming
    return incoming === 'lost' || outgoing === 'lost' ? 'lost' : 'pending'
  }
}
