import { type Admin, openAdmin, TrancaError, type Watch, WatchCompactedError } from '@tranca/client'
import type { Filter, Watched, Watching } from '../check/watched.ts'
import type { Random } from '../random.ts'
import type { Host } from '../world/host.ts'
import type { World } from '../world/world.ts'
import { clientOptions } from './client-options.ts'
import { namespace } from './namespace.ts'

const filters: readonly Filter[] = [
  { namespace, prefix: '', kinds: [] },
  { namespace, prefix: 'S', kinds: ['lock.granted', 'lock.released'] },
  { namespace, prefix: 'o', kinds: [] },
  { namespace, prefix: '', kinds: ['sequence.issued', 'license.granted'] },
]

/** Time between two looks at whether a watch has begun. */
const lookMs = 5

/** A program that watches: from now on, from where it was, or from further back. */
export class Watcher {
  readonly host: Host
  /** Changes that it was told of, watches that it began, and those that had to begin anew. */
  readonly counts = { told: 0, begun: 0, compacted: 0 }
  readonly #world: World
  readonly #watched: Watched
  readonly #addresses: () => readonly string[]
  readonly #random: Random
  #now: Watching | undefined
  #filter: Filter | undefined
  #isResting = false

  constructor(options: {
    world: World
    watched: Watched
    /** A stream of its own. */
    random: Random
    addresses: () => readonly string[]
  }) {
    this.#world = options.world
    this.#watched = options.watched
    this.#random = options.random
    this.#addresses = options.addresses
    this.host = options.world.addHost('w1', options.random)
  }

  start(): void {
    this.#work().catch((error: unknown) =>
      this.#world.complain('workload', `w1: ${(error as Error).stack ?? error}`),
    )
  }

  /** Goes on with the watch that it has. */
  rest(): void {
    this.#isResting = true
  }

  /** What it must still be told of, in words. */
  get pending(): string | undefined {
    const due = this.#now?.due
    return due === undefined ? undefined : `w1: event ${due.revision}, ${due.kind} of ${due.name}`
  }

  async #work(): Promise<void> {
    const random = this.#random
    for (;;) {
      const admin = openAdmin(this.#addresses(), {
        ...clientOptions(this.#world, this.host, random),
        keepAliveMs: random.pick([500, 2_000]),
        limits: { watchBufferMax: random.pick([2, 20, 1_000]) },
      })
      for (let watches = random.integer(1, 4); watches > 0; watches--) await this.#watch(admin)
      await admin.close()
    }
  }

  /** One watch, until it has told enough. */
  async #watch(admin: Admin): Promise<void> {
    const random = this.#random
    const from = this.#where()
    const filter = from === undefined ? random.pick(filters) : this.#filter!
    const watching = this.#watched.follow('w1', filter)
    if (from !== undefined) watching.startsAt(from)
    this.#now = watching
    this.#filter = filter
    this.counts.begun++
    this.#world.trace.say('w1', `watches ${filter.prefix}* ${filter.kinds} from ${from ?? 'now on'}`)
    const watch = admin.watch({ ...filter, ...(from !== undefined && { fromRevision: from }) })
    try {
      if (from === undefined) await this.#begun(watch, watching)
      let left = random.exponential(12)
      for await (const change of watch) {
        watching.told(change)
        this.counts.told++
        if (random.chance(0.02)) await this.#pause(random.exponential(200))
        if (--left < 0 && !this.#isResting) break
      }
    } catch (error) {
      if (!(error instanceof TrancaError)) throw error
      if (!(error instanceof WatchCompactedError))
        return this.#world.complain('workload', `w1: ${error.code}: ${error.message}`)
      this.counts.compacted++
      this.#world.trace.say('w1', error.message)
      watching.compacted(error.detail.oldest as number | undefined)
      this.#now = undefined
    }
  }

  /** Mostly on from where the last watch was. */
  #where(): number | undefined {
    const random = this.#random
    const next = this.#now?.nextRevision
    if (next === undefined || random.chance(0.2)) return undefined
    return random.chance(0.3) ? Math.max(1, next - random.below(60)) : next
  }

  /** Since when it must tell all: what was emitted before it was known to have begun may have been too early. */
  async #begun(watch: Watch, watching: Watching): Promise<void> {
    while (watch.nextRevision === undefined) await this.#pause(lookMs)
    watching.startsBy(this.#watched.latest + 1)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.host.after(ms, resolve))
  }
}
