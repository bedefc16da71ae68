import { openAdmin, openSession, type Session, TrancaError } from '@tranca/client'
import type { Cluster } from '../cluster/cluster.ts'
import type { Random } from '../random.ts'
import type { Host } from '../world/host.ts'
import type { World } from '../world/world.ts'
import type { Chore } from './chore.ts'
import { chores, installKey } from './chores.ts'
import { clientOptions } from './client-options.ts'
import { namespace } from './namespace.ts'

/** Refusals and doubts that an administrator has to live with. */
const expected: ReadonlySet<string> = new Set([
  'outcomeUnknown',
  'deadline',
  'sessionLost',
  'closed',
  'uncertain',
  // Somebody else has ended it.
  'unknownGrant',
  'versionDiffers',
])

/** Time between two tries of the first key. */
const againMs = 200

/** The administrator's program: installs the license, and then does chores. */
export class Operator {
  readonly host: Host
  /** What it does now, in words. */
  pending: string | undefined
  /** The cluster has got its first license. */
  hasLicensed = false
  readonly #world: World
  readonly #cluster: Cluster
  readonly #random: Random
  readonly #everyMs: number
  readonly #chores: readonly Chore[]
  #session: Session | undefined
  #isResting = false

  constructor(options: { world: World; cluster: Cluster }) {
    this.#world = options.world
    this.#cluster = options.cluster
    this.#random = options.world.random.fork()
    this.host = options.world.addHost('op')
    this.#everyMs = this.#random.pick([500, 2_000])
    this.#chores = chores.filter(() => this.#random.chance(0.6))
  }

  start(): void {
    this.#work().catch((error: unknown) =>
      this.#world.complain('workload', `op: ${(error as Error).stack ?? error}`),
    )
  }

  /** Begins nothing new, but for the first license. */
  rest(): void {
    this.#isResting = true
  }

  async #work(): Promise<void> {
    while (!this.hasLicensed) {
      this.hasLicensed = await this.#do(installKey)
      if (!this.hasLicensed) await this.#pause(againMs)
    }
    while (!this.#isResting && this.#chores.length > 0) {
      await this.#pause(this.#random.exponential(this.#everyMs))
      if (!this.#isResting) await this.#do(this.#random.pick(this.#chores))
    }
  }

  /** Whether it came to its end. */
  async #do(chore: Chore): Promise<boolean> {
    const note = (what: string) => {
      this.pending = `op: ${what}`
      this.#world.trace.say('op', what)
    }
    note(chore.name)
    const { clientAddresses } = this.#cluster
    const admin = openAdmin(clientAddresses, {
      ...clientOptions(this.#world, this.host),
      deadlineMs: 4_000,
    })
    try {
      await chore.perform({
        admin,
        cluster: this.#cluster,
        session: this.#currentSession(),
        random: this.#random,
        note,
        pause: (ms) => this.#pause(ms),
      })
      note(`${chore.name} done`)
      return true
    } catch (error) {
      if (!(error instanceof TrancaError)) throw error
      note(`${chore.name}: ${error.code}`)
      if (!expected.has(error.code) && chore.mayRefuse?.includes(error.code) !== true)
        this.#world.complain('workload', `op: ${chore.name}: ${error.code}: ${error.message}`)
      return false
    } finally {
      await admin.close()
      this.pending = undefined
    }
  }

  #currentSession(): Session {
    if (this.#session === undefined || this.#session.status === 'ended') {
      const addresses = this.#cluster.clientAddresses
      const options = clientOptions(this.#world, this.host)
      this.#session = openSession({ ...options, addresses, namespace, client: 'op', ttlMs: 4_000 })
    }
    return this.#session
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.host.after(ms, resolve))
  }
}
