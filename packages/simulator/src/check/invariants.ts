import type { Replica } from '@tranca/node'
import type { Checker, Complain, Step, Who } from './checker.ts'

/** Ledger and core say themselves what must be true in them; they are asked now and then. */
export class Invariants implements Checker {
  readonly name = 'invariants'
  readonly #complain: Complain
  readonly #every: number

  constructor(complain: Complain, every: number) {
    this.#complain = complain
    this.#every = every
  }

  applied(who: Who, { index, ledger }: Step): void {
    if (index % this.#every !== 0) return
    this.#ask(`${who.name}, entry ${index}`, () => ledger.checkInvariants())
  }

  core(who: Who, { raft }: Pick<Replica, 'raft'>): void {
    this.#ask(who.name, () => raft.checkInvariants())
  }

  #ask(where: string, question: () => void): void {
    try {
      question()
    } catch (error) {
      this.#complain(`${where}: ${(error as Error).message}`)
    }
  }
}
