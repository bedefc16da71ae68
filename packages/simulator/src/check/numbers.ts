import type { LedgerEvent, SequenceView } from '@tranca/ledger'
import type { Checker, Complain, Step, Who } from './checker.ts'

type Fate = 'issued' | 'reserved' | 'confirmed' | 'free' | 'gap'

/**
 * No number twice: what is issued was never issued before, or came back. Each number is in one state, and the
 * counts of the ledger are those states. Knows sequences of decimal digits, each with one scope.
 */
export class Numbers implements Checker {
  readonly name = 'numbers'
  readonly #complain: Complain
  readonly #sequences = new Map<string, Map<number, Fate>>()

  constructor(complain: Complain) {
    this.#complain = complain
  }

  happened(_who: Who, { index, log }: Step): void {
    for (const one of log) {
      if (one.kind === 'event' && one.event.kind.startsWith('sequence.')) this.#event(index, one.event)
    }
  }

  /** At rest: the ledger's own view of a sequence. */
  matches(namespace: string, view: SequenceView): void {
    const fates = this.#of(namespace, view.name)
    const count = (...wanted: Fate[]) => [...fates.values()].filter((one) => wanted.includes(one)).length
    if (view.spec.kind === 'gapless') {
      const free = count('free')
      const reserved = count('reserved', 'issued')
      if (free !== view.free || reserved !== view.reserved.length)
        this.#complain(
          `${view.name}: ${free} numbers came back and ${reserved} are reserved; the ledger says ${view.free} and ${view.reserved.length}`,
        )
    }
    const last = Number(view.last ?? 0)
    for (let number = Number(view.spec.start); number <= last; number++)
      if (!fates.has(number)) this.#complain(`${view.name}: nobody knows what became of ${number}`)
  }

  #event(index: number, event: LedgerEvent): void {
    const { kind, namespace, name, value = '' } = event
    if (kind === 'sequence.low') return
    const [from = 0, to = from] = value.split('..').map(Number)
    const fates = this.#of(namespace, name)
    for (let number = from; number <= to; number++) {
      const before = fates.get(number)
      const after = fateOf(kind, before)
      if (after === undefined)
        this.#complain(`entry ${index}: ${kind} of ${number} of ${name}, which is ${before ?? 'not issued'}`)
      else fates.set(number, after)
    }
  }

  #of(namespace: string, name: string): Map<number, Fate> {
    const key = `${namespace} ${name}`
    let fates = this.#sequences.get(key)
    if (fates === undefined) {
      fates = new Map()
      this.#sequences.set(key, fates)
    }
    return fates
  }
}

/** What becomes of a number; undefined: this must not happen. A fast one is issued once and stays so. */
function fateOf(kind: LedgerEvent['kind'], before: Fate | undefined): Fate | undefined {
  switch (kind) {
    case 'sequence.issued':
      return before === undefined ? 'issued' : before === 'free' ? 'reserved' : undefined
    case 'sequence.confirmed':
      return before === 'reserved' || before === 'issued' ? 'confirmed' : undefined
    case 'sequence.returned':
      return before === 'reserved' || before === 'issued' ? 'free' : undefined
    case 'sequence.gap':
      return before === undefined || before === 'free' ? 'gap' : undefined
    default:
      return before ?? 'issued'
  }
}
