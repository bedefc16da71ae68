import { besideLicense } from './beside-license.ts'
import { type Borrowed, type BorrowOptions, borrowUnit } from './borrow.ts'
import { Bundle, type BundlePart } from './bundle.ts'
import type { Caller, CallOptions } from './caller.ts'
import { RefusedError } from './errors.ts'
import { Grant, type LicenseOptions, LicensePool } from './license.ts'
import { Lock, type LockOptions } from './lock.ts'
import { Semaphore } from './semaphore.ts'
import { Sequence, type SequenceOptions } from './sequence.ts'
import { whileHeld } from './while-held.ts'

/**
 * A user or thread inside of a session. It is only a name: two objects of the same name are the same owner.
 * All that is held belongs to (session, owner) and can be released in one step.
 */
export class Owner {
  readonly name: string
  readonly #caller: Caller

  constructor(caller: Caller, name: string) {
    this.#caller = caller
    this.name = name
  }

  /**
   * Takes a lock on one name, or on several in one step: all or none, and nothing is held while waiting.
   * Waits in the queue for as long as `waitMs` and `signal` allow.
   *
   * @throws RefusedError `held` (with `waitMs: 0`), `timeout`, `deadlock`, `lockDelay`, `upgrade`: the first
   * two carry `detail.holders`
   * @throws AbortedError, DeadlineError, SessionLostError
   */
  lock(names: string | readonly string[], options: LockOptions = {}): Promise<Lock> {
    const list = typeof names === 'string' ? [names] : [...names]
    const mode = options.mode ?? 'exclusive'
    return this.#caller.call(
      {
        op: 'lock.acquire',
        owner: this.name,
        locks: list.map((name) => ({ name, mode })),
        waitMs: options.waitMs ?? -1,
        priority: options.priority ?? 0,
      },
      options,
      ({ token, counts }) => new Lock(this.#caller, { owner: this.name, names: list, token, counts }),
    )
  }

  /** The lock, or `undefined` if someone else has it. Who that is: `lock(name, { waitMs: 0 })` tells. */
  async tryLock(names: string | readonly string[], options: LockOptions = {}): Promise<Lock | undefined> {
    try {
      return await this.lock(names, { ...options, waitMs: 0 })
    } catch (error) {
      if (error instanceof RefusedError && (error.code === 'held' || error.code === 'lockDelay'))
        return undefined
      throw error
    }
  }

  /**
   * Runs `work` while holding the lock, and releases it however `work` ends. If the session was lost while a
   * `work` that ended well ran, the call fails with SessionLostError: it may not have been alone.
   */
  async withLock<T>(
    names: string | readonly string[],
    work: (lock: Lock) => T | Promise<T>,
    options: LockOptions = {},
  ): Promise<T> {
    return whileHeld(await this.lock(names, options), work)
  }

  /**
   * Takes a unit for a feature (by name: the products of its list are tried in order) or of one product (by
   * number), or shares the one that the same consumer has already.
   *
   * @throws RefusedError `exhausted` and the other causes of licenses, or `timeout`: the detail explains with
   * `tried` (products with used and total), `rule`, `holders`, `queued`, `place` and `earliestFreeMs`
   * @throws AbortedError, DeadlineError, SessionLostError
   */
  license(wanted: string | number, options: LicenseOptions = {}): Promise<Grant> {
    const { user = '', group = '', company = '', host = '', lingerMs, idleMs } = options
    return this.#caller.call(
      {
        op: 'license.checkout',
        owner: this.name,
        feature: typeof wanted === 'string' ? wanted : '',
        product: typeof wanted === 'number' ? wanted : 0,
        user,
        group,
        company,
        host,
        units: options.units ?? 1,
        mode: options.mode ?? 'use',
        waitMs: options.waitMs ?? 0,
        priority: options.priority ?? 0,
        ...(lingerMs === undefined ? {} : { lingerMs }),
        ...(idleMs === undefined ? {} : { idleMs }),
      },
      options,
      (result) => new Grant(this.#caller, this.name, result),
    )
  }

  /** Runs `work` while holding a license, and releases it however `work` ends. */
  async withLicense<T>(
    wanted: string | number,
    work: (grant: Grant) => T | Promise<T>,
    options: LicenseOptions = {},
  ): Promise<T> {
    return whileHeld(await this.license(wanted, options), work)
  }

