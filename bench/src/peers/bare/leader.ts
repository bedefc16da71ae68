import type { Socket } from 'node:net'
import { limits } from '../limits.ts'
import { ANSWER_SIZE, frameOf } from './frames.ts'
import type { Segment } from './segment.ts'

const ANSWER = Buffer.alloc(ANSWER_SIZE)

/** Has one entry in flight; answers its requests when its own log and one follower's have it. */
export class Leader {
  readonly #segment: Segment
  readonly #followers: readonly Socket[]
  readonly #clients = new Set<Socket>()
  readonly #acknowledged: number[]
  #waiting: { readonly client: Socket; readonly request: Buffer }[] = []
  #inFlight: readonly Socket[] = []
  #number = 0
  #isWritten = true
  #pause: NodeJS.Timeout | undefined
  #isScheduled = false

  constructor(segment: Segment, followers: readonly Socket[]) {
    this.#segment = segment
    this.#followers = followers
    this.#acknowledged = followers.map(() => 0)
    for (const [position, follower] of followers.entries()) {
      follower.on('data', ({ length }) => {
        this.#acknowledged[position]! += length
        this.#settle()
      })
    }
  }

  /** A client has one request on its way at a time, small enough to come in one piece. */
  serve(client: Socket): void {
    this.#clients.add(client)
    client.on('close', () => this.#clients.delete(client))
    client.on('error', () => undefined)
    client.on('data', (request) => {
      this.#waiting.push({ client, request })
      if (this.#isScheduled) return
      this.#isScheduled = true
      setImmediate(() => {
        this.#isScheduled = false
        if (this.#pause === undefined || this.#waiting.length >= this.#clients.size * limits.bareShare) {
          this.#send()
        }
      })
    })
  }

  #send(): void {
    if (this.#inFlight.length > 0 || this.#waiting.length === 0) return
    clearTimeout(this.#pause)
    this.#pause = undefined
    const waiting = this.#waiting
    this.#waiting = []
    this.#inFlight = waiting.map(({ client }) => client)
    this.#number++
    this.#isWritten = false
    const frame = frameOf(waiting.map(({ request }) => request))
    for (const follower of this.#followers) follower.write(frame)
    this.#segment.write(frame, () => {
      this.#isWritten = true
      this.#settle()
    })
  }

  #settle(): void {
    if (this.#inFlight.length === 0 || !this.#isWritten) return
    if (!this.#acknowledged.some((count) => count >= this.#number)) return
    const answered = this.#inFlight
    this.#inFlight = []
    for (const client of answered) client.write(ANSWER)
    if (answered.length === 1) return this.#send()
    this.#pause = setTimeout(() => {
      this.#pause = undefined
      this.#send()
    }, limits.barePauseMs)
  }
}
