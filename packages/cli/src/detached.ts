import type { Clock, OperationName, Timer, Transport, Wire } from '@tranca/client'
import {
  DeadlineError,
  openSession,
  type RequestOf,
  type ResultOf,
  type Session,
  systemClock,
  systemRandom,
  tcpTransport,
  tlsTransport,
} from '@tranca/client'
import type { Context } from './context.ts'
import { CliError } from './errors.ts'
import type { DetachedSession, HeldThing } from './state-file.ts'

/**
 * Requests that the library makes by itself (a cancel, a request under a new number) also use numbers; none
 * of them happens in a call that ends well, and a number too many costs nothing.
 */
const SPARE_IDS = 3

interface Seed {
  readonly ttlMs: number
  /** Absent: a new session. */
  readonly key?: Uint8Array
  /** Numbers of requests that were used by earlier calls. */
  readonly usedIds: number
}

/**
 * A session that can be left alive: the process goes, the session stays until its time to live is over, and a
 * later call opens it again by its key (`session.open` is idempotent by key). What the library needs of the
 * outside is handed to it in a form that can be cut off, because closing a session would end it.
 */
export class DetachableSession {
  readonly session: Session
  readonly key: Uint8Array
  readonly ttlMs: number
  readonly #outside: CutOff
  #usedIds: number

  private constructor(session: Session, outside: CutOff, key: Uint8Array, seed: Seed) {
    this.session = session
    this.key = key
    this.ttlMs = seed.ttlMs
    this.#outside = outside
    this.#usedIds = seed.usedIds
  }

  /** Opens a new session. */
  static open(context: Context, ttlMs: number): Promise<DetachableSession> {
    return DetachableSession.#start(context, { ttlMs, usedIds: 0 })
  }

  /** @throws CliError `sessionUnknown` if it is over */
  static async reopen(context: Context, left: DetachedSession): Promise<DetachableSession> {
    const key = Uint8Array.from(Buffer.from(left.key, 'hex'))
    const found = await DetachableSession.#start(context, { ttlMs: left.ttlMs, key, usedIds: left.lastId })
    if (found.session.id !== left.session) {
      // The key was unknown already, so a new session came into being: it holds nothing.
      await found.close(context.timeoutMs)
      throw new CliError('sessionUnknown', `session ${left.session} is over`, { session: left.session })
    }
    // A number must be larger than all that the session has used: reads may use up those in between.
    const skipped = Array.from({ length: left.lastId }, () =>
      found.session.request({ op: 'session.get', session: left.session }, { deadlineMs: context.timeoutMs }),
    )
    await Promise.all(skipped)
    return found
  }

  static async #start(context: Context, seed: Seed): Promise<DetachableSession> {
    const key = seed.key ?? systemRandom.bytes(16)
    const { network } = context
    const outside = new CutOff(network.tls ? tlsTransport(network.tls) : tcpTransport)
    const session = openSession({
      addresses: context.addresses,
      auth: network.auth,
      namespace: context.namespace,
      client: context.client,
      ttlMs: seed.ttlMs,
      transport: outside.transport,
      clock: outside.clock,
      random: { ...systemRandom, bytes: () => key },
    })
    const detachable = new DetachableSession(session, outside, key, seed)
    try {
      await session.opened({ deadlineMs: context.timeoutMs })
      return detachable
    } catch (error) {
      await detachable.close(0)
      throw error instanceof DeadlineError ? await context.whyNobody(error) : error
    }
  }

  request<N extends OperationName>(request: RequestOf<N>, deadlineMs?: number): Promise<ResultOf<N>> {
    this.#usedIds++
    return this.session.request(request, deadlineMs === undefined ? {} : { deadlineMs })
  }

  /** Ends the session and gives back all that it holds. */
  async close(deadlineMs: number): Promise<void> {
    await this.session.close({ deadlineMs })
    this.#outside.cut()
  }

  /** Lets go of the connection and leaves the session alive. */
  leave(context: Context, held: HeldThing, owner: string): DetachedSession {
    const untilMs = context.io.now() + this.session.remainingMs
    this.#outside.cut()
    return {
      namespace: context.namespace,
      addresses: context.addresses,
      session: this.session.id,
      key: Buffer.from(this.key).toString('hex'),
      lastId: this.#usedIds + SPARE_IDS,
      ttlMs: this.ttlMs,
      untilMs,
      owner,
      held,
    }
  }
}

/** Network and timers as the library takes them, until they are cut off: then nothing happens any more. */
class CutOff {
  readonly transport: Transport
  readonly clock: Clock
  readonly #network: Transport
  readonly #wires = new Set<Wire>()
  readonly #timers = new Set<Timer>()
  #isCut = false

  constructor(network: Transport) {
    this.#network = network
    this.transport = { ...network, dial: (address, handlers) => this.#dial(address, handlers) }
    this.clock = {
      now: () => systemClock.now(),
      defer: (callback) =>
        systemClock.defer(() => {
          if (!this.#isCut) callback()
        }),
      setTimer: (callback, delayMs) => {
        const timer = systemClock.setTimer(() => {
          this.#timers.delete(timer)
          if (!this.#isCut) callback()
        }, delayMs)
        if (this.#isCut) systemClock.clearTimer(timer)
        else this.#timers.add(timer)
        return timer
      },
      clearTimer: (timer) => {
        this.#timers.delete(timer)
        systemClock.clearTimer(timer)
      },
    }
  }

  #dial(...[address, handlers]: Parameters<Transport['dial']>): Wire {
    const wire = this.#network.dial(address, handlers)
    this.#wires.add(wire)
    if (this.#isCut) wire.close()
    return wire
  }

  cut(): void {
    this.#isCut = true
    for (const wire of this.#wires) wire.close(true)
    for (const timer of this.#timers) systemClock.clearTimer(timer)
    this.#timers.clear()
  }
}
