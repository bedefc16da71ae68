import type { Cancel, Clock } from '../environment/clock.ts'
import { limits } from '../limits.ts'

/**
 * Decides when the commands that wait leave as an entry.
 *
 * An entry costs each member a write, messages and wake-ups, however little it holds. So while an entry is in
 * flight, commands gather: a lone client never waits, and many clients share few entries. On a quick disk that
 * is over before many have come; so where many work at a time, those who were just answered are given a moment
 * to ask again. If they do not, because their users think or have left, that is tried less and less often.
 */
export class Gathering {
  readonly #clock: Clock
  readonly #wake: () => void
  /** Commands that a pause waits for; 0: there is none. */
  #wanted = 0
  /** Commands that waited when it began. */
  #before = 0
  #isOver = false
  #cancelPause: Cancel | undefined
  /** How many entries went without a pause after the last one in vain, and how many still will. */
  #spared = 0
  #sparedLeft = 0

  /** @param wake a pause is over: {@link mayLeave} is to be asked again */
  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock
    this.#wake = wake
  }

  /**
   * Whether what waits leaves now.
   *
   * @param commands `queued` wait; `inFlight` are in entries not yet applied; `landed` were in entries that have
   *   been applied since the last call
   * @param proposedMs when the oldest entry in flight was proposed
   */
  mayLeave(
    { queued, inFlight, landed }: { queued: number; inFlight: number; landed: number },
    proposedMs: number,
  ): boolean {
    if (inFlight > 0) {
      // Distance must not bound what passes: an entry that is long on its way is followed by others as large.
      return queued >= inFlight && this.#clock.nowMs() - proposedMs > limits.entryAloneMs
    }
    if (landed > 0 && this.#wanted === 0) this.#pause(landed, queued)
    if (this.#wanted > 0) {
      if (queued < this.#wanted && !this.#isOver) return false
      this.#learn(queued)
    }
    return queued > 0
  }

  /** Ends a pause; what it has learnt is forgotten. */
  reset(): void {
    this.#end(0)
  }

  #pause(landed: number, queued: number): void {
    const active = landed + queued
    if (active < limits.gatherMin) return
    if (this.#sparedLeft > 0) {
      this.#sparedLeft--
      return
    }
    this.#wanted = Math.ceil(active * limits.gatherShare)
    this.#before = queued
    this.#cancelPause = this.#clock.after(limits.gatherMs, () => {
      this.#isOver = true
      this.#wake()
    })
  }

  /** A pause is over, and so many commands wait now: was it worth it? */
  #learn(queued: number): void {
    const isInVain = 2 * (queued - this.#before) < this.#wanted - this.#before
    this.#end(isInVain ? Math.min(2 * this.#spared + 1, limits.gatherSparedMax) : this.#spared >> 1)
  }

  #end(spared: number): void {
    this.#wanted = 0
    this.#isOver = false
    this.#cancelPause?.()
    this.#cancelPause = undefined
    this.#spared = spared
    this.#sparedLeft = spared
  }
}
