import { type Config, configSchema, type Node, openNode, type Replica } from '@tranca/node'
import { diskStores, forgetLocks, openNodeStorage, resetForRejoin, StorageRefusal } from '@tranca/storage'
import type { Panel } from '../check/panel.ts'
import { borrowKeyFile } from '../workload/borrow-key.ts'
import { vendorPublicKey } from '../workload/vendor.ts'
import type { SimulatedDisk } from '../world/disk.ts'
import type { Host } from '../world/host.ts'
import type { World } from '../world/world.ts'
import { loggerOf } from './logger.ts'

export interface Address {
  readonly id: number
  readonly name: string
  readonly peer: string
  readonly client: string
}

/** What is the same in all nodes of a run. */
export interface Settings {
  readonly founders: readonly Address[]
  readonly timing: { readonly heartbeatMs: number; readonly electionMs: number }
  readonly checkpoint: { readonly entries: number; readonly size: number; readonly keepSize: number }
  readonly segmentSize: number
}

const directory = 'data'
const clusterId = 'simulated'

export type MemberStatus = 'off' | 'starting' | 'up' | 'stopping'

/** One member: a machine with a disk, on which the shipping node runs, dies and starts again. */
export class Member {
  readonly address: Address
  readonly host: Host
  readonly disk: SimulatedDisk
  status: MemberStatus = 'off'
  /** Of the life that runs now, once it takes part. */
  replica: Replica | undefined
  /** Its disk lost or changed something: until it knows that it votes again, it does not count. */
  isTainted = false
  /** The start was refused for what the disk holds: an administrator has to look. */
  refusal: string | undefined
  /** Not before this time it is started again. */
  restartMs = 0
  /** It left the cluster, or will know soon that it has. */
  isRemoved = false
  readonly #world: World
  readonly #panel: Panel
  /** Whom the configuration names: what a node without a ledger knows of the others. */
  founders: readonly Address[]
  readonly #settings: Settings
  #node: Node | undefined

  constructor(options: {
    world: World
    panel: Panel
    settings: Settings
    address: Address
    host: Host
    disk: SimulatedDisk
  }) {
    this.#world = options.world
    this.#panel = options.panel
    this.#settings = options.settings
    this.founders = options.settings.founders
    this.address = options.address
    this.host = options.host
    this.disk = options.disk
  }

  get id(): number {
    return this.address.id
  }

  get name(): string {
    return this.address.name
  }

  get isUp(): boolean {
    return this.status === 'up'
  }

  get isServing(): boolean {
    return this.isUp && this.replica?.isServing === true
  }

  /** Starts the process. */
  start(): void {
    if (this.status !== 'off') return
    this.host.kill()
    this.host.isPowered = true
    this.status = 'starting'
    this.disk.hasFailed = this.disk.disk.capacity < Number.POSITIVE_INFINITY
    const { life } = this.host
    const world = this.#world
    world.trace.say(this.name, 'starts')
    const isThis = () => this.host.life === life
    const options = {
      logger: loggerOf(world.trace, this.name),
      environment: {
        ...world.nodeEnvironment(this.host),
        openStorage: this.#openStorage,
        probe: this.#panel.probe(
          { id: this.id, name: this.name, nowMs: () => this.host.nowMs() },
          {
            started: (replica) => {
              this.replica = replica
            },
            votesAgain: () => {
              this.isTainted = false
            },
          },
        ),
      },
    }
    openNode(this.#config(), options).then(
      (node) => {
        if (!isThis()) return
        this.#node = node
        this.status = 'up'
        node.whenStopped.then((error) => {
          if (isThis()) this.#stopped(error)
        }, this.#broken)
      },
      (error: unknown) => {
        if (isThis()) this.#stopped(error as Error)
      },
    )
  }

  /** The process is killed, or the machine loses its power. */
  crash(options: { machine: boolean }): void {
    if (this.status === 'off') return
    this.#world.trace.say(this.name, options.machine ? 'loses its power' : 'is killed')
    const { life } = this.host
    this.#off()
    this.host.isPowered = !options.machine
    this.#world.network.processDied(this.host, life)
    this.disk.disk.crash()
    forgetLocks(this.disk.disk)
  }

  /** Stops in order. */
  close(): void {
    if (this.status !== 'up' || this.#node === undefined) return
    this.#world.trace.say(this.name, 'is stopped')
    this.status = 'stopping'
    this.#node.close().catch(this.#broken)
  }

  /** What an administrator does with a node that refuses to start: the directory is set aside, and it rejoins. */
  async repair(): Promise<void> {
    this.host.kill()
    const { life } = this.host
    this.#world.trace.say(this.name, `is repaired: ${this.refusal ?? 'as told'}`)
    this.status = 'starting'
    try {
      await resetForRejoin({ ...this.#storageOptions(), directory, clusterId, nodeId: String(this.id) })
    } catch (error) {
      // The program has ended, and with it all that it had open.
      forgetLocks(this.disk.disk)
      throw error
    }
    if (this.host.life !== life) return
    this.refusal = undefined
    this.status = 'off'
  }

  /** The rows of the ledger that runs, sorted, as text. */
  rows(): string[] {
    const rows = [...(this.replica?.ledger.rows() ?? [])]
    return rows.map(({ key, value }) => `${key} ${JSON.stringify(value)}`).sort()
  }

  readonly #openStorage: typeof openNodeStorage = (options) =>
    openNodeStorage({ ...options, ...this.#storageOptions(options.limits) })

  #storageOptions(limits: object = {}) {
    const { segmentSize } = this.#settings
    return {
      disk: this.disk.disk,
      stores: diskStores(this.disk.disk),
      // Whole ledgers are small here: nobody else waits for a turn of the event loop.
      limits: { ...limits, segmentSize, freeSpaceMin: 2 * segmentSize, rowsPerTurn: 1_000_000 },
    }
  }

  #config(): Config {
    const { timing, checkpoint } = this.#settings
    const { id, peer, client } = this.address
    return configSchema.parse({
      cluster: clusterId,
      id,
      data: directory,
      members: this.founders,
      listen: { peer, client },
      insecure: true,
      license: { vendorPublicKey, borrowKey: borrowKeyFile() },
      timing,
      checkpoint,
    })
  }

  #stopped(error: Error | undefined): void {
    const { life } = this.host
    const wasStopping = this.status === 'stopping'
    this.#world.trace.say(this.name, `has stopped${error === undefined ? '' : `: ${error.message}`}`)
    this.#off()
    this.#world.network.processDied(this.host, life)
    forgetLocks(this.disk.disk)
    if (this.isRemoved) return
    if (error === undefined) {
      if (!wasStopping) this.#world.complain('stops', `${this.name} stopped by itself`)
      return
    }
    if (error instanceof StorageRefusal && this.isTainted) this.refusal = error.message
    else if (!this.disk.mayRefuse) this.#world.complain('stops', `${this.name} stopped: ${error.message}`)
  }

  #off(): void {
    this.host.kill()
    this.status = 'off'
    this.replica = undefined
    this.#node = undefined
  }

  readonly #broken = (error: unknown): void => {
    this.#world.complain('stops', `${this.name}: ${(error as Error).stack}`)
  }
}
