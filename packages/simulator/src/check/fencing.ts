import type { LedgerEvent } from '@tranca/ledger'
import type { Checker, Complain, Step, Who } from './checker.ts'

/** Fencing tokens only grow; one step gives all that it grants one token, to one owner. */
export class Fencing implements Checker {
  readonly name = 'fencing'
  readonly #complain: Complain
  #last = 0
  #index = 0
  #owner = ''

  constructor(complain: Complain) {
    this.#complain = complain
  }

  happened(_who: Who, { index, log }: Step): void {
    for (const one of log)
      if (one.kind === 'event' && one.event.kind.endsWith('.granted')) this.#granted(index, one.event)
  }

  #granted(index: number, { token = 0, kind, name, session, owner }: LedgerEvent): void {
    const holder = `${session} ${owner}`
    const isShared = token === this.#last && index === this.#index && holder === this.#owner
    if (token <= this.#last && !isShared)
      this.#complain(`${kind} of ${name} to ${holder} has token ${token} after ${this.#last}`)
    this.#last = token
    this.#index = index
    this.#owner = holder
  }
}
