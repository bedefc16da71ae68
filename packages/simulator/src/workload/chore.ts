import type { Admin, Session } from '@tranca/client'
import type { Cluster } from '../cluster/cluster.ts'
import type { Random } from '../random.ts'

/** What an administrator has at hand. */
export interface Tools {
  readonly admin: Admin
  readonly session: Session
  readonly cluster: Cluster
  readonly random: Random
  note(what: string): void
  pause(ms: number): Promise<void>
}

/** One thing that an administrator does. */
export interface Chore {
  readonly name: string
  /** Refusals that are right for it. */
  readonly mayRefuse?: readonly string[]
  perform(tools: Tools): Promise<void>
}
