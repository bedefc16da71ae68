import type { Random } from '../random.ts'
import type { Host } from './host.ts'
import type { Schedule } from './schedule.ts'

/** What a connection runs over. */
export interface Wires {
  readonly schedule: Schedule
  readonly random: Random
  /** A chunk arrives in two pieces, with this chance. */
  readonly weather: { readonly splitChance: number }
  isShut(from: Host, to: Host): boolean
  /** How long the next piece takes. */
  latencyMs(): number
  /** Chunks of members in the order and number in which they leave; `undefined`: as they are. */
  pieces(kind: 'peer' | 'client', bytes: Buffer): { bytes: Buffer; lateMs: number }[] | undefined
  /** Neither side has it open any more. */
  gone(connection: Connection): void
}

/** What travels: bytes, or the end of the connection with the system's word for it. */
type Item = { readonly bytes: Buffer } | { readonly code: string }

/** One side of a connection, as its process sees it. */
export class End {
  readonly host: Host
  readonly life: number
  onData: ((bytes: Buffer) => void) | undefined
  onClose: ((code: string) => void) | undefined
  onDrain: (() => void) | undefined
  onOpen: (() => void) | undefined
  isOpen = false
  isClosed = false
  /** Bytes written that are not on their way. */
  backlog = 0
  /** The connection broke with bytes in flight: of the next ones a part may still come. */
  isDoomed = false
  readonly connection: Connection
  other: End | undefined
  waiting: Item[] = []
  lastDueMs = 0
  #isReading = true
  #inbox: Item[] = []

  constructor(connection: Connection, host: Host) {
    this.connection = connection
    this.host = host
    this.life = host.life
  }

  write(bytes: Buffer): void {
    if (!this.isClosed) this.connection.send(this, { bytes })
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.connection.send(this, { code: '' })
    this.connection.ended()
  }

  pause(): void {
    this.#isReading = false
  }

