import type { Checker, Complain, Serving, Step, Who } from './checker.ts'

interface Known {
  readonly term: number
  readonly bytes: number
  readonly outcome: number
  readonly by: string
}

/**
 * A committed entry never changes, and means the same to everybody: all nodes, in all lives, apply the same
 * bytes of the same term at an index, and answer and emit the same.
 */
export class Agreement implements Checker {
  readonly name = 'agreement'
  /** By index; entries before the first are in the founding state. */
  readonly #known = new Map<number, Known>()
  readonly #complain: Complain
  #last = 0

  constructor(complain: Complain) {
    this.#complain = complain
  }

  /** Index of the last entry that any node has applied. */
  get last(): number {
    return this.#last
  }

  /** Whether nobody had applied it before. */
  isNew(index: number): boolean {
    return !this.#known.has(index)
  }

  applied(who: Who, step: Step): void {
    const { index, term, bytes, outcome } = step
    const known = this.#known.get(index)
    if (known === undefined) {
      if (this.#last > 0 && index !== this.#last + 1)
        this.#complain(`${who.name} applies entry ${index}, and nobody has applied ${this.#last + 1}`)
      if (term < (this.#known.get(index - 1)?.term ?? 0))
        this.#complain(`entry ${index} has term ${term}, less than the one before`)
      this.#known.set(index, { term, bytes, outcome, by: who.name })
      this.#last = Math.max(this.#last, index)
      return
    }
    if (known.term !== term || known.bytes !== bytes) {
      this.#complain(
        `entry ${index} was of term ${known.term} when ${known.by} applied it; ${who.name} applies another, of term ${term}`,
      )
    } else if (known.outcome !== outcome) {
      this.#complain(`entry ${index} came out otherwise at ${who.name} than at ${known.by}`)
    }
  }

  /** A leader has all that was committed in earlier terms (Raft, section 5.4). */
  serving(who: Who, leader: Serving): void {
    for (let index = this.#last; index > leader.lastIndex; index--) {
      const known = this.#known.get(index)
      if (known === undefined || known.term >= leader.term) continue
      this.#complain(
        `${who.name} leads term ${leader.term} without entry ${index} of term ${known.term}, which was committed`,
      )
      return
    }
  }
}
