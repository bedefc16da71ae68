import type { Leadership } from '@tranca/node'
import type { Checker, Complain, Who } from './checker.ts'

/** At most one leader in each term (Raft, section 5.2). */
export class OneLeader implements Checker {
  readonly name = 'one leader'
  readonly #leaders = new Map<number, Who>()
  readonly #complain: Complain

  constructor(complain: Complain) {
    this.#complain = complain
  }

  leadership(who: Who, { term, role }: Leadership): void {
    if (role !== 'leader') return
    const before = this.#leaders.get(term)
    this.#leaders.set(term, who)
    if (before !== undefined && before.id !== who.id)
      this.#complain(`${before.name} and ${who.name} both lead term ${term}`)
  }
}
