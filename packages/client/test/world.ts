import type { Clock, Random, Timer, Transport, Wire, WireHandlers } from '../src/index.ts'

/** Numbers from a seed (a 32-bit mix of a counter): the same on every run. */
export class SeededRandom implements Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  fraction(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 4_294_967_296
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => Math.floor(this.fraction() * 256))
  }

  below(count: number): number {
    return Math.floor(this.fraction() * count)
  }
}

interface Event {
  readonly dueMs: number
  readonly order: number
  readonly run: () => void
  dead: boolean
}

/** Virtual time: events run in order of their time; between two events all promise jobs are done. */
export class World implements Clock {
  readonly random: SeededRandom
  #nowMs = 1_000
  #order = 0
  #events: Event[] = []

  constructor(seed = 1) {
    this.random = new SeededRandom(seed)
  }

  now(): number {
    return this.#nowMs
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    const event: Event = {
      dueMs: this.#nowMs + Math.max(0, delayMs),
      order: this.#order++,
      run: callback,
      dead: false,
    }
    let at = this.#events.length
    while (at > 0 && this.#events[at - 1]!.dueMs > event.dueMs) at--
    this.#events.splice(at, 0, event)
    return event
  }

  clearTimer(timer: Timer): void {
    const event = timer as Event
    event.dead = true
  }

  defer(callback: () => void): void {
    queueMicrotask(callback)
  }

  /** Lets time pass until the promise is settled, and returns what it gives. */
  async until<T>(promise: Promise<T>, maxMs = 600_000): Promise<T> {
    let settled = false
    promise.then(
      () => {
        settled = true
      },
      () => {
        settled = true
      },
    )
    await this.#run(() => settled, maxMs, 'the promise was not settled')
    return await promise
  }

  async untilTrue(condition: () => boolean, maxMs = 600_000): Promise<void> {
    await this.#run(condition, maxMs, 'the condition did not come true')
  }

  async pass(durationMs: number): Promise<void> {
    const untilMs = this.#nowMs + durationMs
    await this.#run(() => false, durationMs, undefined)
    this.#nowMs = Math.max(this.#nowMs, untilMs)
  }

  /** The process stands still: time passes, and nothing of it is noticed before the end. */
  stall(durationMs: number): void {
    this.#nowMs += durationMs
  }

  async #run(done: () => boolean, maxMs: number, complaint: string | undefined): Promise<void> {
    const endMs = this.#nowMs + maxMs
    await jobs()
    while (!done()) {
      const event = this.#events[0]
      if (event === undefined || event.dueMs > endMs) {
        if (complaint === undefined) return
        throw new Error(`${complaint} within ${maxMs} ms (now ${this.#nowMs})`)
      }
      this.#events.shift()
      if (event.dead) continue
      this.#nowMs = Math.max(this.#nowMs, event.dueMs)
      event.run()
      await jobs()
    }
  }
}

function jobs(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** One end of a connection, as a listening node sees it. */
export interface ServerWire {
  write(bytes: Buffer): void
  /** Cuts the connection: both ends learn of it. */
  cut(): void
  onData: (chunk: Buffer) => void
  onClose: () => void
  readonly isOpen: boolean
}

export interface Listener {
  /** `undefined` refuses. */
  accept(wire: ServerWire): boolean
}

/** Connections in memory, with a delay, in order; chunks are cut at random places. */
export class Network implements Transport {
  readonly #world: World
  readonly #listeners = new Map<string, Listener>()
  /** Addresses whose connections neither open nor fail. */
  readonly blackholes = new Set<string>()
  readonly dialed: { address: string; atMs: number }[] = []
  writes = 0
  delayMs = 0.2

  constructor(world: World) {
    this.#world = world
  }

  listen(address: string, listener: Listener): void {
    this.#listeners.set(address, listener)
  }

  dial(address: string, handlers: WireHandlers): Wire {
    this.dialed.push({ address, atMs: this.#world.now() })
    let clientOpen = true
    let serverOpen = true
    let dueToServer = 0
    let dueToClient = 0
    const after = (lastMs: number, run: () => void): number => {
      const dueMs = Math.max(lastMs, this.#world.now() + this.delayMs)
      this.#world.setTimer(run, dueMs - this.#world.now())
      return dueMs
    }
    const toClient = (run: () => void) => {
      dueToClient = after(dueToClient, () => {
        if (clientOpen) run()
      })
    }
    const toServer = (run: () => void) => {
      dueToServer = after(dueToServer, run)
    }
    const server: ServerWire = {
      get isOpen() {
        return serverOpen
      },
      write: (bytes) => {
        if (!serverOpen) return
        for (const chunk of this.#cut(bytes)) toClient(() => handlers.onData(chunk))
      },
      cut: () => {
        if (!serverOpen) return
        serverOpen = false
        server.onClose()
        toClient(() => {
          clientOpen = false
          handlers.onClose(undefined)
        })
      },
      onData: () => undefined,
      onClose: () => undefined,
    }
    toServer(() => {
      if (!clientOpen || this.blackholes.has(address)) return
      if (this.#listeners.get(address)?.accept(server) === true) toClient(() => handlers.onOpen())
      else {
        serverOpen = false
        toClient(() => {
          clientOpen = false
          handlers.onClose(new Error('connection refused'))
        })
      }
    })
    return {
      backlog: 0,
      write: (bytes) => {
        if (!clientOpen) return
        this.writes++
        const copy = Buffer.from(bytes)
        toServer(() => {
          if (serverOpen) server.onData(copy)
        })
      },
      close: () => {
        if (!clientOpen) return
        clientOpen = false
        toServer(() => {
          if (!serverOpen) return
          serverOpen = false
          server.onClose()
        })
      },
    }
  }

  #cut(bytes: Buffer): Buffer[] {
    if (bytes.length < 2 || this.#world.random.fraction() < 0.7) return [Buffer.from(bytes)]
    const at = 1 + this.#world.random.below(bytes.length - 1)
    return [Buffer.from(bytes.subarray(0, at)), Buffer.from(bytes.subarray(at))]
  }
}
