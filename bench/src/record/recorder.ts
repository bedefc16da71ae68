import { limits } from '../limits.ts'
import type { Call, Client, History } from './history.ts'
import type { AnyRequest, OperationName, RequestOf, ResultOf } from './operation.ts'

/** What a recorder needs of a session of the client library. */
export interface Performer {
  perform<N extends OperationName>(request: RequestOf<N>): Promise<ResultOf<N>>
}

/** How an error of the client library reads in a history. */
export type Classify = (
  error: unknown,
) =>
  | { readonly status: 'refused'; readonly cause: string; readonly detail: Readonly<Record<string, unknown>> }
  | { readonly status: 'unknown'; readonly reason: string }
  | undefined

/** The call's client process is no more: nobody will ever learn what became of the call. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError'
  readonly code = 'CLIENT_GONE'
  constructor(client: Client) {
    super(`client ${client.name} (session ${client.session}) is gone`)
    this.name = 'ClientGoneError'
  }
}

export interface RecorderOptions {
  readonly classify: Classify
  readonly now?: () => number
  /** Called after each answer. */
  readonly onAnswer?: (call: Call) => void
}

/** Writes down every call of every client, and what came of it. */
export class Recorder implements History {
  readonly clients: Client[] = []
  readonly calls: Call[] = []
  /** Answers that came so far, refusals included. */
  answered = 0
  readonly #open = new Map<Client, Map<Call, (error: Error) => void>>()
  readonly #classify: Classify
  readonly #now: () => number
  readonly #onAnswer: ((call: Call) => void) | undefined

  constructor(options: RecorderOptions) {
    this.#classify = options.classify
    this.#now = options.now ?? (() => performance.now())
    this.#onAnswer = options.onAnswer
  }

  now(): number {
    return this.#now()
  }

  opened(name: string, session: number): Client {
    const client: Client = { name, session, openedMs: this.#now() }
    this.clients.push(client)
    this.#open.set(client, new Map())
    return client
  }

  /** Ends a client. Calls that are still open stay unknown for ever, and their callers learn it now. */
  ended(client: Client, end: 'closed' | 'cut' | 'lost'): void {
    if (client.end !== undefined) return
    client.end = end
    client.endedMs = this.#now()
    const open = this.#open.get(client)
    this.#open.delete(client)
    for (const [call, reject] of open ?? []) {
      call.outcome = { status: 'unknown', reason: end }
      reject(new ClientGoneError(client))
    }
  }

  /**
   * Performs a request and records it. Rejects with the client library's error, or with `ClientGoneError` when
   * the client was ended meanwhile: then no late answer is looked at, as a dead process would not.
   */
  perform<N extends OperationName>(
    client: Client,
    performer: Performer,
    request: RequestOf<N>,
  ): Promise<ResultOf<N>> {
    const open = this.#open.get(client)
    if (open === undefined) return Promise.reject(new ClientGoneError(client))
    if (this.calls.length >= limits.callsMax) {
      throw new RangeError(`the history has ${this.calls.length} calls, the most that is kept`)
    }
    const call: Call = {
      order: this.calls.length,
      client,
      request: request as unknown as AnyRequest,
      callMs: this.#now(),
      returnMs: Number.POSITIVE_INFINITY,
      outcome: { status: 'open' },
    }
    this.calls.push(call)
    return new Promise((resolve, reject) => {
      open.set(call, reject)
      performer.perform(request).then(
        (result) => {
          if (!open.delete(call) || call.outcome.status !== 'open') return
          call.returnMs = this.#now()
          call.outcome = { status: 'ok', result }
          this.answered++
          this.#onAnswer?.(call)
          resolve(result)
        },
        (error: unknown) => {
          if (!open.delete(call) || call.outcome.status !== 'open') return
          const outcome = this.#classify(error)
          if (outcome?.status === 'refused') {
            call.returnMs = this.#now()
            call.outcome = outcome
            this.answered++
            this.#onAnswer?.(call)
          } else {
            call.outcome = outcome ?? { status: 'unknown', reason: String(error) }
          }
          reject(error)
        },
      )
    })
  }
}
