import type { Schedule } from './schedule.ts'

/** What happened, for people: `virtual ms | who | what`. Silent unless somebody listens. */
export class Trace {
  readonly #schedule: Schedule
  readonly #write: ((line: string) => void) | undefined

  constructor(schedule: Schedule, write: ((line: string) => void) | undefined) {
    this.#schedule = schedule
    this.#write = write
  }

  get isOn(): boolean {
    return this.#write !== undefined
  }

  say(who: string, what: string): void {
    this.#write?.(`${this.#schedule.nowMs.toFixed(3).padStart(11)} ${who.padEnd(4)} ${what}`)
  }
}
