import type { LockView, SemaphoreView } from '@tranca/ledger'
import type { Checker, Complain, Step, Who } from './checker.ts'

/** A mutex has at most one exclusive holder, and then no other; a semaphore never more in use than it has. */
export class OneHolder implements Checker {
  readonly name = 'one holder'
  readonly #complain: Complain

  constructor(complain: Complain) {
    this.#complain = complain
  }

  applied(who: Who, { index, log, ledger }: Step): void {
    for (const one of log) {
      if (one.kind !== 'event') continue
      const { kind, namespace, name } = one.event
      if (kind === 'lock.granted') {
        const got = ledger.query({ op: 'lock.get', namespace, name })
        if (!got.ok) continue
        const { holders } = got.value as LockView
        const owners = new Set(holders.map(({ session, owner }) => `${session} ${owner}`))
        if (owners.size > 1 && holders.some(({ mode }) => mode === 'exclusive'))
          this.#complain(`${who.name}, entry ${index}: ${name} is held by ${[...owners].join(' and ')}`)
      } else if (kind === 'semaphore.granted') {
        const got = ledger.query({ op: 'semaphore.get', namespace, name })
        if (!got.ok) continue
        const { used, total, holders } = got.value as SemaphoreView
        const held = holders.reduce((sum, { count }) => sum + count, 0)
        if (used > total || held !== used)
          this.#complain(
            `${who.name}, entry ${index}: ${held} permits of ${name} held, ${used} of ${total} used`,
          )
      }
    }
  }
}
