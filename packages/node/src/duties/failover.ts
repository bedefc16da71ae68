import type { NodeId } from '@tranca/raft-ts'
import type { Clock } from '../environment/clock.ts'
import type { Replica } from '../replica/replica.ts'

/** Before the first candidate: the others notice within a moment too, and refuse until they have. */
const NOTICE_MS = 5
/** Between one candidate and the next, so that two do not split the vote. */
const STAGGER_MS = 40
/** The same where a leader hangs, in ticks. */
const STAGGER_TICKS = 2

/**
 * Nobody leads, as far as this node knows: its leader's process is gone (the connection closed, and the
 * next was refused), or it has only started. An election need not wait for the time-out then; the
 * electable members stand one after the other. PreVote keeps this safe: who still hears a leader refuses.
 */
export function standInTurn(options: {
  replica: Replica
  clock: Clock
  /** Members that may lead: voters that are neither gone nor drained. */
  electable: readonly NodeId[]
}): void {
  const { replica, clock } = options
  const { term } = replica.leadership
  const rank = [...options.electable].sort((a, b) => a - b).indexOf(replica.raft.id)
  if (rank < 0) return
  const stand = () => {
    const now = replica.leadership
    if (now.term !== term || now.leader !== 0 || now.role !== 'follower') return
    replica.campaign()
  }
  clock.after(NOTICE_MS + rank * STAGGER_MS, stand)
}

/**
 * A leader that hangs is waited for: so many ticks longer than the election time-out, 0 .. `ticks` - 1. Voters stand one
 * after the other here, too: that costs less than the random time of Raft (section 5.2), and votes do not split. The
 * first one waits a tick as well, for until then the others may still believe in the leader, and refuse.
 */
export function ticksBeforeStanding(options: {
  readonly self: NodeId
  readonly voters: readonly NodeId[]
  readonly ticks: number
  /** Gives an integer in 0 .. n-1: for those of many voters whose turn would come too late. */
  readonly random: (n: number) => number
}): number {
  const { self, voters, ticks, random } = options
  const rank = [...voters].sort((a, b) => a - b).indexOf(self)
  const turn = 1 + STAGGER_TICKS * rank
  return rank >= 0 && turn < ticks ? turn : random(ticks)
}