  /**
   * Runs `work` beside the check-out, for requests that must be quick: it begins at once, and its result is given only
   * if the license was granted and the session lives. The license goes back behind the result: see
   * {@link Grant.releaseSoon}.
   *
   * `work` runs before it is known whether it may. What others can see (a commit, a mail) comes after `await licensed`,
   * which fails if the license is refused. A `work` that fails first takes the license back.
   *
   * ```ts
   * const order = await session.owner('R1').besideLicense('webservices', async (licensed) => {
   *   const order = await read(request) // meanwhile the license is on its way
   *   await licensed
   *   await commit(order)
   *   return order
   * }) // a refusal of the license: 503
   * ```
   *
   * @throws what {@link license} throws, once `work` has ended
   */
  besideLicense<T>(
    wanted: string | number,
    work: (licensed: Promise<Grant>) => T | Promise<T>,
    options: LicenseOptions = {},
  ): Promise<T> {
    const { signal: outer } = options
    return besideLicense((unwanted) => {
      const signal = outer === undefined ? unwanted : AbortSignal.any([outer, unwanted])
      return this.license(wanted, { ...options, signal })
    }, work)
  }

  /**
   * Leases all free units of a product, at most `max` (0 = all), to hand them out by itself.
   *
   * @throws RefusedError `exhausted` if none is free, and others
   */
  licensePool(
    product: number,
    max = 0,
    options: CallOptions & { readonly host?: string } = {},
  ): Promise<LicensePool> {
    return this.#caller.call(
      { op: 'license.pool', owner: this.name, product, max, host: options.host ?? '' },
      options,
      (result) => new LicensePool(this.#caller, this.name, product, result),
    )
  }

  /**
   * Takes a unit along for offline use, with a signed token that says so; it stays counted until it is returned
   * or its time is over, whatever becomes of this owner and its session. A call that fails returns the unit.
   *
   * ```ts
   * const unit = await user.borrow(4000, { user: 'ana', until: new Date('2026-12-24T20:00:00Z') })
   * writeFileSync('ana.token', unit.token)
   * await unit.return()
   * ```
   *
   * @throws RefusedError `exhausted` and the other causes of licenses, `borrowExceeded` (a rule allows no more),
   * `noBorrowKey` (the cluster has no key to sign with)
   */
  borrow(product: number, options: BorrowOptions): Promise<Borrowed> {
    return borrowUnit(this.#caller, this.name, product, options)
  }

  /**
   * Takes licenses, locks, permits and numbers in one step: all or nothing, and without waiting.
   *
   * ```ts
   * const { held, token } = await user.bundle([
   *   { op: 'license.checkout', feature: 'fiscal', user: 'ana', group: '01' },
   *   { op: 'lock.acquire', locks: [{ name: 'SF2' }] },
   *   { op: 'sequence.reserve', name: 'nf', scope: { company: '01', branch: '0101' } },
   * ])
   * const [license, lock, number] = held
   * ```
   *
   * @throws RefusedError with the cause of the part that was refused; `detail.part` is its place
   */
  bundle<const P extends readonly BundlePart[]>(parts: P, options: CallOptions = {}): Promise<Bundle<P>> {
    return this.#caller.call(
      { op: 'bundle', owner: this.name, parts, waitMs: 0 },
      options,
      (result) => new Bundle<P>(this.#caller, this.name, parts, result),
    )
  }

  semaphore(name: string, options: { readonly total?: number } = {}): Semaphore {
    return new Semaphore(this.#caller, this.name, name, options.total)
  }

  sequence(name: string, options: SequenceOptions = {}): Sequence {
    return new Sequence(this.#caller, this.name, name, options)
  }

  /**
   * Reserves a code (`MayIUseCode`): true if it is this owner's now, false if someone else has it.
   *
   * An aborted call leaves open whether it was reserved: {@link releaseCode} makes sure that it is not.
   *
   * @throws RefusedError `codesExceeded` and others
   */
  async reserveCode(code: string, options: CallOptions = {}): Promise<boolean> {
    try {
      const result = await this.#caller.call({ op: 'code.reserve', owner: this.name, code }, options)
      return result.reserved
    } catch (error) {
      if (error instanceof RefusedError && error.code === 'codeHeld') return false
      throw error
    }
  }

  /** Releases a code (`Leave1Code`): false, and no harm, if this owner did not have it. */
  releaseCode(code: string, options: CallOptions = {}): Promise<boolean> {
    return this.#caller.call(
      { op: 'code.release', owner: this.name, code },
      options,
      (result) => result.released,
    )
  }

  /** Releases all codes of this owner (`FreeUsedCode`); returns how many. */
  releaseCodes(options: CallOptions = {}): Promise<number> {
    return this.#caller.call(
      { op: 'code.releaseAll', owner: this.name },
      options,
      (result) => result.released,
    )
  }

  /** Releases all that this owner holds, and ends all that it waits for (refused as `canceled`), in one step. */
  release(options: CallOptions = {}): Promise<number> {
    return this.#caller.call({ op: 'owner.release', owner: this.name }, options, (result) => result.released)
  }
}
