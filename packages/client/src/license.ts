import type { Caller, CallOptions } from './caller.ts'
import type { ResultOf } from './operations.ts'

/** For whom a license is taken: what of it tells one consumer from another is a matter of the product's key. */
export interface LicenseFor {
  readonly user?: string
  /** Business group. */
  readonly group?: string
  readonly company?: string
  readonly host?: string
}

export interface LicenseOptions extends CallOptions, LicenseFor {
  /** Units in one step; for products that count processors, the cores of the host. Default 1. */
  readonly units?: number
  /** `query` asks and is recorded, but counts nothing and never waits. Default `use`. */
  readonly mode?: 'use' | 'query'
  /**
   * How long to wait in the queue: default 0 = do not wait, so that a user hears at once who has the units;
   * -1 = until it is granted or `signal` fires; at most 24 h.
   */
  readonly waitMs?: number
  /** In the queue the larger goes first, then who came first. Default 0. */
  readonly priority?: number
  /** How long the unit stays with its consumer after the release. */
  readonly lingerMs?: number
  /** Given back if it is not renewed for so long: see {@link Grant.renew}. */
  readonly idleMs?: number
}

export type GrantStatus = ResultOf<'license.checkout'>['status']
/** Free; still counted for others who share it; kept to be reused; kept for its consumer. */
export type Returned = ResultOf<'license.checkin'>['status']

/** A license that is held. It ends with its owner and its session; a failover keeps it. */
export class Grant {
  readonly owner: string
  /** Its number at the cluster, as `license.grants` shows it. */
  readonly grant: number
  /** The product that was taken: of a feature's list the first that had a unit. */
  readonly product: number
  /** `inUse` counts, `waived` shares a unit that its consumer has already, `query` only asked. */
  readonly status: GrantStatus
  /** Units that count for this consumer now. */
  readonly units: number
  /** Running number of the unit (L1, L2, ...): one that is reused or shared keeps its number. */
  readonly unit: number
  readonly token: number
  readonly #caller: Caller
  #released: Promise<Returned> | undefined

  constructor(caller: Caller, owner: string, result: ResultOf<'license.checkout'>) {
    this.#caller = caller
    this.owner = owner
    this.grant = result.grant
    this.product = result.product
    this.status = result.status
    this.units = result.units
    this.unit = result.unit
    this.token = result.token
  }

  /** Fires when the session, and with it the license, can no longer be guaranteed. */
  get signal(): AbortSignal {
    return this.#caller.signal
  }

  /**
   * Gives it back and says what became of the unit. A second call waits for the first one's answer and releases
   * nothing more. The options bound only the waiting: the release itself goes on.
   *
   * @throws RefusedError `unknownGrant` if an administrator or a time-out has ended it, SessionLostError
   */
  release(options: CallOptions = {}): Promise<Returned> {
    this.#released ??= this.#caller.call(
      { op: 'license.checkin', owner: this.owner, grant: this.grant },
      {},
      (result) => result.status,
    )
    return this.#caller.within(this.#released, 'license.checkin', options)
  }

  /**
   * Gives it back without waiting for it, as after the answer of a web-service request. It arrives over any number of
   * broken connections and leaders, or with the end of the session. A refusal is told by the session's event
   * `unreturned`; {@link release} may still be called, to wait.
   */
  releaseSoon(): void {
    if (this.#released !== undefined) return
    const request = { op: 'license.checkin', owner: this.owner, grant: this.grant } as const
    this.#released = this.#caller.giveBack(request).then((result) => result.status)
    this.#released.catch(() => undefined)
  }

  /** Says that it is in use: its idle time begins again. */
  renew(options: CallOptions = {}): Promise<void> {
    return this.#caller.call(
      { op: 'license.renew', owner: this.owner, grant: this.grant },
      options,
      () => undefined,
    )
  }
}

/** How many units of a lease are handed out, and of how many. */
export interface PoolUse {
  readonly taken: number
  readonly units: number
}

/** A lease on units of a product which this owner hands out by itself, as a DBAccess master does. */
export class LicensePool {
  readonly owner: string
  readonly grant: number
  readonly product: number
  /** Units of the lease. */
  readonly units: number
  readonly token: number
  readonly #caller: Caller
  #released: Promise<Returned> | undefined

  constructor(caller: Caller, owner: string, product: number, result: ResultOf<'license.pool'>) {
    this.#caller = caller
    this.owner = owner
    this.product = product
    this.grant = result.grant
    this.units = result.units
    this.token = result.token
  }

  get signal(): AbortSignal {
    return this.#caller.signal
  }

  /**
   * Hands a unit to a holder below; the same holder again takes nothing more. An aborted call leaves open whether
   * it was handed out: {@link give} makes sure that it is not.
   *
   * @throws RefusedError `exhausted` when the lease is handed out
   */
  take(holder: string, options: CallOptions = {}): Promise<PoolUse> {
    return this.#caller.call(
      { op: 'license.poolTake', owner: this.owner, grant: this.grant, holder },
      options,
      useOf,
    )
  }

  /** Takes the holder's unit back into the lease. */
  give(holder: string, options: CallOptions = {}): Promise<PoolUse> {
    return this.#caller.call(
      { op: 'license.poolGive', owner: this.owner, grant: this.grant, holder },
      options,
      useOf,
    )
  }

  /** Ends the lease; a second call releases nothing more. */
  release(options: CallOptions = {}): Promise<Returned> {
    this.#released ??= this.#caller.call(
      { op: 'license.checkin', owner: this.owner, grant: this.grant },
      {},
      (result) => result.status,
    )
    return this.#caller.within(this.#released, 'license.checkin', options)
  }
}

function useOf({ taken, units }: ResultOf<'license.poolTake'>): PoolUse {
  return { taken, units }
}
