import type { Core } from '../core.ts'
import type { Owner } from '../graph.ts'
import { nameOf } from '../names.ts'
import type { Waiters } from '../wait/waiters.ts'
import { Lock, LockDelay, LockHold, type LockRow } from './lock.ts'

/** All mutexes, and the few ways in which one changes. The operations are in files of their own. */
export class Locks {
  readonly core: Core
  readonly waiters: Waiters
  readonly table = new Map<string, Lock>()
  /** What the first pass of an acquire looked up, for its second: locks, and keys of those that are free. */
  readonly found: (Lock | string)[] = []
  /** The same of a release: the holds that it is about. */
  readonly holds: LockHold[] = []

  constructor(core: Core, waiters: Waiters) {
    this.core = core
    this.waiters = waiters
  }

  /** The lock that was looked up; or one that is new, by the key that was not found. */
  open(found: Lock | string): Lock {
    if (typeof found !== 'string') return found
    const lock = new Lock(found, this)
    this.table.set(found, lock)
    this.core.rows.mark(lock)
    return lock
  }

  vanish(lock: Lock): void {
    this.table.delete(lock.key)
    this.core.rows.remove(lock)
  }

  /** Takes the lock for `owner`, once more if it holds it. Returns the re-entrance count. */
  hold(lock: Lock, owner: Owner, exclusive: boolean, token: number): number {
    const { core } = this
    core.rows.mark(lock)
    const hold = lock.firstHold === undefined ? undefined : lock.holdOf(owner)
    if (hold !== undefined) {
      hold.token = token
      hold.count += 1
      if (!exclusive || hold.exclusive) return hold.count
      hold.exclusive = true
      this.#granted(lock, owner, token)
      return hold.count
    }
    lock.addHold(new LockHold(owner, core.nextOrder(), lock, token, core.wallMs, exclusive))
    owner.session.lockCount += 1
    this.#granted(lock, owner, token)
    return 1
  }

  #granted(lock: Lock, owner: Owner, token: number): void {
    const { session } = owner
    this.core.emitToken('lock.granted', session.namespace, nameOf(lock.key), session.id, owner.name, token)
  }

  /** Gives a hold up, whatever its count. */
  drop(hold: LockHold, delayMs: number): void {
    const { core } = this
    const { resource: lock, owner } = hold
    const { session } = owner
    lock.removeHold(hold)
    session.lockCount -= 1
    core.emitToken('lock.released', session.namespace, nameOf(lock.key), session.id, owner.name, hold.token)
    if (delayMs > 0) this.#rest(lock, delayMs)
    if (lock.firstHold === undefined && lock.firstClaim === undefined && lock.delay === undefined) {
      this.vanish(lock)
      return
    }
    core.rows.mark(lock)
    this.waiters.touch(lock)
  }

  #rest(lock: Lock, delayMs: number): void {
    const { core } = this
    const deadlineMs = core.timeMs + delayMs
    if (lock.delay !== undefined) {
      if (lock.delay.deadlineMs >= deadlineMs) return
      core.timers.clear(lock.delay)
    }
    lock.delay = new LockDelay(lock, deadlineMs, core.nextOrder())
    core.timers.set(lock.delay)
  }

  /** A lock-delay is over. */
  delayOver(delay: LockDelay): void {
    const { lock } = delay
    lock.delay = undefined
    this.core.rows.mark(lock)
    this.waiters.touch(lock)
    lock.vanishIfIdle()
  }

  /** Restores the lock; the caller links the holds in the order of all holdings. */
  restore(key: string, value: unknown, owner: (session: number, name: string) => Owner): LockHold[] {
    const row = value as LockRow
    const lock = new Lock(key, this)
    lock.stored = true
    this.table.set(key, lock)
    if (row.delay !== undefined) {
      lock.delay = new LockDelay(lock, row.delay[0], row.delay[1])
      this.core.timers.set(lock.delay)
    }
    return row.holds.map(([session, name, exclusive, token, sinceMs, count, order]) => {
      const hold = new LockHold(owner(session, name), order, lock, token, sinceMs, exclusive)
      hold.count = count
      return hold
    })
  }
}