  resume(): void {
    if (this.#isReading) return
    this.#isReading = true
    this.host.soon(0, () => {
      while (this.#isReading && this.#inbox.length > 0) this.#read(this.#inbox.shift()!)
    })
  }

  /** Something has come; the process gets it as soon as it runs and reads. */
  take(item: Item): void {
    if (this.life !== this.host.life) return
    if (this.host.isFrozen) this.host.soon(0, () => this.#taken(item))
    else this.#taken(item)
  }

  #taken(item: Item): void {
    if (!this.#isReading || this.#inbox.length > 0) this.#inbox.push(item)
    else this.#read(item)
  }

  #read(item: Item): void {
    if (this.isClosed) return
    if ('code' in item) {
      this.isClosed = true
      this.connection.ended()
      this.onClose?.(item.code)
      return
    }
    const { random, weather } = this.connection.network
    const { bytes } = item
    if (bytes.length < 2 || !random.chance(weather.splitChance)) {
      this.onData?.(bytes)
      return
    }
    const cut = 1 + random.below(bytes.length - 1)
    this.onData?.(bytes.subarray(0, cut))
    if (!this.isClosed) this.onData?.(bytes.subarray(cut))
  }
}

/** A connection between two processes: bytes in order, until it breaks. */
export class Connection {
  readonly network: Wires
  readonly kind: 'peer' | 'client'
  readonly dialer: End
  listener: End | undefined

  constructor(network: Wires, host: Host, kind: 'peer' | 'client') {
    this.network = network
    this.kind = kind
    this.dialer = new End(this, host)
  }

  accepted(host: Host, onAccept: (end: End) => void): void {
    const { dialer, network } = this
    const listener = new End(this, host)
    this.listener = listener
    listener.other = dialer
    dialer.other = listener
    listener.isOpen = true
    host.soon(0, () => onAccept(listener))
    network.schedule.at(network.schedule.nowMs + network.latencyMs(), () => {
      if (dialer.isClosed || dialer.life !== dialer.host.life) {
        listener.take({ code: 'ECONNRESET' })
        return
      }
      dialer.host.soon(0, () => {
        dialer.isOpen = true
        this.#flush(dialer)
        if (!dialer.isClosed) dialer.onOpen?.()
      })
    })
  }

  refused(code: string): void {
    const { dialer, network } = this
    network.schedule.at(network.schedule.nowMs + network.latencyMs(), () => dialer.take({ code }))
  }

  send(from: End, item: Item): void {
    const to = from.other
    if (!from.isOpen || to === undefined || this.network.isShut(from.host, to.host)) {
      from.waiting.push(item)
      if ('bytes' in item) from.backlog += item.bytes.length
      return
    }
    if ('code' in item) {
      this.#carry(from, to, item, 0)
      return
    }
    const pieces = this.network.pieces(this.kind, item.bytes)
    if (pieces === undefined) this.#carry(from, to, item, 0)
    else for (const { bytes, lateMs } of pieces) this.#carry(from, to, { bytes }, lateMs)
  }

  /** The link that `from` sends on works again. */
  linkOpened(from: Host): void {
    for (const end of [this.dialer, this.listener]) if (end?.host === from) this.#flush(end)
  }

  /** Breaks it, with what is in flight. `side`: only this side learns of it, the other believes on. */
  break(side?: 'dialer' | 'listener'): void {
    const { network, dialer, listener } = this
    for (const end of [dialer, listener]) {
      if (end === undefined || end.isClosed) continue
      end.isDoomed = true
      end.waiting = []
      end.backlog = 0
      if (side !== undefined && end !== this[side]) continue
      network.schedule.at(network.schedule.nowMs + network.latencyMs(), () =>
        end.take({ code: 'ECONNRESET' }),
      )
    }
  }

  healed(): void {
    if (this.dialer.isDoomed || this.listener?.isDoomed) this.break()
    else for (const end of [this.dialer, this.listener]) if (end !== undefined) this.#flush(end)
  }

  processDied(host: Host, life: number): void {
    for (const end of [this.dialer, this.listener]) {
      if (end === undefined || end.host !== host || end.life !== life || end.isClosed) continue
      end.isClosed = true
      if (host.isPowered) this.send(end, { code: 'ECONNRESET' })
    }
    this.ended()
  }

  ended(): void {
    if (this.dialer.isClosed && (this.listener?.isClosed ?? true)) this.network.gone(this)
  }

  #flush(end: End): void {
    if (end.waiting.length === 0 || end.other === undefined || !end.isOpen) return
    if (this.network.isShut(end.host, end.other.host)) return
    const waiting = end.waiting
    end.waiting = []
    end.backlog = 0
    for (const item of waiting) this.#carry(end, end.other, item, 0)
    if (!end.isClosed && end.life === end.host.life) end.host.soon(0, () => end.onDrain?.())
  }

  #carry(from: End, to: End, item: Item, lateMs: number): void {
    const { schedule } = this.network
    let dueMs = schedule.nowMs + this.network.latencyMs() + lateMs
    // What is late by a fault lets others pass; all else keeps its order.
    if (lateMs === 0) {
      dueMs = Math.max(dueMs, from.lastDueMs)
      from.lastDueMs = dueMs
    }
    schedule.at(dueMs, () => this.#arrive(from, to, item))
  }

  #arrive(from: End, to: End, item: Item): void {
    if (!to.host.isPowered) return
    const isGone = to.isClosed || to.life !== to.host.life
    if (!isGone && !to.isDoomed) {
      to.take(item)
      return
    }
    if (isGone || 'code' in item) {
      // Nobody is there any more: the system says so.
      this.#reset(to, from)
      return
    }
    // The connection broke meanwhile. Of one chunk a part may still get through, then comes the end.
    if (to.isDoomed && this.network.random.chance(0.2) && item.bytes.length > 1) {
      to.take({ bytes: item.bytes.subarray(0, 1 + this.network.random.below(item.bytes.length - 1)) })
      to.take({ code: 'ECONNRESET' })
    }
    this.#reset(to, from)
  }

  #reset(from: End, to: End): void {
    if (to.isClosed || this.network.isShut(from.host, to.host)) return
    const { schedule } = this.network
    schedule.at(schedule.nowMs + this.network.latencyMs(), () => to.take({ code: 'ECONNRESET' }))
  }
}
