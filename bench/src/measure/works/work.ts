import type { Owner, Session } from '@tranca/client'
import type { Meter } from '../meter.ts'

/** One client of a job: does one operation after the other. */
export interface WorkClient {
  /** From 0, over all processes. */
  readonly index: number
  readonly session: Session
  readonly owner: Owner
}

export interface WorkContext {
  readonly meter: Meter
  /** Clients of the whole job. */
  readonly clients: number
  readonly namespace: string
  /** Becomes true when the run ends: who holds something back lets it go. */
  readonly isStopping: () => boolean
}

/** What one client does, over and over. It tells the meter of each operation and of each request of it. */
export type Operate = () => Promise<void>

export interface Work {
  /** Names of the requests of one operation, in order. */
  readonly steps: readonly string[]
  /** Makes what the clients need. Called once in each process, before the first operation. */
  readonly prepare?: (clients: readonly WorkClient[]) => Promise<void>
  /** Called once for each client, after `prepare`. */
  readonly client: (client: WorkClient, context: WorkContext) => Operate | Promise<Operate>
}
