import type { Installation, LockMode, Scope, SequenceSpec } from './commands.ts'
import type { LicenseRead, LicenseReadValues } from './license/reads.ts'
import type { Holder } from './result.ts'

export type * from './license/reads.ts'

// Reads are answered from memory and change nothing. Lists are ordered by code units of the name and
// paged: `next`, when present, goes into `after` of the following read. `limit` is cut to `listMax`.
// An empty `namespace` means the asking session's.

export interface LockGet {
  readonly op: 'lock.get'
  readonly namespace: string
  readonly name: string
}

export interface LockList {
  readonly op: 'lock.list'
  readonly namespace: string
  readonly prefix: string
  readonly after?: string
  readonly limit: number
}

export interface CodeList {
  readonly op: 'code.list'
  readonly namespace: string
  readonly prefix: string
  readonly after?: string
  readonly limit: number
}

export interface SemaphoreGet {
  readonly op: 'semaphore.get'
  readonly namespace: string
  readonly name: string
}

export interface SemaphoreList {
  readonly op: 'semaphore.list'
  readonly namespace: string
  readonly prefix: string
  readonly after?: string
  readonly limit: number
}

export interface SequenceGet {
  readonly op: 'sequence.get'
  readonly namespace: string
  readonly name: string
  readonly scope: Scope
}

export interface SequenceList {
  readonly op: 'sequence.list'
  readonly namespace: string
  readonly prefix: string
  readonly after?: string
  readonly limit: number
}

export interface SequenceGaps {
  readonly op: 'sequence.gaps'
  readonly namespace: string
  readonly name: string
  /** Absent: the gaps of all scopes of the sequence. */
  readonly scope?: Scope
  readonly after?: string
  readonly limit: number
}

export interface SessionList {
  readonly op: 'session.list'
  readonly after?: number
  readonly limit: number
}

export interface SessionGet {
  readonly op: 'session.get'
  readonly session: number
}

export interface MemberList {
  readonly op: 'member.list'
}

export type Read =
  | LockGet
  | LockList
  | CodeList
  | SemaphoreGet
  | SemaphoreList
  | SequenceGet
  | SequenceList
  | SequenceGaps
  | SessionList
  | SessionGet
  | MemberList
  | LicenseRead

export type QueueEntry = {
  readonly session: number
  readonly client: string
  readonly owner: string
  /** Semaphores: always `shared`. */
  readonly mode: LockMode
  /** The waiting request's id. */
  readonly id: number
  /** Wall clock (epoch ms) of the entry in which it began to wait. */
  readonly sinceMs: number
  readonly waitMs: number
}

export type LockView = {
  readonly name: string
  readonly holders: readonly Holder[]
  readonly queue: readonly QueueEntry[]
  /** Rest of the lock-delay. */
  readonly delayMs?: number
}

export type LockSummary = {
  readonly name: string
  readonly holders: readonly Holder[]
  readonly queued: number
  readonly delayMs?: number
}

export type CodeView = { readonly code: string; readonly holder: Holder }

export type SemaphoreView = {
  readonly name: string
  readonly total: number
  readonly used: number
  /** Set by `semaphore.set`: stays when idle. */
  readonly explicit: boolean
  readonly holders: readonly Holder[]
  readonly queue: readonly QueueEntry[]
}

export type SemaphoreSummary = {
  readonly name: string
  readonly total: number
  readonly used: number
  readonly explicit: boolean
  readonly queued: number
}

export type ReservationView = {
  readonly value: string
  readonly session: number
  readonly client: string
  readonly owner: string
  readonly expiresInMs?: number
}

export type SequenceView = {
  readonly name: string
  /** With its period filled in. */
  readonly scope: { readonly company: string; readonly branch: string; readonly period: string }
  readonly spec: SequenceSpec
  /** The largest value issued or jumped over so far. */
  readonly last?: string
  /** What a reserve or next would give now; '' when the sequence has overflowed. */
  readonly next: string
  readonly free: number
  readonly reserved: readonly ReservationView[]
  readonly gaps: number
  /** Values not yet issued, free ones not counted; at most 2^53 - 1. */
  readonly left?: number
}

export type SequenceSummary = {
  readonly name: string
  readonly scope: { readonly company: string; readonly branch: string; readonly period: string }
  readonly spec: SequenceSpec
  readonly last?: string
  readonly next: string
  readonly free: number
  /** How many are reserved. */
  readonly reserved: number
  readonly gaps: number
}

/** Numbers that were never issued (`jump`) or were taken out for good (`declared`), with who and why. */
export type GapRecord = {
  readonly name: string
  readonly scope: { readonly company: string; readonly branch: string; readonly period: string }
  readonly from: string
  readonly to: string
  /** How many numbers, at most 2^53 - 1. */
  readonly count: number
  readonly kind: 'jump' | 'declared'
  readonly reason: string
  readonly session: number
  readonly client: string
  readonly owner: string
  readonly wallMs: number
}

export type SessionView = {
  readonly session: number
  readonly client: string
  readonly namespace: string
  readonly installation: Installation
  readonly ttlMs: number
  readonly generation: number
  readonly locks: number
  readonly codes: number
  readonly permits: number
  readonly reservations: number
  readonly waiting: number
  /** Wall clock, epoch ms. */
  readonly openedMs: number
}

export type MemberView = {
  readonly id: number
  readonly name: string
  readonly peer: string
  readonly client: string
  readonly drained: boolean
  readonly starts: number
  readonly run: string
  readonly lastIndex: number
}

/** How much there is of what. */
export type Counts = {
  readonly sessions: number
  readonly locks: number
  readonly codes: number
  readonly semaphores: number
  readonly sequences: number
  readonly waiting: number
}

/** What each read answers when it succeeds. */
export type ReadValues = {
  'lock.get': LockView
  'lock.list': { readonly locks: readonly LockSummary[]; readonly next?: string }
  'code.list': { readonly codes: readonly CodeView[]; readonly next?: string }
  'semaphore.get': SemaphoreView
  'semaphore.list': { readonly semaphores: readonly SemaphoreSummary[]; readonly next?: string }
  'sequence.get': SequenceView
  'sequence.list': { readonly sequences: readonly SequenceSummary[]; readonly next?: string }
  'sequence.gaps': { readonly gaps: readonly GapRecord[]; readonly next?: string }
  'session.list': { readonly sessions: readonly SessionView[]; readonly next?: number }
  'session.get': SessionView
  'member.list': { readonly members: readonly MemberView[] }
} & LicenseReadValues
