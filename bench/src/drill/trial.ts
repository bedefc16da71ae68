import type { Random } from '../workload/random.ts'
import { nowMs } from './clock.ts'
import type { AnswerTimes } from './load/messages.ts'
import { type Silences, silencesOf } from './silence.ts'
import type { SystemUnderDrill } from './system.ts'

export interface TrialResult {
  readonly number: number
  /** What was done, and when it was done after the fault began, in milliseconds. */
  readonly events: readonly { readonly text: string; readonly atMs: number }[]
  /** From the fault until clients of every kind had answers again. */
  readonly silences: Silences
  /** While things were put in order again: a member's return, a healed network. */
  readonly mending: Silences
}

/**
 * One trial: a fault, answers of every kind again, then all in order again. Steps wait for what they cause, so
 * that a trial takes as long as it takes.
 */
export class Trial<S extends SystemUnderDrill = SystemUnderDrill> {
  readonly number: number
  readonly random: Random
  readonly system: S
  readonly signal: AbortSignal
  readonly #events: { text: string; atMs: number }[] = []
  #faultMs: number | undefined
  #recoveredMs: number | undefined

  constructor(options: {
    readonly number: number
    readonly random: Random
    readonly system: S
    readonly signal: AbortSignal
  }) {
    this.number = options.number
    this.random = options.random
    this.system = options.system
    this.signal = options.signal
  }

  /** Does harm, and waits until clients of every kind are served again. */
  async fault(text: string, act: () => Promise<void>): Promise<void> {
    this.#faultMs = nowMs()
    await this.step(text, act)
    await this.system.load.answered()
    this.#recoveredMs = nowMs()
    this.#note('all kinds answered')
  }

  /** Puts things in order, and waits until all members are healthy and clients are served. */
  async mend(text: string, act: () => Promise<void>): Promise<void> {
    await this.step(text, act)
    await this.system.whenHealthy()
    await this.system.load.answered()
    this.#note('all healthy')
  }

  /** A part of a fault or of mending that is worth a word. */
  async step(text: string, act: () => Promise<void>): Promise<void> {
    this.#note(text)
    this.signal.throwIfAborted()
    await act()
  }

  async result(): Promise<TrialResult> {
    const times: AnswerTimes = await this.system.load.take()
    const fromMs = this.#faultMs ?? nowMs()
    const recoveredMs = this.#recoveredMs ?? nowMs()
    return {
      number: this.number,
      events: this.#events,
      silences: silencesOf(times, { fromMs, toMs: recoveredMs }),
      mending: silencesOf(times, { fromMs: recoveredMs, toMs: nowMs() }),
    }
  }

  #note(text: string): void {
    this.#events.push({ text, atMs: nowMs() - (this.#faultMs ?? nowMs()) })
  }
}
