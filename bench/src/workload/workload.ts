import type { SequenceSpec } from '../record/operation.ts'

/** Milliseconds or counts, both ends included. */
export interface Range {
  readonly min: number
  readonly max: number
}

/** A workload as its file says it: see `bench/README.md` for each field. */
export interface Workload {
  readonly name: string
  readonly seed: number
  readonly namespace: string
  readonly session: { readonly ttlMs: number; readonly lockDelayMs: number; readonly codesMax: number }
  readonly servers: readonly ServerPlan[]
  readonly sequences: ReadonlyMap<string, SequencePlan>
  readonly login: LoginPlan
  readonly tasks: ReadonlyMap<string, TaskPlan>
  readonly phases: readonly PhasePlan[]
  readonly crashes: readonly CrashPlan[]
  readonly failover: FailoverPlan | undefined
}

/** One application server: one connection, many users. */
export interface ServerPlan {
  readonly name: string
  readonly company: string
  readonly branch: string
  readonly users: number
}

export interface SequencePlan {
  readonly spec: SequenceSpec
  /** Largest value in use when the counter is made. */
  readonly seed: string | undefined
  /** Who shares a counter: all, the servers of a company, or those of a branch. */
  readonly scope: 'all' | 'company' | 'branch'
}

export interface LoginPlan {
  /** Users log in spread over this time. */
  readonly spreadMs: number
  /** Name of the lock that each user holds until it leaves. */
  readonly lock: string
  /** Percentage of users that share their name with others: only one of those may be logged in. */
  readonly sharedPercent: number
}

export interface PhasePlan {
  readonly name: string
  readonly tasksPerUser: number
  readonly thinkMs: Range
  /** Names of tasks with their weights. */
  readonly mix: ReadonlyMap<string, number>
}

/** The process of an application server dies without a word, and is started again later. */
export interface CrashPlan {
  readonly server: string
  /** Share of all tasks done, 0..1. */
  readonly at: number
  readonly restartAfterMs: number
}

/** The leader's process is killed, and started again later. */
export interface FailoverPlan {
  readonly at: number
  readonly restartAfterMs: number
}

export type TaskPlan = CodeTask | NumberTask | VoidTask | JumpTask | LockTask | NestedTask | FastTask

/** Reserves a code as `MayIUseCode` does, works with it, and leaves it. */
export interface CodeTask {
  readonly kind: 'code'
  readonly prefix: string
  readonly codes: number
  /** So many of the codes are asked for in `hotPercent` of the cases. */
  readonly hot: number
  readonly hotPercent: number
  readonly workMs: Range
  /** Leaves all codes at once, as `FreeUsedCode` does. */
  readonly freeAllPercent: number
}

/** Takes a gapless number, works, and confirms it, cancels it, leaves it lying, or crashes. */
export interface NumberTask {
  readonly kind: 'number'
  readonly sequence: string
  readonly workMs: Range
  readonly cancelPercent: number
  readonly abandonPercent: number
  readonly crashPercent: number
}

/** Takes a gapless number, cancels it, and declares it as a gap. */
export interface VoidTask {
  readonly kind: 'void'
  readonly sequence: string
  readonly reason: string
}

/** Moves the counter on by some numbers beyond the last one seen. */
export interface JumpTask {
  readonly kind: 'jump'
  readonly sequence: string
  readonly by: number
  readonly reason: string
}

/** Locks some of the names in one step, works, and releases them. */
export interface LockTask {
  readonly kind: 'lock'
  readonly names: readonly string[]
  readonly count: Range
  readonly sharedPercent: number
  /** 0 = try only. */
  readonly waitMs: number
  readonly workMs: Range
}

/** Locks two of the names one after the other, in any order: deadlocks are found and broken. */
export interface NestedTask {
  readonly kind: 'nested'
  readonly names: readonly string[]
  readonly waitMs: number
  readonly workMs: Range
}

/** Takes the next fast number, or a block of them. */
export interface FastTask {
  readonly kind: 'fast'
  readonly sequence: string
  readonly blockPercent: number
  readonly block: number
}

/** How many tasks a whole run has, log-ins not counted. */
export function tasksOf(workload: Workload): number {
  const users = workload.servers.reduce((sum, server) => sum + server.users, 0)
  return users * workload.phases.reduce((sum, phase) => sum + phase.tasksPerUser, 0)
}
