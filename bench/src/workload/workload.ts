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
  /** Absent: the cluster needs no license key. */
  readonly licenses: LicensesPlan | undefined
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

/** What is licensed, and who takes it. */
export interface LicensesPlan {
  readonly installationId: string
  /** As an order of the vendor's desk has them; the rest is in the vendor's sample catalog. */
  readonly products: readonly LicensedProduct[]
  /** The administrator's rules. */
  readonly rules: readonly LicenseRulePlan[]
  readonly logIn: {
    /** Features with their weights: each user takes one. */
    readonly features: ReadonlyMap<string, number>
    /** Percentage of users that open a second function. */
    readonly secondPercent: number
    /** One who was refused asks again before so many of its tasks, and waits in the queue then. */
    readonly againPercent: number
    readonly waitMs: number
  }
  readonly dbaccess: DbAccessPlan | undefined
}

export interface LicensedProduct {
  readonly id: number
  /** Absent for products that are only enabled. */
  readonly quantity?: number
  readonly overdraft?: number
}

export interface LicenseRulePlan {
  readonly kind: 'reserve' | 'max' | 'include' | 'exclude'
  /** 0 = each product by itself. */
  readonly product: number
  readonly subject: { readonly type: 'user' | 'group' | 'host' | 'company'; readonly value: string }
  readonly amount?: number
}

/** A DBAccess master, which takes licenses for its slaves and their data connections. */
export interface DbAccessPlan {
  /** Name of the master's process. */
  readonly name: string
  readonly host: string
  /** At most so many data connections; 0 = as many as are free when it starts. */
  readonly licenseLimit: number
  readonly slaves: readonly SlavePlan[]
}

export interface SlavePlan {
  readonly name: string
  /** Machine: slaves on one machine take its cores once. */
  readonly host: string
  readonly cores: number
  /** So many threads open and close data connections. */
  readonly threads: number
  /** How long a data connection stays open. */
  readonly workMs: Range
  /** Pause before each. */
  readonly thinkMs: Range
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

export type TaskPlan =
  | CodeTask
  | NumberTask
  | VoidTask
  | JumpTask
  | LockTask
  | NestedTask
  | FastTask
  | RequestTask

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

/** A web-service request: takes a license while it runs. */
export interface RequestTask {
  readonly kind: 'request'
  readonly feature: string
  readonly user: string
  readonly group: string
  readonly workMs: Range
}

/** How many tasks a whole run has, log-ins not counted. */
export function tasksOf(workload: Workload): number {
  const users = workload.servers.reduce((sum, server) => sum + server.users, 0)
  return users * workload.phases.reduce((sum, phase) => sum + phase.tasksPerUser, 0)
}
