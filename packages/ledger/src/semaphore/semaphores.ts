import type { Core } from '../core.ts'
import type { Owner } from '../graph.ts'
import { nameOf } from '../names.ts'
import type { Waiters } from '../wait/waiters.ts'
import { PermitHold, Semaphore, type SemaphoreRow } from './semaphore.ts'

/** All semaphores, and the few ways in which one changes. The operations are in files of their own. */
export class Semaphores {
  readonly core: Core
  readonly waiters: Waiters
  readonly table = new Map<string, Semaphore>()

  constructor(core: Core, waiters: Waiters) {
    this.core = core
    this.waiters = waiters
  }

  create(key: string, total: number): Semaphore {
    const semaphore = new Semaphore(key, total, this)
    this.table.set(key, semaphore)
    this.core.rows.mark(semaphore)
    return semaphore
  }

  vanish(semaphore: Semaphore): void {
    this.table.delete(semaphore.key)
    this.core.rows.remove(semaphore)
  }

  /** Takes permits for `owner`; its hold counts them all and carries the latest token. */
  hold(semaphore: Semaphore, owner: Owner, permits: number): PermitHold {
    const { core } = this
    const { session } = owner
    const token = core.nextToken()
    core.rows.mark(semaphore)
    semaphore.used += permits
    session.permitCount += permits
    let hold = semaphore.holdOf(owner)
    if (hold === undefined) {
      hold = new PermitHold(owner, core.nextOrder(), semaphore, token, core.wallMs, permits)
      semaphore.addHold(hold)
    } else {
      hold.permits += permits
      hold.token = token
    }
    core.emitToken(
      'semaphore.granted',
      session.namespace,
      nameOf(semaphore.key),
      session.id,
      owner.name,
      token,
    )
    return hold
  }

  /** Gives back `permits` of a hold. */
  giveBack(hold: PermitHold, permits: number): void {
    const { core } = this
    const { resource: semaphore, owner } = hold
    const { session } = owner
    semaphore.used -= permits
    session.permitCount -= permits
    hold.permits -= permits
    if (hold.permits === 0) semaphore.removeHold(hold)
    core.emitToken(
      'semaphore.released',
      session.namespace,
      nameOf(semaphore.key),
      session.id,
      owner.name,
      hold.token,
    )
    core.rows.mark(semaphore)
    this.waiters.touch(semaphore)
    semaphore.vanishIfIdle()
  }

  drop(hold: PermitHold): void {
    this.giveBack(hold, hold.permits)
  }

  /** Restores the semaphore; the caller links the holds in the order of all holdings. */
  restore(key: string, value: unknown, owner: (session: number, name: string) => Owner): PermitHold[] {
    const row = value as SemaphoreRow
    const semaphore = new Semaphore(key, row.total, this)
    semaphore.explicit = row.explicit
    semaphore.stored = true
    this.table.set(key, semaphore)
    return row.holds.map(([session, name, permits, token, sinceMs, order]) => {
      return new PermitHold(owner(session, name), order, semaphore, token, sinceMs, permits)
    })
  }
}
