import type { Caller, CallOptions } from './caller.ts'

/** Permits of a semaphore that are held. */
export class Permits {
  readonly owner: string
  readonly name: string
  readonly count: number
  readonly token: number
  readonly #caller: Caller
  #released: Promise<void> | undefined

  constructor(
    caller: Caller,
    grant: { readonly owner: string; readonly name: string; readonly count: number; readonly token: number },
  ) {
    this.#caller = caller
    this.owner = grant.owner
    this.name = grant.name
    this.count = grant.count
    this.token = grant.token
  }

  /** Gives them back; a second call releases nothing more. */
  release(options: CallOptions = {}): Promise<void> {
    this.#released ??= this.#caller.call(
      { op: 'semaphore.release', owner: this.owner, name: this.name, permits: this.count },
      {},
      () => undefined,
    )
    return this.#caller.within(this.#released, 'semaphore.release', options)
  }
}

export interface AcquireOptions extends CallOptions {
  /** As in {@link LockOptions}. */
  readonly waitMs?: number
}

/** One owner's view of a semaphore. */
export class Semaphore {
  readonly owner: string
  readonly name: string
  readonly #caller: Caller
  readonly #total: number | undefined

  /** @param total how many permits it has if an acquire of this object is the first to name it */
  constructor(caller: Caller, owner: string, name: string, total: number | undefined) {
    this.#caller = caller
    this.owner = owner
    this.name = name
    this.#total = total
  }

  /** @throws RefusedError `noPermits`, `timeout`, `unknownSemaphore`, `permitsExceedTotal`, `deadlock` */
  acquire(count = 1, options: AcquireOptions = {}): Promise<Permits> {
    const total = this.#total
    return this.#caller.call(
      {
        op: 'semaphore.acquire',
        owner: this.owner,
        name: this.name,
        permits: count,
        ...(total === undefined ? {} : { total }),
        waitMs: options.waitMs ?? -1,
      },
      options,
      ({ token }) => new Permits(this.#caller, { owner: this.owner, name: this.name, count, token }),
    )
  }

  /** Makes it last, with so many permits; lowering it below what is in use grants nothing until it fits. */
  set(total: number, options: CallOptions = {}): Promise<{ total: number; used: number }> {
    return this.#caller.call({ op: 'semaphore.set', name: this.name, total }, options)
  }

  /** Makes it vanish when it is idle. */
  delete(options: CallOptions = {}): Promise<boolean> {
    return this.#caller.call({ op: 'semaphore.delete', name: this.name }, options, (result) => result.deleted)
  }
}
