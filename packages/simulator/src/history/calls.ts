import {
  type AnyRequest,
  type Caller,
  type CallOptions,
  type OperationName,
  RefusedError,
  type RequestOf,
  type ResultOf,
  type Session,
} from '@tranca/client'

/** One request as its caller saw it, in virtual time. */
export interface Call {
  readonly session: Session
  readonly user: string
  readonly request: AnyRequest
  readonly callMs: number
  returnMs: number
  /** `unknown`: it may have been done at any time since the call, or never. */
  outcome: 'unknown' | 'refused' | 'done'
  /** Of a request that was done. */
  result: unknown
}

/** A session that its client has given up, or that has given up its client. */
export interface Ending {
  readonly session: Session
  /** From then on the cluster may free what it held. */
  readonly atMs: number
}

/** What all clients of a run asked and heard. */
export class Calls {
  readonly calls: Call[] = []
  readonly endings: Ending[] = []
  readonly #nowMs: () => number
  readonly #ended = new Set<Session>()

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** A caller for a user of the session, of which every request is written down. */
  callerOf(session: Session, user: string): Caller {
    return new RecordedCaller(session, (request) => {
      const call: Call = {
        session,
        user,
        request,
        callMs: this.#nowMs(),
        returnMs: Number.POSITIVE_INFINITY,
        outcome: 'unknown',
        result: undefined,
      }
      this.calls.push(call)
      return (outcome, result) => {
        call.outcome = outcome
        call.result = result
        call.returnMs = this.#nowMs()
      }
    })
  }

  /** What is said first counts. */
  ended(session: Session, atMs = this.#nowMs()): void {
    if (this.#ended.has(session)) return
    this.#ended.add(session)
    this.endings.push({ session, atMs })
  }
}

type Listen = (request: AnyRequest) => (outcome: 'refused' | 'done', result: unknown) => void

class RecordedCaller implements Caller {
  readonly #session: Session
  readonly #listen: Listen

  constructor(session: Session, listen: Listen) {
    this.#session = session
    this.#listen = listen
  }

  get namespace(): string {
    return this.#session.namespace
  }

  get signal(): AbortSignal {
    return this.#session.signal
  }

  async call<N extends OperationName, T = ResultOf<N>>(
    request: RequestOf<N>,
    options: CallOptions,
    finish?: (result: ResultOf<N>) => T,
  ): Promise<T> {
    const heard = this.#listen(request as unknown as AnyRequest)
    try {
      return await this.#session.call(request, options, (result) => {
        heard('done', result)
        return finish === undefined ? (result as unknown as T) : finish(result)
      })
    } catch (error) {
      if (error instanceof RefusedError) heard('refused', undefined)
      throw error
    }
  }

  within<T>(promise: Promise<T>, what: string, options: CallOptions): Promise<T> {
    return this.#session.within(promise, what, options)
  }

  giveBack(request: RequestOf<'license.checkin'>): Promise<ResultOf<'license.checkin'>> {
    const answer = this.call<'license.checkin'>(request, {})
    answer.catch(() => undefined)
    return answer
  }
}
