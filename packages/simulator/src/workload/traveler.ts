import { type Borrowed, openAdmin, openSession, type Session, TrancaError } from '@tranca/client'
import { verifyBorrowToken } from '@tranca/license-key'
import type { Seen } from '../check/seen.ts'
import type { Random } from '../random.ts'
import type { Host } from '../world/host.ts'
import type { World } from '../world/world.ts'
import { borrowPublicKey } from './borrow-key.ts'
import { clientOptions } from './client-options.ts'
import { refusals } from './licensing.ts'
import { namespace } from './namespace.ts'
import { product } from './vendor.ts'

/** Refusals and doubts that who borrows has to live with. */
const expected: ReadonlySet<string> = new Set([
  ...refusals,
  'aborted',
  'deadline',
  'sessionLost',
  'closed',
  'outcomeUnknown',
  // Returned by somebody else, or its time is over.
  'unknownBorrow',
  // By the leader's wall clock its end is over, or too far away.
  'invalid',
])

/** They have no grants of their own: those would share their units, and the count does not know of whom a grant is. */
const people = ['eva', 'fabio', 'gil'] as const

/** Lends units to people who take them along, gets them back early, late or by force, and verifies their tokens. */
export class Traveler {
  readonly host: Host
  /** What it does now, in words. */
  pending: string | undefined
  done = 0
  readonly #world: World
  readonly #seen: Seen
  readonly #addresses: () => readonly string[]
  readonly #random: Random
  readonly #away: Borrowed[] = []
  #session: Session | undefined
  #isResting = false

  constructor(options: {
    world: World
    seen: Seen
    /** A stream of its own. */
    random: Random
    addresses: () => readonly string[]
  }) {
    this.#world = options.world
    this.#seen = options.seen
    this.#random = options.random
    this.#addresses = options.addresses
    this.host = options.world.addHost('t1', options.random)
  }

  start(): void {
    this.#work().catch((error: unknown) =>
      this.#world.complain('workload', `t1: ${(error as Error).stack ?? error}`),
    )
  }

  /** Lends nothing more; what is out is called back. */
  rest(): void {
    this.#isResting = true
    this.pending = 't1: to call back what is out'
  }

  async #work(): Promise<void> {
    const random = this.#random
    while (!this.#isResting) {
      await this.#pause(random.exponential(400))
      if (this.#isResting) break
      const away = this.#away.length
      if (away > 0 && random.chance(0.4)) {
        const [one] = this.#away.splice(random.below(away), 1)
        await this.#do(`return ${one!.borrow}`, () => one!.return(this.#deadline()))
      } else if (random.chance(0.15)) await this.#do('call one back', () => this.#callBack(1))
      else await this.#do('borrow', () => this.#borrow())
    }
    while (!(await this.#do('call back what is out', () => this.#callBack(100)))) await this.#pause(100)
    this.pending = undefined
  }

  async #borrow(): Promise<void> {
    const random = this.#random
    const session = this.#currentSession()
    const wanted = random.pick([product.slaves, product.full])
    const user = random.pick(people)
    const until = this.host.wallMs() + random.pick([150, 1_500, 60_000, 2 * 3_600_000])
    this.#note(`borrow ${wanted} for ${user}`)
    const owner = session.owner(user)
    const borrowed = await owner.borrow(wanted, { user, until, ...this.#deadline() })
    const { borrow: what, token } = borrowed
    this.#note(`${user} has ${what}`)
    this.#seen.saw({ kind: 'license.borrowed', session: session.id, owner: user, name: String(wanted), what })
    this.#away.push(borrowed)
    const read = verifyBorrowToken(token, borrowPublicKey, 0)
    const body = read.ok ? read.token.body : undefined
    if (body?.borrow !== what || body.user !== user || body.product !== wanted || body.units !== 1)
      this.#world.complain('token', `${what} of ${user}: ${JSON.stringify(read)}`)
  }

  /** The administrator's way: whatever is out, whoever has it. */
  async #callBack(limit: number): Promise<void> {
    const admin = openAdmin(this.#addresses(), {
      ...clientOptions(this.#world, this.host, this.#random),
      deadlineMs: 4_000,
    })
    try {
      const { borrows } = await admin.request({ op: 'license.borrowed', limit })
      for (const { borrow } of borrows) {
        this.#note(`call back ${borrow}`)
        await this.#currentSession()
          .request({ op: 'license.returnBorrowed', borrow })
          .catch((error: unknown) => {
            if (!(error instanceof TrancaError) || error.code !== 'unknownBorrow') throw error
          })
      }
    } finally {
      await admin.close()
    }
  }

  /** Whether it came to its end. */
  async #do(what: string, work: () => Promise<void>): Promise<boolean> {
    this.#note(what)
    try {
      await work()
      this.#note(`${what} done`)
      this.done++
      return true
    } catch (error) {
      if (!(error instanceof TrancaError)) throw error
      this.#note(`${what}: ${error.code}`)
      if (!expected.has(error.code))
        this.#world.complain('workload', `t1: ${what}: ${error.code}: ${error.message}`)
      return false
    }
  }

  #deadline(): { deadlineMs?: number } {
    return this.#random.chance(0.2) ? { deadlineMs: this.#random.pick([20, 200]) } : {}
  }

  #currentSession(): Session {
    if (this.#session === undefined || this.#session.status === 'ended') {
      const addresses = this.#addresses()
      const options = clientOptions(this.#world, this.host, this.#random)
      this.#session = openSession({ ...options, addresses, namespace, client: 't1', ttlMs: 3_000 })
    }
    return this.#session
  }

  #note(what: string): void {
    this.pending = `t1: ${what}`
    this.#world.trace.say('t1', what)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.host.after(ms, resolve))
  }
}
