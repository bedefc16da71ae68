import { limits } from '../limits.ts'

/** What an audit may find broken; the text is what people read. */
export const rules = {
  numberTwice: 'no number twice',
  gapExplained: 'every gap explained',
  lockTwice: 'no lock held twice',
  codeTwice: 'no code reserved twice',
  tokensGrow: 'fencing tokens only grow',
  unitsWithin: 'units in use never above what is in force',
  grantsKept: 'no license lost or taken twice',
  refusalExplained: 'every license refusal explains itself',
  answeredOnce: 'every operation answered once',
  nothingLeft: 'nothing left behind by ended sessions',
  sessionKept: 'every session kept',
  noSurprise: 'every refusal expected',
  linearizable: 'every answer explained by one order',
  historyKept: 'everything from earlier runs still there',
} as const

export type Rule = keyof typeof rules

export interface Finding {
  readonly rule: Rule
  readonly message: string
}

/** What one rule looked at, and what it found. */
export interface Verdict {
  readonly rule: Rule
  /** Things looked at, in words: `21 345 numbers`. */
  readonly checked: string
  readonly findings: readonly Finding[]
  /** Findings in all; only the first `limits.findingsMax` are kept. */
  readonly found: number
}

/** Collects the findings of one rule. */
export class Findings {
  readonly #rule: Rule
  readonly #kept: Finding[] = []
  #found = 0

  constructor(rule: Rule) {
    this.#rule = rule
  }

  add(message: string): void {
    this.#found++
    if (this.#kept.length < limits.findingsMax) this.#kept.push({ rule: this.#rule, message })
  }

  verdict(checked: string): Verdict {
    return { rule: this.#rule, checked, findings: this.#kept, found: this.#found }
  }
}

/** `1 lock`, `2 locks`. */
export function counted(count: number, thing: string): string {
  return `${count.toLocaleString('en-US')} ${thing}${count === 1 ? '' : 's'}`
}
