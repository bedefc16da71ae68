/**
 * What enters the ledger through the log. The protocol's schemas infer structurally equal types;
 * the node's compile proves that both agree.
 */

import type { LicenseCheckout, LicenseCommand, LicenseOperation } from './license/commands.ts'

export type * from './license/commands.ts'

export interface Stamp {
  /** Log index of the entry; grows. */
  readonly index: number
  /** Raft term of the entry. */
  readonly term: number
  /** Cluster time in ms: monotone, from the leader. The ledger's time is the largest seen. */
  readonly timeMs: number
  /** The leader's wall clock, epoch ms: data only, never decides a time-out. */
  readonly wallMs: number
}

/** A request of a session; exactly once by (session, id). */
export interface ClientCommand {
  /** 0 for `session.open` and `session.resume`. */
  readonly session: number
  readonly generation: number
  /** Grows within the session. */
  readonly id: number
  /** Ids whose answers the client has received: forgotten here. */
  readonly acks: readonly number[]
  readonly operation: Operation
}

export type Installation = 'production' | 'homologation' | 'development'
export type LockMode = 'exclusive' | 'shared'

// --- sessions (domain section 1) ---

export interface SessionOpen {
  readonly op: 'session.open'
  /** 16 random bytes of the client: idempotency, and the capability to resume. */
  readonly key: Uint8Array
  readonly namespace: string
  /** Name shown to people. */
  readonly client: string
  readonly installation: Installation
  /** 2 000 to 600 000. */
  readonly ttlMs: number
  /** 0 to 60 000: how long locks rest after the session expired. */
  readonly lockDelayMs: number
  /** 0 to 100 000: cap of code reservations. */
  readonly codesMax: number
}

export interface SessionResume {
  readonly op: 'session.resume'
  readonly session: number
  readonly key: Uint8Array
  /** Ids still without an answer; all other stored answers are dropped. */
  readonly outstanding: readonly number[]
}

export interface SessionClose {
  readonly op: 'session.close'
}

export interface OwnerRelease {
  readonly op: 'owner.release'
  readonly owner: string
}

export interface RequestCancel {
  readonly op: 'request.cancel'
  /** Id of a waiting request of the same session. */
  readonly request: number
}

// --- mutexes and code reservations (domain section 4) ---

export interface LockWanted {
  readonly name: string
  readonly mode: LockMode
}

export interface LockAcquire {
  readonly op: 'lock.acquire'
  readonly owner: string
  /** 1 to 64, distinct names: all or none. */
  readonly locks: readonly LockWanted[]
  /** 0 = try, -1 = until canceled, at most 24 h. */
  readonly waitMs: number
  /** Only chooses a deadlock's victim: lowest first, then the youngest. */
  readonly priority: number
}

export interface LockRelease {
  readonly op: 'lock.release'
  readonly owner: string
  readonly names: readonly string[]
  /** If given, must be the holder's token for every name. */
  readonly token?: number
}

export interface CodeReserve {
  readonly op: 'code.reserve'
  readonly owner: string
  readonly code: string
}

export interface CodeRelease {
  readonly op: 'code.release'
  readonly owner: string
  readonly code: string
}

export interface CodeReleaseAll {
  readonly op: 'code.releaseAll'
  readonly owner: string
}

// --- semaphores ---

export interface SemaphoreSet {
  readonly op: 'semaphore.set'
  readonly name: string
  /** 1 to 1e9. */
  readonly total: number
}

export interface SemaphoreDelete {
  readonly op: 'semaphore.delete'
  readonly name: string
}

export interface SemaphoreAcquire {
  readonly op: 'semaphore.acquire'
  readonly owner: string
  readonly name: string
  readonly permits: number
  /** Creates it, implicit, if absent; ignored if present. */
  readonly total?: number
  readonly waitMs: number
}

export interface SemaphoreRelease {
  readonly op: 'semaphore.release'
  readonly owner: string
  readonly name: string
  readonly permits: number
}

// --- sequences (domain section 5) ---

export type SequenceKind = 'gapless' | 'fast'
export type Digits = 'decimal' | 'soma1'
export type ResetPeriod = 'never' | 'year' | 'month' | 'day'

export interface SequenceSpec {
  readonly kind: SequenceKind
  readonly digits: Digits
  /** 1 to 20. */
  readonly width: number
  readonly prefix: string
  /** The first value issued: `width` digits. */
  readonly start: string
  readonly reset: ResetPeriod
  /** For the period only; -840 to 840. */
  readonly utcOffsetMinutes: number
  /** 0 = as long as its owner; at most 24 h. */
  readonly reservationTtlMs: number
  /** Values left before overflow that raise `sequence.low`; 0 = off. */
  readonly warnBelow: number
}

/** A sequence counts separately for each company, branch and period; each may be empty. */
export interface Scope {
  readonly company: string
  readonly branch: string
  /** Absent or empty with a reset: computed from the entry's wall clock. */
  readonly period?: string
}

