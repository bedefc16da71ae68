import type { ServerEvent } from '@tranca/protocol'
import type { Clock, Timer } from './clock.ts'
import { ConnectionError, RefusedError } from './errors.ts'
import type { Limits } from './limits.ts'
import { type Answer, type LeaderHint, Link, type LinkOptions, type LinkOwner } from './link.ts'
import type { AnyOperation } from './operations.ts'
import type { Random } from './random.ts'
import type { Transport } from './transport.ts'

/** A node that was named is dialed at once, unless it has failed so often since the last good leader. */
const hintedFailuresMax = 3

/** Who uses the connection to the leader: a session or an admin connection. */
export interface ClusterOwner {
  /** A node that says it leads is connected and has answered hello. */
  onLeader(link: Link): void
  /** The leader's connection is gone, or its node leads no more; another one is being looked for. */
  onLeaderGone(error: Error): void
  onAnswer(link: Link, answer: Answer): void
  onEvent(event: ServerEvent): void
  /** The operation that was asked under this id. */
  operationOf(id: number): AnyOperation | undefined
  /** Something waits for an answer: silence is worth a ping. */
  isWaiting(): boolean
  /** Something was asked whose answer only this very node can give, even if it leads no more. */
  isBound(): boolean
}

export interface ClusterOptions {
  readonly addresses: readonly string[]
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly limits: Limits
  readonly hello: LinkOptions['hello']
  /** A connection that has been silent for so long gets a ping, though nothing is asked. */
  readonly keepAliveMs: number
}

/** One address: at most one connection that is not the leader's, and when it may be dialed again. */
interface Spot {
  readonly address: string
  /** Named by a node, and forgotten for another one when there are too many. */
  readonly isLearnt: boolean
  link: Link | undefined
  failures: number
  dueMs: number
  lastError: Error | undefined
}

/**
 * Keeps a connection to the leader of a cluster.
 *
 * While the leader is unknown, all addresses are dialed in parallel. A follower that answers is kept for a
 * while: it names the leader as soon as there is one, so that nobody waits for a poll. While the leader is
 * silent, the others are asked beside it, and the first node that says it leads takes its place: a frozen
 * node keeps no calls.
 */
export class Cluster implements LinkOwner {
  readonly #options: ClusterOptions
  readonly #clock: Clock
  readonly #limits: Limits
  readonly #owner: ClusterOwner
  readonly #spots = new Map<string, Spot>()
  #leader: Link | undefined
  /** The cluster of the first leader: the others must belong to it too. */
  #clusterId: string | undefined
  #status: 'seeking' | 'following' | 'suspecting' | 'closed' = 'seeking'
  #hint: LeaderHint | undefined
  #hintUntilMs = Number.POSITIVE_INFINITY
  #scoutsUntilMs = Number.POSITIVE_INFINITY
  #timer: Timer | undefined
  #timerDueMs = Number.POSITIVE_INFINITY

  constructor(owner: ClusterOwner, options: ClusterOptions) {
    this.#owner = owner
    this.#options = options
    this.#clock = options.clock
    this.#limits = options.limits
    for (const address of options.addresses) this.#addSpot(address, false)
  }

  get leader(): Link | undefined {
    return this.#leader
  }

  /** The leader's node and address as last heard, connected or not. */
  get leaderHint(): LeaderHint | undefined {
    return this.#hint
  }

