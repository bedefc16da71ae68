import { RawNode, type Storage } from '@tranca/raft-ts'
import type { Config } from '../config/schema.ts'
import { limits } from '../limits.ts'
import { ticksOf } from './ticks.ts'

/** The core of Raft as a member runs it: its time-outs are the configuration's, its bounds this node's. */
export function newCore(options: {
  config: Config
  storage: Storage
  /** The last entry that the ledger has applied. */
  applied: number
  /** Ticks that this member waits longer than the election time-out, 0 .. `ticks` - 1. */
  random: (ticks: number) => number
  mayCampaign: () => boolean
}): RawNode {
  const { config, ...given } = options
  const { electionTick, heartbeatTick } = ticksOf(config.timing)
  return new RawNode({
    ...given,
    id: config.id,
    electionTick,
    heartbeatTick,
    asyncStorageWrites: true,
    applyUnstable: true,
    maxSizePerMsg: limits.appendSizeMax,
    maxCommittedSizePerReady: limits.committedSizePerReadyMax,
    maxUncommittedEntriesSize: limits.uncommittedSizeMax,
    maxInflightMsgs: limits.inflightMessagesMax,
    maxInflightBytes: limits.inflightSizeMax,
    checkQuorum: true,
    preVote: true,
    readOnly: config.reads.mode,
    disableProposalForwarding: true,
    stepDownOnRemoval: true,
    lazyCommit: true,
  })
}
