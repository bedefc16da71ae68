import { setTimeout as delay } from 'node:timers/promises'
import type { Moment } from '../workload/run.ts'

/** What a failover needs of a cluster: `DevCluster` of `tranca/dev-cluster` fits. */
export interface KillableCluster {
  leader(): Promise<{ readonly name: string; readonly pid: number | undefined }>
  kill(name: string, signal: NodeJS.Signals): Promise<void>
  restart(name: string): Promise<void>
  whenReady(): Promise<void>
}

export interface FailoverReport {
  readonly victim: string
  readonly successor: string
  /** On the clock of the history. */
  readonly killedMs: number
  /** From the kill to a node that says it leads, as its health page tells. */
  readonly electedAfterMs: number
  /** From its restart until the killed node followed again. */
  readonly rejoinedAfterMs: number
}

/** Kills the leader when so much of the work is done, and starts it again later. */
export class LeaderKill implements Moment {
  readonly at: number
  report: FailoverReport | undefined
  readonly #cluster: KillableCluster
  readonly #restartAfterMs: number
  readonly #onEvent: (text: string) => void

  constructor(options: {
    readonly at: number
    readonly restartAfterMs: number
    readonly cluster: KillableCluster
    readonly onEvent: (text: string) => void
  }) {
    this.at = options.at
    this.#cluster = options.cluster
    this.#restartAfterMs = options.restartAfterMs
    this.#onEvent = options.onEvent
  }

  async act(): Promise<void> {
    const victim = await this.#cluster.leader()
    const killedMs = performance.now()
    this.#onEvent(`leader ${victim.name} (process ${victim.pid ?? '?'}) is killed with SIGKILL`)
    await this.#cluster.kill(victim.name, 'SIGKILL')
    const successor = await this.#cluster.leader()
    const electedAfterMs = performance.now() - killedMs
    this.#onEvent(`${successor.name} leads`)
    await delay(this.#restartAfterMs)
    const restartedMs = performance.now()
    this.#onEvent(`${victim.name} is started again`)
    await this.#cluster.restart(victim.name)
    await this.#cluster.whenReady()
    const rejoinedAfterMs = performance.now() - restartedMs
    this.#onEvent(`${victim.name} has caught up and follows`)
    this.report = {
      victim: victim.name,
      successor: successor.name,
      killedMs,
      electedAfterMs,
      rejoinedAfterMs,
    }
  }
}