export interface SequenceDefine {
  readonly op: 'sequence.define'
  readonly name: string
  readonly spec: SequenceSpec
}

export interface SequenceNext {
  readonly op: 'sequence.next'
  readonly owner: string
  readonly name: string
  readonly scope: Scope
  /** 1 to 10 000; kind `fast` only. */
  readonly count: number
  /** Defines the sequence if absent. */
  readonly spec?: SequenceSpec
  /** Largest value in use, without prefix: a new counter starts after it. */
  readonly seedIfAbsent?: string
}

export interface SequenceReserve {
  readonly op: 'sequence.reserve'
  readonly owner: string
  readonly name: string
  readonly scope: Scope
  /** Overrides the definition's TTL; 0 = as long as its owner. */
  readonly ttlMs?: number
  readonly spec?: SequenceSpec
  readonly seedIfAbsent?: string
}

export interface SequenceConfirm {
  readonly op: 'sequence.confirm'
  readonly owner: string
  readonly name: string
  /** With the period that `sequence.reserve` returned. */
  readonly scope: Scope
  readonly value: string
}

export interface SequenceRollback {
  readonly op: 'sequence.rollback'
  readonly owner: string
  readonly name: string
  readonly scope: Scope
  readonly value: string
}

export interface SequenceEnsureAtLeast {
  readonly op: 'sequence.ensureAtLeast'
  readonly owner: string
  readonly name: string
  readonly scope: Scope
  readonly value: string
  readonly spec?: SequenceSpec
  readonly reason: string
}

export interface SequenceSet {
  readonly op: 'sequence.set'
  readonly owner: string
  readonly name: string
  readonly scope: Scope
  readonly value: string
  readonly spec?: SequenceSpec
  readonly reason: string
}

export interface SequenceGap {
  readonly op: 'sequence.gap'
  readonly owner: string
  readonly name: string
  readonly scope: Scope
  readonly from: string
  readonly to: string
  /** 15 to 255 characters, as the law asks. */
  readonly reason: string
}

// --- several at once ---

/** One step of a bundle: the operation without owner, wait and priority. */
export type BundlePart =
  | Omit<LicenseCheckout, 'owner' | 'waitMs' | 'priority'>
  | Omit<LockAcquire, 'owner' | 'waitMs' | 'priority'>
  | Omit<SemaphoreAcquire, 'owner' | 'waitMs'>
  | Omit<SequenceReserve, 'owner'>
  | Omit<SequenceNext, 'owner'>

/** All parts or none, in one step and with one fencing token. */
export interface Bundle {
  readonly op: 'bundle'
  readonly owner: string
  /** 1 to 16; each lock, semaphore, and counter of a sequence at most once. */
  readonly parts: readonly BundlePart[]
  /** 0: a bundle does not wait. */
  readonly waitMs: number
}

export type Operation =
  | SessionOpen
  | SessionResume
  | SessionClose
  | OwnerRelease
  | RequestCancel
  | LockAcquire
  | LockRelease
  | CodeReserve
  | CodeRelease
  | CodeReleaseAll
  | SemaphoreSet
  | SemaphoreDelete
  | SemaphoreAcquire
  | SemaphoreRelease
  | SequenceDefine
  | SequenceNext
  | SequenceReserve
  | SequenceConfirm
  | SequenceRollback
  | SequenceEnsureAtLeast
  | SequenceSet
  | SequenceGap
  | LicenseOperation
  | Bundle

// --- the leader's own duties; no session ---

/** First entry of each new term: the ledger remembers the term of its stamp. */
export interface LeaderStart {
  readonly op: 'leader.start'
  readonly node: number
}

/** Ignored unless generation and term are the current ones (O1). */
export interface SessionExpire {
  readonly op: 'session.expire'
  readonly session: number
  readonly generation: number
  readonly term: number
}

export interface MemberSet {
  readonly op: 'member.set'
  readonly id: number
  readonly name: string
  /** Address for the other members. */
  readonly peer: string
  /** Address for clients. */
  readonly client: string
}

export interface MemberRemove {
  readonly op: 'member.remove'
  readonly id: number
}

export interface MemberDrain {
  readonly op: 'member.drain'
  readonly id: number
  readonly drained: boolean
}

export interface MemberMark {
  readonly id: number
  readonly starts: number
  /** Random for each start of the process; '' when not known. */
  readonly run: string
  readonly lastIndex: number
}

/** How often each member started and how far its log had got; only grows. */
export interface MemberSeen {
  readonly op: 'member.seen'
  readonly marks: readonly MemberMark[]
}

export type InternalCommand =
  | LeaderStart
  | SessionExpire
  | MemberSet
  | MemberRemove
  | MemberDrain
  | MemberSeen
  | LicenseCommand
