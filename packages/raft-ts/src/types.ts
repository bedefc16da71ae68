/** A member's id: a positive safe integer. 0 ({@link NONE}) means "nobody". */
export type NodeId = number
/** A leader's term of office, from 1. 0 stands for "before the first" and for messages without a term. */
export type Term = number
/** A position in the log, from 1. */
export type Index = number

export const NONE: NodeId = 0
/** Address of the local thread that makes entries, hard state and snapshots durable (async storage writes). */
export const APPEND_THREAD: NodeId = -1
/** Address of the local thread that applies committed entries (async storage writes). */
export const APPLY_THREAD: NodeId = -2

/** True for the addresses of this node's own storage threads, false for members. */
export function isLocalThread(id: NodeId): boolean {
  return id === APPEND_THREAD || id === APPLY_THREAD
}

export type EntryType = 'normal' | 'confChange' | 'confChangeV2'

/** One log entry. Immutable once it is in a log; `data` is never copied, so do not write into it. */
export interface Entry {
  readonly index: Index
  readonly term: Term
  readonly type: EntryType
  readonly data: Uint8Array
}

/** An entry that nobody else has seen yet: the leader gives it its place in the log in place. */
export type EntryDraft = { -readonly [K in keyof Entry]: Entry[K] }

export function draftEntry(type: EntryType, data: Uint8Array): EntryDraft {
  return { index: 0, term: 0, type, data }
}

export const EMPTY_DATA: Uint8Array = new Uint8Array(0)

/** What a member must never forget: written before any message that rests on it is sent (Raft figure 2). */
export interface HardState {
  readonly term: Term
  readonly vote: NodeId
  readonly commit: Index
}

export type Role = 'follower' | 'preCandidate' | 'candidate' | 'leader'

/** What may be forgotten; useful for logs, redirects and metrics. */
export interface SoftState {
  readonly leader: NodeId
  readonly role: Role
}

/**
 * The members as they stand at one log index. Outside of a joint configuration `votersOutgoing` and
 * `learnersNext` are empty. All lists are sorted.
 */
export interface ConfState {
  readonly voters: readonly NodeId[]
  readonly votersOutgoing: readonly NodeId[]
  readonly learners: readonly NodeId[]
  /** Voters of the outgoing half that become learners when the joint configuration is left. */
  readonly learnersNext: readonly NodeId[]
  /** The leader leaves the joint configuration by itself once it has been applied. */
  readonly autoLeave: boolean
}

/** A state machine image that replaces the log up to `index`. `data` belongs to the application. */
export interface Snapshot {
  readonly index: Index
  readonly term: Term
  readonly confState: ConfState
  readonly data: Uint8Array
}

/** An answer to a read: once `index` is applied, the state machine may serve the read named `context`. */
export interface ReadState {
  readonly index: Index
  readonly context: string
}

interface Envelope {
  readonly from: NodeId
  readonly to: NodeId
  /** The sender's term; 0 where a term has no meaning (`propose`, `readIndex`, `storageApply`). */
  readonly term: Term
}

/** Asks for a vote: section 5.2 of the Raft paper. `index` and `logTerm` are those of the last entry. */
export interface VoteRequest extends Envelope {
  /** `preVote` asks "would you?": it changes nobody's term or vote (dissertation, section 9.6). */
  readonly type: 'vote' | 'preVote'
  readonly index: Index
  readonly logTerm: Term
  /** The leader itself asked for this election, so a leader's lease does not forbid it. */
  readonly transfer: boolean
}

export interface VoteResponse extends Envelope {
  readonly type: 'voteResponse' | 'preVoteResponse'
  readonly reject: boolean
}

/** Entries after (`index`, `logTerm`), the leader's commit index with them. May be empty. */
export interface Append extends Envelope {
  readonly type: 'append'
  readonly index: Index
  readonly logTerm: Term
  readonly entries: readonly Entry[]
  readonly commit: Index
}

/**
 * Accepted: the log agrees with the leader's up to `index`. Rejected: entry `index` does not fit;
 * (`rejectHint`, `logTerm`) is the highest position at which the logs may still agree.
 */
export interface AppendResponse extends Envelope {
  readonly type: 'appendResponse'
  readonly index: Index
  readonly reject: boolean
  readonly rejectHint: Index
  readonly logTerm: Term
}

