import type { RequestOf, ResultOf } from './operations.ts'

type Checkin = RequestOf<'license.checkin'>
type CheckedIn = ResultOf<'license.checkin'>

/**
 * Licenses on their way back while nobody waits for it: so many at a time, and the others in their order as these
 * arrive. It neither fails for want of room in the session's table nor fills it.
 */
export class GivingBack {
  readonly #atOnceMax: number
  readonly #send: (request: Checkin) => Promise<CheckedIn>
  readonly #onFailure: (error: unknown, request: Checkin) => void
  #underWay = 0
  readonly #waiting: (() => void)[] = []

  constructor(options: {
    readonly atOnceMax: number
    readonly send: (request: Checkin) => Promise<CheckedIn>
    readonly onFailure: (error: unknown, request: Checkin) => void
  }) {
    this.#atOnceMax = options.atOnceMax
    this.#send = options.send
    this.#onFailure = options.onFailure
  }

  /** Who does not look at the answer need not catch it. */
  add(request: Checkin): Promise<CheckedIn> {
    const answer = this.#inTurn(request)
    answer.catch((error: unknown) => this.#onFailure(error, request))
    return answer
  }

  async #inTurn(request: Checkin): Promise<CheckedIn> {
    if (this.#underWay < this.#atOnceMax) this.#underWay++
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await this.#send(request)
    } finally {
      // The place goes to the next one.
      const next = this.#waiting.shift()
      if (next === undefined) this.#underWay--
      else next()
    }
  }
}
