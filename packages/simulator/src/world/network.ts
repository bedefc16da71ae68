import type { Random } from '../random.ts'
import { Connection, type End, type Wires } from './connection.ts'
import type { Host } from './host.ts'
import { type FrameFaults, meddle } from './peer-frames.ts'
import type { Schedule } from './schedule.ts'

export interface Weather {
  /** One way, from and to. */
  latencyMs: readonly [number, number]
  /** Now and then something takes this long. */
  spikeMs: number
  spikeChance: number
  /** A chunk arrives in two pieces. */
  splitChance: number
  /** A dial is refused though somebody listens. */
  refuseChance: number
  readonly frames: FrameFaults
}

interface Listening {
  readonly host: Host
  readonly life: number
  readonly onAccept: (end: End) => void
}

/** A dial that gets no answer is repeated as TCP repeats it, and given up in the end. */
const synMs = [1_000, 2_000, 3_000, 4_000, 5_000]

/**
 * Wires between machines. A link can be cut in one direction: what is written meanwhile waits, as TCP would
 * send it again, and comes in one burst when the link is back; unless the connection breaks before.
 */
export class Network implements Wires {
  readonly schedule: Schedule
  readonly random: Random
  weather: Weather
  /** As it is when nothing is wrong. */
  readonly #calm: Weather
  readonly connections = new Set<Connection>()
  readonly #listening = new Map<string, Listening>()
  /** How many faults hold a direction shut, by its two machines. */
  readonly #shut = new Map<number, number>()

  constructor(schedule: Schedule, random: Random, weather: Weather) {
    this.schedule = schedule
    this.random = random
    this.#calm = weather
    this.weather = { ...weather, frames: { ...weather.frames } }
  }

  listen(host: Host, address: string, onAccept: (end: End) => void): void {
    this.#listening.set(address, { host, life: host.life, onAccept })
  }

  unlisten(host: Host, address: string): void {
    const listening = this.#listening.get(address)
    if (listening?.host === host && listening.life === host.life) this.#listening.delete(address)
  }

  dial(host: Host, address: string, kind: 'peer' | 'client'): End {
    const connection = new Connection(this, host, kind)
    this.connections.add(connection)
    this.#knock(connection, address, 0)
    return connection.dialer
  }

  isShut(from: Host, to: Host): boolean {
    return this.#shut.size > 0 && this.#shut.has(from.id * 256 + to.id)
  }

  shut(from: Host, to: Host): void {
    const key = from.id * 256 + to.id
    this.#shut.set(key, (this.#shut.get(key) ?? 0) + 1)
  }

  open(from: Host, to: Host): void {
    const key = from.id * 256 + to.id
    const count = (this.#shut.get(key) ?? 0) - 1
    if (count > 0) this.#shut.set(key, count)
    else {
      this.#shut.delete(key)
      for (const connection of this.connections) connection.linkOpened(from)
    }
  }

  /** Latency and dials are as they are when nothing is wrong. */
  calm(): void {
    const { latencyMs, refuseChance } = this.#calm
    Object.assign(this.weather, { latencyMs, refuseChance })
  }

  /** All links work, and every connection that only one side believes in is found out. */
  heal(): void {
    this.#shut.clear()
    this.weather = {
      ...this.#calm,
      splitChance: 0,
      spikeChance: 0,
      frames: { lose: 0, double: 0, delay: 0, delayMs: 0 },
    }
    for (const connection of this.connections) connection.healed()
  }

  latencyMs(): number {
    const { latencyMs, spikeMs, spikeChance } = this.weather
    const spike = this.random.chance(spikeChance) ? this.random.fraction() * spikeMs : 0
    return this.random.between(latencyMs[0], latencyMs[1]) + spike
  }

  /** What is written on a connection between members may be meddled with; the result leaves one by one. */
  pieces(kind: 'peer' | 'client', bytes: Buffer): { bytes: Buffer; lateMs: number }[] | undefined {
    return kind === 'peer' ? meddle(bytes, this.weather.frames, this.random) : undefined
  }

  gone(connection: Connection): void {
    this.connections.delete(connection)
  }

  /** The process of a machine died: the system closes what it had open, unless the machine died with it. */
  processDied(host: Host, life: number): void {
    for (const connection of this.connections) connection.processDied(host, life)
  }

  #knock(connection: Connection, address: string, attempt: number): void {
    const { dialer } = connection
    const later = () => {
      const waitMs = synMs[attempt]
      this.schedule.at(this.schedule.nowMs + (waitMs ?? 0), () => {
        if (dialer.isClosed) return
        if (waitMs === undefined) connection.refused('ETIMEDOUT')
        else this.#knock(connection, address, attempt + 1)
      })
    }
    this.schedule.at(this.schedule.nowMs + this.latencyMs(), () => {
      if (dialer.isClosed) return
      const listening = this.#listening.get(address)
      const target = listening?.host
      if (target !== undefined) {
        if (!target.isPowered || this.isShut(dialer.host, target) || this.isShut(target, dialer.host)) {
          later()
          return
        }
      }
      const isThere = listening !== undefined && listening.life === listening.host.life
      if (!isThere || this.random.chance(this.weather.refuseChance)) connection.refused('ECONNREFUSED')
      else connection.accepted(listening.host, listening.onAccept)
    })
  }
}
