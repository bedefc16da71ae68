import type { Caller, CallOptions } from './caller.ts'
import { RefusedError } from './errors.ts'
import { Lock, type LockOptions } from './lock.ts'
import { Semaphore } from './semaphore.ts'
import { Sequence, type SequenceOptions } from './sequence.ts'

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
    const lock = await this.lock(names, options)
    let result: T
    try {
      result = await work(lock)
    } catch (error) {
      // What `work` threw is what the caller must see, also if the lock was lost meanwhile.
      await lock.release().catch(() => undefined)
      throw error
    }
    await lock.release()
    return result
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
