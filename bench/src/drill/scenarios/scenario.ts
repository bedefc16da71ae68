import type { ManagedSystem, SystemUnderDrill } from '../system.ts'
import type { Trial } from '../trial.ts'

/**
 * `network`: hosts of their own, which need root and network namespaces; `compiler`: the system's C compiler, for what
 * is preloaded into members; `mount`: small disks, which need root.
 */
export type Need = 'processes' | 'network' | 'compiler' | 'mount'

interface Described {
  readonly name: string
  readonly summary: string
  readonly needs: Need
}

/** One kind of fault. The system is healthy and under load when a trial begins, and has to be so at its end. */
export interface Scenario extends Described {
  run(trial: Trial<ManagedSystem>): Promise<void>
}

/** One that any system with processes can be put through. */
export interface PlainScenario extends Described {
  run(trial: Trial<SystemUnderDrill>): Promise<void>
}
