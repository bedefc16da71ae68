import { ConfigError } from './errors.ts'
import { limits, NO_LIMIT } from './limits.ts'
import type { Storage } from './storage.ts'
import type { Index, NodeId } from './types.ts'

/** How linearizable reads are confirmed: by a round of heartbeats, or by the leader's lease on time. */
export type ReadOnlyOption = 'safe' | 'lease'

/** What a node needs to know. Sizes are in bytes as `size.ts` counts them; no limit when left out. */
export interface Config {
  /** This member's id: positive, never used again for another member. */
  readonly id: NodeId
  /** Ticks without a leader before an election; the real time-out is drawn from n .. 2n-1 each time. */
  readonly electionTick: number
  /** Ticks between heartbeats; less than `electionTick`, a tenth of it is a good start. */
  readonly heartbeatTick: number
  readonly storage: Storage
  /** The last entry that the application has applied, for a restart. */
  readonly applied?: Index
  /** Ready speaks to storage through `storageAppend` / `storageApply` messages; `advance` is not called. */
  readonly asyncStorageWrites?: boolean
  /**
   * With `asyncStorageWrites`: an entry that a quorum has may be applied before this node's own disk has it (thesis,
   * 10.2.1), so that a leader whose disk is slow answers as soon as two others have it. What the application makes
   * durable of its state must then wait until the log is as far.
   */
  readonly applyUnstable?: boolean
  /** Entries of one append message. At least one entry is always sent. */
  readonly maxSizePerMsg?: number
  /** Committed entries that are being applied at once; `maxSizePerMsg` when left out. */
  readonly maxCommittedSizePerReady?: number
  /** Proposals that are not committed yet; more are refused. One is always taken. */
  readonly maxUncommittedEntriesSize?: number
  /** Append messages in flight to one follower, 256 when left out. */
  readonly maxInflightMsgs?: number
  /** Their payload in bytes; not below `maxSizePerMsg`. */
  readonly maxInflightBytes?: number
  /** A leader that hears from no quorum for an election time-out steps down; also protects its lease. */
  readonly checkQuorum?: boolean
  /** Ask before standing for election, so that a node that was cut off disturbs nobody. */
  readonly preVote?: boolean
  /** 'lease' rests on the clocks' speed and needs `checkQuorum`. 'safe' when left out. */
  readonly readOnly?: ReadOnlyOption
  /** Followers refuse proposals instead of sending them to the leader. */
  readonly disableProposalForwarding?: boolean
  /** A leader that has removed or demoted itself becomes a follower at once. */
  readonly stepDownOnRemoval?: boolean
  /**
   * A commit index that has moved gets no message of its own: it goes along with the next append or
   * heartbeat, or when `tellCommit` is called. Halves the messages of an entry; followers apply later.
   */
  readonly lazyCommit?: boolean
  /** The application checks configuration changes itself, before they are proposed. */
  readonly disableConfChangeValidation?: boolean
  /** Gives an integer in 0 .. n-1. The only randomness there is, so that runs can be repeated. */
  readonly random: (n: number) => number
  /** A veto of this node against standing for election: asked each time; it votes and follows as ever. */
  readonly mayCampaign?: () => boolean
}

export type ResolvedConfig = Required<Config>

/** Checks every field and fills in what was left out. @throws ConfigError */
export function resolveConfig(config: Config): ResolvedConfig {
  const { id, electionTick, heartbeatTick, storage, random } = config
  count('id', id, 1)
  count('heartbeatTick', heartbeatTick, 1)
  if (!Number.isSafeInteger(electionTick) || electionTick <= heartbeatTick)
    throw new ConfigError('electionTick', electionTick, `an integer above heartbeatTick (${heartbeatTick})`)
  if (typeof storage !== 'object' || storage === null) throw new ConfigError('storage', storage, 'a Storage')
  if (typeof random !== 'function') throw new ConfigError('random', random, 'a function')

  const maxSizePerMsg = size('maxSizePerMsg', config.maxSizePerMsg, NO_LIMIT)
  const maxCommitted = size('maxCommittedSizePerReady', config.maxCommittedSizePerReady, maxSizePerMsg)
  const maxUncommitted = size('maxUncommittedEntriesSize', config.maxUncommittedEntriesSize, NO_LIMIT)
  const maxInflightBytes = size('maxInflightBytes', config.maxInflightBytes, NO_LIMIT)
  if (maxInflightBytes < maxSizePerMsg)
    throw new ConfigError('maxInflightBytes', maxInflightBytes, `at least maxSizePerMsg (${maxSizePerMsg})`)
  const maxInflightMsgs = config.maxInflightMsgs ?? limits.inflightMsgsMax
  count('maxInflightMsgs', maxInflightMsgs, 1)
  const applied = config.applied ?? 0
  count('applied', applied, 0)
  const readOnly = config.readOnly ?? 'safe'
  if (readOnly !== 'safe' && readOnly !== 'lease')
    throw new ConfigError('readOnly', readOnly, "'safe' or 'lease'")
  const checkQuorum = config.checkQuorum ?? false
  if (readOnly === 'lease' && !checkQuorum)
    throw new ConfigError('readOnly', readOnly, "'safe', as checkQuorum is false")

  return {
    id,
    electionTick,
    heartbeatTick,
    storage,
    applied,
    asyncStorageWrites: config.asyncStorageWrites ?? false,
    applyUnstable: config.applyUnstable ?? false,
    maxSizePerMsg,
    maxCommittedSizePerReady: maxCommitted,
    maxUncommittedEntriesSize: maxUncommitted,
    maxInflightMsgs,
    maxInflightBytes,
    checkQuorum,
    preVote: config.preVote ?? false,
    readOnly,
    disableProposalForwarding: config.disableProposalForwarding ?? false,
    stepDownOnRemoval: config.stepDownOnRemoval ?? false,
    lazyCommit: config.lazyCommit ?? false,
    disableConfChangeValidation: config.disableConfChangeValidation ?? false,
    random,
    mayCampaign: config.mayCampaign ?? always,
  }
}

function always(): boolean {
  return true
}

function count(field: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least)
    throw new ConfigError(field, value, `an integer of at least ${least}`)
}

function size(field: string, value: number | undefined, otherwise: number): number {
  const bytes = value ?? otherwise
  if (typeof bytes !== 'number' || !(bytes > 0)) throw new ConfigError(field, bytes, 'a size above 0 bytes')
  return bytes
}
