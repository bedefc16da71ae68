import type { Load } from './load/load.ts'
import type { Judgment } from './verdict.ts'

/**
 * What every system must offer to be drilled: processes that can be ended, stopped and started again, and a load
 * that says when its answers came. Members go by their names.
 */
export interface SystemUnderDrill {
  readonly load: Pick<Load, 'answered' | 'take'>
  readonly members: readonly string[]
  /** The member that leads; waits for one. */
  leader(): Promise<string>
  /** SIGKILL; resolves when the process is gone. */
  kill(member: string): Promise<void>
  /** Starts a member whose process is gone. */
  start(member: string): Promise<void>
  /** SIGSTOP. */
  pause(member: string): Promise<void>
  /** SIGCONT. */
  resume(member: string): Promise<void>
  /** Clients with connections to this very member; absent where there is no such thing. */
  readersOf?(member: string): Promise<Readers>
  /** Resolves when one member leads and all others follow it closely. */
  whenHealthy(): Promise<void>
  /** Ends the load, and says what became of its requests. */
  judge(): Promise<Judgment>
  close(): Promise<void>
}

/** What a member that was stopped finds in its sockets when it goes on: it must not answer by what it knew. */
export interface Readers {
  /** Sends reads; resolves when they are on their way. */
  ask(): Promise<void>
  /** Waits for the answers, whoever gives them in the end. They become part of the history: a stale one breaks it. */
  answered(): Promise<void>
}

/** What administrators can do, too. */
export interface ManagedSystem extends SystemUnderDrill {
  /** Stops a member in order. */
  stop(member: string): Promise<void>
  /** Hands leadership to a member. */
  promote(member: string): Promise<void>
  /** Takes a member out of service. */
  drain(member: string): Promise<void>
  undrain(member: string): Promise<void>
  /** The network between the members, if it can be cut. */
  readonly network: CuttableNetwork | undefined
  /** The disks under the members, if harm can be done to them. */
  readonly disks: FaultyDisks | undefined
}

export interface FaultyDisks {
  /**
   * One sync of the member's data fails, after `count - 1` others. Resolves when the member has ended by itself;
   * whatever else it does is a surprise.
   */
  failSync(member: string, count: number): Promise<void>
  /** The member's disk confirms nothing until {@link goOn}. */
  hang(member: string): Promise<void>
  goOn(member: string): Promise<void>
  /** Takes all room from the member. Resolves when it has ended by itself. */
  fill(member: string): Promise<void>
  /** Gives the room back. */
  free(member: string): Promise<void>
}

/** Packets between two members vanish without a word, in one direction. Clients reach all members. */
export interface CuttableNetwork {
  /** What `from` sends to `to` is lost. */
  cut(from: string, to: string): Promise<void>
  /** All packets arrive again. */
  heal(): Promise<void>
}