export interface Heartbeat extends Envelope {
  readonly type: 'heartbeat'
  readonly commit: Index
  /** The newest pending read that this heartbeat confirms the leader for, or ''. */
  readonly context: string
}

export interface HeartbeatResponse extends Envelope {
  readonly type: 'heartbeatResponse'
  readonly context: string
}

export interface InstallSnapshot extends Envelope {
  readonly type: 'snapshot'
  readonly snapshot: Snapshot
}

/** Proposals on their way to the leader; index and term of the entries are 0 until it appends them. */
export interface Propose extends Envelope {
  readonly type: 'propose'
  readonly entries: readonly Entry[]
}

export interface ReadIndex extends Envelope {
  readonly type: 'readIndex'
  readonly context: string
}

export interface ReadIndexResponse extends Envelope {
  readonly type: 'readIndexResponse'
  readonly index: Index
  readonly context: string
}

/** A request, made at a follower, that the leader hands its office to `transferee`. */
export interface TransferLeader extends Envelope {
  readonly type: 'transferLeader'
  readonly transferee: NodeId
}

/** The leader tells its chosen successor to stand for election at once. */
export interface TimeoutNow extends Envelope {
  readonly type: 'timeoutNow'
}

/**
 * To the append thread: write all of it durably, in order of arrival, then deliver `responses`
 * (those to other members over the network, those to this node through `RawNode.step`).
 */
export interface StorageAppend extends Envelope {
  readonly type: 'storageAppend'
  readonly hardState: HardState | undefined
  readonly entries: readonly Entry[]
  readonly snapshot: Snapshot | undefined
  readonly responses: readonly Message[]
}

/**
 * The log is durable up to (`index`, `logTerm`); `index` 0 says nothing about entries. Carries the term in
 * which the write was asked for, so that an acknowledgment of entries that were since replaced, and
 * perhaps replaced back, is recognized as stale.
 */
export interface StorageAppendResponse extends Envelope {
  readonly type: 'storageAppendResponse'
  readonly index: Index
  readonly logTerm: Term
  readonly snapshot: Snapshot | undefined
}

/** To the apply thread: apply `entries` in order, then deliver `responses` through `RawNode.step`. */
export interface StorageApply extends Envelope {
  readonly type: 'storageApply'
  readonly entries: readonly Entry[]
  readonly responses: readonly Message[]
}

export interface StorageApplyResponse extends Envelope {
  readonly type: 'storageApplyResponse'
  readonly entries: readonly Entry[]
}

/** Everything that one member says to another, or to its own storage threads. */
export type Message =
  | VoteRequest
  | VoteResponse
  | Append
  | AppendResponse
  | Heartbeat
  | HeartbeatResponse
  | InstallSnapshot
  | Propose
  | ReadIndex
  | ReadIndexResponse
  | TransferLeader
  | TimeoutNow
  | StorageAppend
  | StorageAppendResponse
  | StorageApply
  | StorageApplyResponse

export type MessageType = Message['type']

/**
 * Why a request was not taken. All of them are worth a retry later or elsewhere, except `tooLarge`, which
 * becomes possible when earlier proposals commit.
 */
export type Refusal =
  /** No leader is known to this node, or an election is under way. */
  | 'noLeader'
  /** This node follows and may not forward (`disableProposalForwarding`). */
  | 'notLeader'
  /** This leader is no longer a member. */
  | 'notMember'
  /** Leadership is being handed over. */
  | 'transferring'
  /** `maxUncommittedEntriesSize` is used up by proposals that are not committed yet. */
  | 'tooLarge'
  /** A response from a node that is not in this node's configuration. */
  | 'peerNotFound'
  /** A message that only this node's own storage threads may send. */
  | 'localMessage'
  /** More reads wait than `limits.readsPendingMax`. */
  | 'tooManyReads'

export type Result = { readonly ok: true } | { readonly ok: false; readonly reason: Refusal }

export const OK: Result = Object.freeze({ ok: true })

const refusals = new Map<Refusal, Result>()

/** The one shared value for a refusal, so that refusing under load costs nothing. */
export function refuse(reason: Refusal): Result {
  let result = refusals.get(reason)
  if (result === undefined) {
    result = Object.freeze({ ok: false, reason })
    refusals.set(reason, result)
  }
  return result
}
