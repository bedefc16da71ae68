import type { Replica } from '../replica/replica.ts'
import type { ClusterAdmin } from './cluster-admin.ts'

/** Ticks from one try to the next: writes wait during a try, and it may fail. */
const TRY_TICKS = 100

/**
 * A member that is drained and leads all the same: nobody could take over when it was drained, or it won before
 * it had heard. It serves, for somebody must, and gives leadership away once somebody can take it (O21).
 */
export class DrainedLeader {
  readonly #replica: () => Replica | undefined
  readonly #isDrained: () => boolean
  readonly #admin: Pick<ClusterAdmin, 'successor' | 'handOver'>
  #waitTicks = 0

  constructor(options: {
    replica: () => Replica | undefined
    isDrained: () => boolean
    admin: Pick<ClusterAdmin, 'successor' | 'handOver'>
  }) {
    this.#replica = options.replica
    this.#isDrained = options.isDrained
    this.#admin = options.admin
  }

  tick(): void {
    if (this.#waitTicks > 0) {
      this.#waitTicks--
      return
    }
    const replica = this.#replica()
    if (!replica?.isServing || !this.#isDrained()) return
    if (replica.raft.transferee !== 0 || this.#admin.successor() === undefined) return
    this.#waitTicks = TRY_TICKS
    // Its answer is of no use: a try that failed is seen by the next tick that may try.
    void this.#admin.handOver()
  }
}
