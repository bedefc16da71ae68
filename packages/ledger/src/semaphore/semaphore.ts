import type { LockMode } from '../commands.ts'
import { Claim, type Owner, Resource, ResourceHold, type Waiter } from '../graph.ts'
import type { Holder } from '../result.ts'

/**
 * A semaphore. Row `m/<namespace>\0<name>`. An implicit one lives while it is held or waited for.
 * Invariant: `used` is the sum of permits held; above `total` only after the total was lowered.
 */
export class Semaphore extends Resource {
  declare firstHold: PermitHold | undefined
  declare lastHold: PermitHold | undefined
  declare firstClaim: PermitClaim | undefined
  total: number
  used = 0
  explicit = false
  readonly #table: SemaphoreTable

  constructor(key: string, total: number, table: SemaphoreTable) {
    super(key)
    this.total = total
    this.#table = table
  }

  get kind(): 'semaphore' {
    return 'semaphore'
  }

  override holdOf(owner: Owner): PermitHold | undefined {
    return super.holdOf(owner) as PermitHold | undefined
  }

  vanishIfIdle(): void {
    if (this.explicit || this.firstHold !== undefined || this.firstClaim !== undefined) return
    this.#table.vanish(this)
  }

  rowKey(): string {
    return `m/${this.key}`
  }

  rowValue(): SemaphoreRow {
    const holds: PermitRow[] = []
    for (
      let hold = this.firstHold;
      hold !== undefined;
      hold = hold.nextOfResource as PermitHold | undefined
    ) {
      holds.push([hold.owner.session.id, hold.owner.name, hold.permits, hold.token, hold.sinceMs, hold.order])
    }
    return { total: this.total, explicit: this.explicit, holds }
  }
}

/** [session, owner, permits, token, sinceMs, order] */
export type PermitRow = readonly [number, string, number, number, number, number]

export type SemaphoreRow = {
  readonly total: number
  readonly explicit: boolean
  readonly holds: readonly PermitRow[]
}

interface SemaphoreTable {
  vanish(semaphore: Semaphore): void
}

/** All permits that an owner holds of one semaphore. */
export class PermitHold extends ResourceHold {
  declare readonly resource: Semaphore
  permits: number

  constructor(
    owner: Owner,
    order: number,
    semaphore: Semaphore,
    token: number,
    sinceMs: number,
    permits: number,
  ) {
    super(owner, order, semaphore, token, sinceMs)
    this.permits = permits
  }

  get kind(): 'permits' {
    return 'permits'
  }

  view(): Holder {
    return {
      session: this.owner.session.id,
      client: this.owner.session.client,
      owner: this.owner.name,
      mode: 'shared',
      token: this.token,
      sinceMs: this.sinceMs,
      count: this.permits,
    }
  }
}

/** A place in a semaphore's queue. */
export class PermitClaim extends Claim {
  declare readonly resource: Semaphore
  readonly permits: number

  constructor(waiter: Waiter, semaphore: Semaphore, permits: number) {
    super(waiter, semaphore)
    this.permits = permits
  }

  get mode(): LockMode {
    return 'shared'
  }

  isFree(): boolean {
    const semaphore = this.resource
    return semaphore.firstClaim === this && semaphore.used + this.permits <= semaphore.total
  }

  queues(): boolean {
    return true
  }

  /** Only a holder without whose permits the claim cannot be met, were all others to release theirs. */
  isBlockedBy(hold: PermitHold): boolean {
    const { owner } = this.waiter
    if (hold.owner === owner) return false
    const own = this.resource.holdOf(owner)?.permits ?? 0
    return this.resource.total - own - hold.permits < this.permits
  }
}
