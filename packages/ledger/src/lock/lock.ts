import type { LockMode } from '../commands.ts'
import { Claim, type Owner, Resource, ResourceHold, type Waiter } from '../graph.ts'
import type { Holder } from '../result.ts'
import type { Timed } from '../timers.ts'

/**
 * A mutex that is held, waited for, or resting. Row `l/<namespace>\0<name>`.
 * Invariant: one exclusive hold alone, or any number of shared ones, one for each owner.
 */
export class Lock extends Resource {
  declare firstHold: LockHold | undefined
  declare lastHold: LockHold | undefined
  delay: LockDelay | undefined = undefined
  readonly #table: LockTable

  constructor(key: string, table: LockTable) {
    super(key)
    this.#table = table
  }

  get kind(): 'lock' {
    return 'lock'
  }

  override holdOf(owner: Owner): LockHold | undefined {
    return super.holdOf(owner) as LockHold | undefined
  }

  /** May someone who holds nothing here take it, as far as holders and delay go? */
  admits(exclusive: boolean): boolean {
    if (this.delay !== undefined) return false
    return this.firstHold === undefined || !(exclusive || this.firstHold.exclusive)
  }

  vanishIfIdle(): void {
    if (this.firstHold !== undefined || this.firstClaim !== undefined || this.delay !== undefined) return
    this.#table.vanish(this)
  }

  rowKey(): string {
    return `l/${this.key}`
  }

  rowValue(): LockRow {
    const holds: HoldRow[] = []
    for (let hold = this.firstHold; hold !== undefined; hold = hold.nextOfResource as LockHold | undefined) {
      holds.push([
        hold.owner.session.id,
        hold.owner.name,
        hold.exclusive,
        hold.token,
        hold.sinceMs,
        hold.count,
        hold.order,
      ])
    }
    return this.delay === undefined ? { holds } : { holds, delay: [this.delay.deadlineMs, this.delay.order] }
  }
}

/** [session, owner, exclusive, token, sinceMs, count, order] */
export type HoldRow = readonly [number, string, boolean, number, number, number, number]

export type LockRow = {
  readonly holds: readonly HoldRow[]
  /** [until (cluster time, ms), order] */
  readonly delay?: readonly [number, number]
}

interface LockTable {
  vanish(lock: Lock): void
}

/** An owner's hold on a lock. */
export class LockHold extends ResourceHold {
  declare readonly resource: Lock
  exclusive: boolean
  /** Re-entrance. */
  count = 1

  constructor(owner: Owner, order: number, lock: Lock, token: number, sinceMs: number, exclusive: boolean) {
    super(owner, order, lock, token, sinceMs)
    this.exclusive = exclusive
  }

  get kind(): 'lock' {
    return 'lock'
  }

  view(): Holder {
    return {
      session: this.owner.session.id,
      client: this.owner.session.client,
      owner: this.owner.name,
      mode: this.exclusive ? 'exclusive' : 'shared',
      token: this.token,
      sinceMs: this.sinceMs,
      count: this.count,
    }
  }
}

/** The rest of a lock whose holder's session has expired: the process may still be acting on it. */
export class LockDelay implements Timed {
  readonly timer = 'delay'
  readonly lock: Lock
  readonly deadlineMs: number
  readonly order: number
  heapAt = -1

  constructor(lock: Lock, deadlineMs: number, order: number) {
    this.lock = lock
    this.deadlineMs = deadlineMs
    this.order = order
  }
}

/** A place in a lock's queue. */
export class LockClaim extends Claim {
  declare readonly resource: Lock
  readonly exclusive: boolean

  constructor(waiter: Waiter, lock: Lock, exclusive: boolean) {
    super(waiter, lock)
    this.exclusive = exclusive
  }

  get mode(): LockMode {
    return this.exclusive ? 'exclusive' : 'shared'
  }

  /** A name that the owner holds already is judged by the other holders alone; any other also by its place. */
  isFree(): boolean {
    const lock = this.resource
    const hold = lock.holdOf(this.waiter.owner)
    if (hold === undefined) return lock.firstClaim === this && lock.admits(this.exclusive)
    if (hold.exclusive || !this.exclusive) return true
    return lock.holdCount === 1 && lock.delay === undefined
  }

  queues(): boolean {
    return this.resource.holdOf(this.waiter.owner) === undefined
  }

  isBlockedBy(hold: LockHold): boolean {
    return hold.owner !== this.waiter.owner && (this.exclusive || hold.exclusive)
  }
}