  /** All addresses known: those given first. */
  get addresses(): string[] {
    return [...this.#spots.keys()]
  }

  start(): void {
    this.#pump()
  }

  close(gently = false): void {
    if (this.#status === 'closed') return
    this.#status = 'closed'
    this.#disarm()
    this.#leader?.close(gently)
    this.#leader = undefined
    for (const spot of this.#spots.values()) this.#dropSpotLink(spot)
  }

  /** What each address said last: for the message of an error. */
  describe(): string {
    const parts: string[] = []
    for (const spot of this.#spots.values()) {
      const link = spot.link
      if (link?.status === 'ready') parts.push(`${spot.address}: follows ${link.leader?.address ?? 'nobody'}`)
      else parts.push(spot.lastError?.message ?? `${spot.address}: no answer yet`)
    }
    return parts.join('; ')
  }

  /** The leader's own node refused as one that does not lead. */
  depose(link: Link, hint: LeaderHint | undefined): void {
    if (link !== this.#leader) return
    const error = new ConnectionError(link.address, 'the node leads no longer')
    link.close()
    this.#loseLeader(link, error, true)
    if (hint !== undefined && hint.node !== link.node) this.#follow(hint)
    this.#pump()
  }

  /** The connection is of no use any more, though its node may lead: dial again. */
  renew(link: Link, reason: string): void {
    if (link !== this.#leader) return
    const error = new ConnectionError(link.address, reason)
    link.close()
    this.#loseLeader(link, error, true)
    this.#pump()
  }

  /** To be called when a request has been sent: silence is now worth watching. */
  touch(nowMs: number): void {
    if (this.#timerDueMs > nowMs + this.#limits.probeMs) this.#arm(nowMs + this.#limits.probeMs)
  }

  /** The leader does its work for the owner: failures of the search that led to it are forgotten. */
  settle(): void {
    for (const spot of this.#spots.values()) spot.failures = 0
  }

  onReady(link: Link): void {
    const cluster = link.welcome?.cluster
    if (this.#clusterId === undefined || cluster === this.#clusterId) {
      this.#learn(link.welcome?.members ?? [])
      this.onNews(link)
      return
    }
    // Its sessions are not ours: asking it would look as if ours had been lost.
    link.close()
    this.#fail(link, new ConnectionError(link.address, `belongs to another cluster, ${cluster}`))
    this.#pump()
  }

  operationOf(link: Link, id: number): AnyOperation | undefined {
    return link === this.#leader ? this.#owner.operationOf(id) : undefined
  }

  onNews(link: Link): void {
    if (this.#status === 'closed') return
    if (link === this.#leader) {
      if (!link.leads) this.depose(link, link.leader)
      return
    }
    if (link.leads) this.#maybeAdopt(link)
    else if (link.leader !== undefined) this.#follow(link.leader)
    this.#pump()
  }

  onAnswer(link: Link, answer: Answer): void {
    if (link === this.#leader) this.#owner.onAnswer(link, answer)
  }

  onEvent(link: Link, event: ServerEvent): void {
    if (event.event === 'members') this.#learn(event.members)
    else if (link === this.#leader) this.#owner.onEvent(event)
  }

  /** Any sign of life of the leader ends the search for another one. */
  onHeard(link: Link): void {
    if (this.#status !== 'suspecting' || link !== this.#leader) return
    this.#status = 'following'
    this.#dropDials()
    this.#scoutsUntilMs = this.#clock.now() + this.#limits.scoutMs
  }

  onClosed(link: Link, error: Error): void {
    if (this.#status === 'closed') return
    if (link === this.#leader) this.#loseLeader(link, error, false)
    else this.#fail(link, error)
    this.#pump()
  }

  /** Whoever leads may be gone when the members that are known now are: those named last are kept. */
  #learn(addresses: Iterable<string>): void {
    for (const address of addresses) this.#spot(address)
  }

  /** The place of an address that a node has named. */
  #spot(address: string): Spot | undefined {
    const known = this.#spots.get(address)
    if (known === undefined) return this.#makeRoom() ? this.#addSpot(address, true) : undefined
    if (known.isLearnt) {
      // Behind all others: those at the front were named longest ago.
      this.#spots.delete(address)
      this.#spots.set(address, known)
    }
    return known
  }

  #addSpot(address: string, isLearnt: boolean): Spot {
    const spot: Spot = { address, isLearnt, link: undefined, failures: 0, dueMs: 0, lastError: undefined }
    this.#spots.set(address, spot)
    return spot
  }

  #makeRoom(): boolean {
    if (this.#spots.size < this.#limits.addressesMax) return true
    for (const { address, isLearnt, link } of this.#spots.values()) {
      if (isLearnt && link === undefined && address !== this.#leader?.address)
        return this.#spots.delete(address)
    }
    return false
  }

  #maybeAdopt(link: Link): void {
    const current = this.#leader
    if (current !== undefined) {
      // While the leader answers, its own word decides: it may be the other one that has not heard yet.
      if (this.#status !== 'suspecting' || (this.#owner.isBound() && !this.#isSilent(current))) return
      const error = new ConnectionError(current.address, `${link.address} leads now`)
      current.close()
      this.#leader = undefined
      this.#owner.onLeaderGone(error)
    }
    const spot = this.#spots.get(link.address)
    if (spot?.link === link) {
      spot.link = undefined
      spot.lastError = undefined
    }
    this.#leader = link
    this.#clusterId = link.welcome?.cluster
    this.#status = 'following'
    this.#hint = { node: link.node, address: link.leader?.address ?? link.address }
    this.#hintUntilMs = Number.POSITIVE_INFINITY
    this.#scoutsUntilMs = this.#clock.now() + this.#limits.scoutMs
    this.#dropDials()
    this.#owner.onLeader(link)
  }

  /** Goes where a node points: at once if there is no connection to the named node yet. */
  #follow(hint: LeaderHint): void {
    if (this.#leader !== undefined && this.#leader.node === hint.node) return
    const news = hint.node !== this.#hint?.node
    this.#hint = hint
    if (hint.address === undefined) return
    const now = this.#clock.now()
    for (const spot of this.#spots.values()) {
      const link = spot.link
      if (link?.status !== 'ready' || link.node !== hint.node) continue
      // It is connected and will say itself that it leads. If that word is lost, a new hello asks for it.
      if (this.#hintUntilMs === Number.POSITIVE_INFINITY) this.#hintUntilMs = now + this.#limits.hintGraceMs
      return
    }
    if (this.#status === 'following') this.#status = 'suspecting'
    const spot = this.#spot(hint.address)
    if (spot !== undefined && spot.link === undefined && spot.failures < (news ? hintedFailuresMax : 1))
      this.#dial(spot)
  }

  #loseLeader(link: Link, error: Error, refused: boolean): void {
    this.#leader = undefined
    this.#status = 'seeking'
    this.#hintUntilMs = Number.POSITIVE_INFINITY
    this.#scoutsUntilMs = Number.POSITIVE_INFINITY
    if (this.#hint?.node === link.node) this.#hint = undefined
    for (const spot of this.#spots.values()) {
      if (spot.address !== link.address) {
        if (refused) continue
        spot.failures = 0
        spot.dueMs = 0
        continue
      }
      spot.lastError = error
      // A node that accepts and then refuses, or breaks again and again, must not be asked in a tight loop.
      if (refused || spot.failures > 0) this.#postpone(spot)
      else {
        spot.failures = 1
        spot.dueMs = 0
      }
    }
    this.#owner.onLeaderGone(error)
  }

  #fail(link: Link, error: Error): void {
    const spot = this.#spots.get(link.address)
    if (spot === undefined || spot.link !== link) return
    spot.link = undefined
    spot.lastError = error
    this.#postpone(spot)
    // Its answer will hardly be another one a moment later.
    if (error.cause instanceof RefusedError) spot.dueMs = this.#clock.now() + this.#limits.refusedMs
  }

  #postpone(spot: Spot): void {
    const { backoffMinMs, backoffMaxMs } = this.#limits
    const fullMs = Math.min(backoffMaxMs, backoffMinMs * 2 ** Math.min(spot.failures, 16))
    spot.failures++
    spot.dueMs = this.#clock.now() + fullMs * (0.5 + this.#options.random.fraction() / 2)
  }

  #dial(spot: Spot): void {
    try {
      spot.link = new Link(this, {
        address: spot.address,
        transport: this.#options.transport,
        clock: this.#clock,
        hello: this.#options.hello,
        limits: this.#limits,
      })
    } catch (error) {
      spot.lastError = new ConnectionError(spot.address, 'cannot be dialed', error)
      this.#postpone(spot)
    }
  }

  #dropSpotLink(spot: Spot): void {
    spot.link?.close()
    spot.link = undefined
  }

  #dropDials(): void {
    for (const spot of this.#spots.values()) {
      if (spot.link !== undefined && spot.link.status !== 'ready') this.#dropSpotLink(spot)
    }
  }

  /** Does all that is due and sets the one timer for what comes next. */
  #pump(): void {
    if (this.#status === 'closed') return
    const now = this.#clock.now()
    let dueMs = Number.POSITIVE_INFINITY
    if (this.#leader !== undefined) dueMs = this.#watchLeader(this.#leader, now)
    if (this.#leader === undefined || this.#status === 'suspecting') dueMs = Math.min(dueMs, this.#seek(now))
    else dueMs = Math.min(dueMs, this.#dismissScouts(now))
    if (dueMs !== this.#timerDueMs) this.#arm(dueMs)
  }

  /** Pings a silent leader, and begins to look elsewhere when the ping stays unanswered. */
  #watchLeader(link: Link, nowMs: number): number {
    const { probeMs, waitProbeMs, silenceMs } = this.#limits
    if (link.pingedMs !== undefined) {
      const silentMs = nowMs - Math.max(link.heardMs, link.pingedMs)
      if (silentMs < silenceMs) return nowMs + silenceMs - silentMs
      if (this.#status === 'following') this.#suspect()
      return Number.POSITIVE_INFINITY
    }
    let dueMs = link.heardMs + this.#options.keepAliveMs
    // An answer is due, or a request waits in a queue of the cluster and is silent by its nature.
    if (link.awaitedMs !== undefined) dueMs = Math.min(dueMs, link.awaitedMs + probeMs)
    else if (this.#owner.isWaiting()) dueMs = Math.min(dueMs, link.heardMs + waitProbeMs)
    if (nowMs < dueMs) return dueMs
    link.ping()
    return nowMs + silenceMs
  }

  #isSilent(link: Link): boolean {
    const { pingedMs, heardMs } = link
    return pingedMs !== undefined && this.#clock.now() - Math.max(heardMs, pingedMs) >= this.#limits.silenceMs
  }

  #suspect(): void {
    this.#status = 'suspecting'
    for (const spot of this.#spots.values()) {
      spot.failures = 0
      spot.dueMs = 0
    }
  }

  /** Dials what may be dialed; returns when to look again. */
  #seek(nowMs: number): number {
    const { dialTimeoutMs, dialsMax, scoutMs } = this.#limits
    let dueMs = Number.POSITIVE_INFINITY
    let dials = 0
    const hintDue = nowMs >= this.#hintUntilMs
    for (const spot of this.#spots.values()) {
      const link = spot.link
      if (link === undefined) continue
      const ready = link.status === 'ready'
      const misled = ready && hintDue && link.node === this.#hint?.node
      const untilMs = ready ? link.dialedMs + scoutMs : link.dialedMs + dialTimeoutMs
      if (nowMs >= untilMs || misled) {
        this.#dropSpotLink(spot)
        if (ready) spot.dueMs = 0
        else {
          spot.lastError = new ConnectionError(spot.address, 'no answer to hello')
          this.#postpone(spot)
        }
      } else {
        dueMs = Math.min(dueMs, untilMs)
        if (!ready) dials++
      }
    }
    if (hintDue) this.#hintUntilMs = Number.POSITIVE_INFINITY
    else dueMs = Math.min(dueMs, this.#hintUntilMs)
    for (const spot of this.#spots.values()) {
      if (spot.link !== undefined || dials >= dialsMax) continue
      if (spot.dueMs <= nowMs) {
        this.#dial(spot)
        dials++
        dueMs = Math.min(dueMs, spot.link === undefined ? spot.dueMs : nowMs + dialTimeoutMs)
      } else dueMs = Math.min(dueMs, spot.dueMs)
    }
    return dueMs
  }

  #dismissScouts(nowMs: number): number {
    let some = false
    for (const spot of this.#spots.values()) if (spot.link !== undefined) some = true
    if (!some) return Number.POSITIVE_INFINITY
    if (nowMs < this.#scoutsUntilMs) return this.#scoutsUntilMs
    for (const spot of this.#spots.values()) {
      this.#dropSpotLink(spot)
    }
    return Number.POSITIVE_INFINITY
  }

  #arm(dueMs: number): void {
    this.#disarm()
    if (dueMs === Number.POSITIVE_INFINITY) return
    this.#timerDueMs = dueMs
    this.#timer = this.#clock.setTimer(
      () => {
        this.#timer = undefined
        this.#timerDueMs = Number.POSITIVE_INFINITY
        this.#pump()
      },
      Math.max(0, dueMs - this.#clock.now()),
    )
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
    this.#timerDueMs = Number.POSITIVE_INFINITY
  }
}
