import type { Caller, CallOptions } from './caller.ts'

/** A lock that is held: on one name or, taken in one step, on several. */
export class Lock {
  readonly owner: string
  readonly names: readonly string[]
  /**
   * The fencing token: it only grows. Give it to what the lock protects, and let that refuse a smaller one:
   * it is the only guard against a holder that was stopped for longer than its session lived.
   */
  readonly token: number
  /** How often this owner now holds each name (re-entrance), in the order of `names`. */
  readonly counts: readonly number[]
  readonly #caller: Caller
  #released: Promise<void> | undefined

  constructor(
    caller: Caller,
    grant: {
      readonly owner: string
      readonly names: readonly string[]
      readonly token: number
      readonly counts: readonly number[]
    },
  ) {
    this.#caller = caller
    this.owner = grant.owner
    this.names = grant.names
    this.token = grant.token
    this.counts = grant.counts
  }

  /** Fires when the session, and with it the lock, can no longer be guaranteed. */
  get signal(): AbortSignal {
    return this.#caller.signal
  }

  /**
   * Gives the lock back. A second call waits for the first one's answer and releases nothing more. The options
   * bound only the waiting: the release itself goes on.
   *
   * @throws RefusedError `notHolder`, SessionLostError
   */
  release(options: CallOptions = {}): Promise<void> {
    this.#released ??= this.#caller.call(
      { op: 'lock.release', owner: this.owner, names: this.names, token: this.token },
      {},
      () => undefined,
    )
    return this.#caller.within(this.#released, 'lock.release', options)
  }
}

export interface LockOptions extends CallOptions {
  /** Default `exclusive`. */
  readonly mode?: 'exclusive' | 'shared'
  /**
   * How long to wait in the queue: 0 = do not wait, at most 24 h; default: until it is granted or `signal`
   * fires.
   */
  readonly waitMs?: number
  /** Chooses the victim of a deadlock: the lowest is refused first. Default 0. */
  readonly priority?: number
}
