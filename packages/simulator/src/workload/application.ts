import { Owner, openSession, type Session, type SessionOptions, TrancaError } from '@tranca/client'
import type { Seen } from '../check/seen.ts'
import type { Calls } from '../history/calls.ts'
import type { Random } from '../random.ts'
import type { Host } from '../world/host.ts'
import type { World } from '../world/world.ts'
import { clientOptions } from './client-options.ts'
import type { Deed } from './deed.ts'
import { deeds } from './deeds.ts'
import { refusals } from './licensing.ts'
import { namespace } from './namespace.ts'

/** Refusals that a correct cluster may give to this workload at any time. */
const expected: ReadonlySet<string> = new Set([
  'held',
  'timeout',
  'deadlock',
  'lockDelay',
  'upgrade',
  'canceled',
  'codeHeld',
  'codesExceeded',
  'noPermits',
  'reservationLost',
  // The number came back in time, and another has confirmed it since.
  'notReserved',
  'aborted',
  'deadline',
  'sessionLost',
  'closed',
  'outstandingExceeded',
  ...refusals,
])

/** One client process: a session, and users who work through it at the same time. */
export class Application {
  readonly host: Host
  /** What has no answer yet, in words. */
  readonly pending = new Map<number, string>()
  done = 0
  readonly #world: World
  readonly #seen: Seen
  readonly #calls: Calls
  readonly #addresses: () => readonly string[]
  readonly #users: number
  readonly #random: Random
  #session: Session | undefined
  #isResting = false
  #isRunning = false
  #count = 0

  constructor(options: {
    world: World
    seen: Seen
    calls: Calls
    name: string
    /** Where the cluster is. */
    addresses: () => readonly string[]
    users: number
  }) {
    this.#world = options.world
    this.#seen = options.seen
    this.#calls = options.calls
    this.#addresses = options.addresses
    this.#users = options.users
    this.#random = options.world.random.fork()
    this.host = options.world.addHost(options.name)
  }

  start(): void {
    if (this.#isRunning || this.#isResting) return
    this.#isRunning = true
    for (let user = 1; user <= this.#users; user++) this.#begin(this.#work(`u${user}`))
  }

  /** The process dies, with its session and all that it waited for. */
  crash(): void {
    const { life } = this.host
    if (this.#session !== undefined) this.#calls.ended(this.#session, this.host.idleSinceMs)
    this.host.kill()
    this.#world.network.processDied(this.host, life)
    this.pending.clear()
    this.#session = undefined
    this.#isRunning = false
  }

  /** Begins nothing new. */
  rest(): void {
    this.#isResting = true
  }

  sessionOptions(): SessionOptions {
    const random = this.#random
    return {
      addresses: this.#addresses(),
      namespace,
      client: this.host.name,
      ttlMs: random.pick([2_000, 4_000, 10_000]),
      lockDelayMs: random.pick([0, 0, 500]),
      ...clientOptions(this.#world, this.host),
    }
  }

  #begin(work: Promise<void>): void {
    const { life } = this.host
    work.catch((error: unknown) => {
      if (this.host.life === life)
        this.#world.complain('workload', `${this.host.name}: ${(error as Error).stack ?? error}`)
    })
  }

  async #work(user: string): Promise<void> {
    const random = this.#random.fork()
    while (!this.#isResting) {
      await this.#pause(random.exponential(120))
      if (this.#isResting) return
      await this.#do(user, random.pick(deeds), random)
    }
  }

  async #do(user: string, deed: Deed, random: Random): Promise<void> {
    const id = ++this.#count
    const note = (what: string) => {
      this.pending.set(id, `${this.host.name} ${user}: ${what}`)
      this.#world.trace.say(this.host.name, `${user}: ${what}`)
    }
    note(deed.name)
    try {
      const session = this.#currentSession()
      const caller = this.#calls.callerOf(session, user)
      await deed.perform({
        owner: new Owner(caller, user),
        caller,
        random,
        note,
        pause: (ms) => this.#pause(ms),
        leave: () => {
          this.#calls.ended(session, this.host.idleSinceMs)
          return session.close()
        },
        saw: (kind, name, what) =>
          this.#seen.saw({ kind, session: session.id, owner: user, name, what: String(what) }),
      })
      note(`${deed.name} done`)
    } catch (error) {
      if (!(error instanceof TrancaError)) throw error
      note(`${deed.name}: ${error.code}`)
      if (!expected.has(error.code))
        this.#world.complain(
          'workload',
          `${this.host.name} ${user}: ${deed.name}: ${error.code}: ${error.message}`,
        )
    }
    this.done++
    this.pending.delete(id)
  }

  #currentSession(): Session {
    if (this.#session === undefined || this.#session.status === 'ended') {
      const session = openSession(this.sessionOptions())
      session.on('lost', (error) =>
        this.#world.trace.say(this.host.name, `session ${session.id} lost: ${error.message}`),
      )
      session.signal.addEventListener('abort', () => this.#calls.ended(session, this.host.idleSinceMs))
      this.#session = session
    }
    return this.#session
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.host.after(ms, resolve))
  }
}
