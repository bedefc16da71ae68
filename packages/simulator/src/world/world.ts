import type { Environment } from '@tranca/node'
import type { Random } from '../random.ts'
import { Host } from './host.ts'
import { Network, type Weather } from './network.ts'
import { Schedule } from './schedule.ts'
import { nodeClock, nodeTransport } from './seams.ts'
import { Trace } from './trace.ts'

export interface Violation {
  /** Which truth. */
  readonly checker: string
  readonly reason: string
  readonly atMs: number
}

/** Monday, 23 November 2026, 12:00 UTC. */
const beginMs = Date.UTC(2026, 10, 23, 12)

/** Time, wires and machines of one run. */
export class World {
  readonly schedule = new Schedule()
  readonly network: Network
  readonly trace: Trace
  readonly random: Random
  /** What was found first. */
  violation: Violation | undefined
  readonly #hosts: Host[] = []

  constructor(random: Random, weather: Weather, write: ((line: string) => void) | undefined) {
    this.random = random
    this.network = new Network(this.schedule, random.fork(), weather)
    this.trace = new Trace(this.schedule, write)
  }

  get hosts(): readonly Host[] {
    return this.#hosts
  }

  addHost(name: string, random = this.random): Host {
    const localMs = Math.floor(random.between(1, 1e9))
    const host = new Host(this.schedule, this.#hosts.length + 1, name, { localMs, wallMs: beginMs })
    this.#hosts.push(host)
    return host
  }

  nodeEnvironment(host: Host): Pick<Environment, 'clock' | 'transport' | 'random' | 'fetch'> {
    const random = this.random.fork()
    return {
      clock: nodeClock(host, this.schedule, random.fork()),
      transport: nodeTransport(host, this.network),
      random: (n) => random.below(n),
      fetch: () => Promise.reject(new Error('no way out')),
    }
  }

  complain(checker: string, reason: string): void {
    if (this.violation !== undefined) return
    this.trace.say('!!', `${checker}: ${reason}`)
    this.violation = { checker, reason, atMs: this.schedule.nowMs }
  }
}
