import type { CallOptions } from './caller.ts'
import type { Clock, Timer } from './clock.ts'
import { AbortedError, DeadlineError } from './errors.ts'
import type { AnyOperation, AnyRequest } from './operations.ts'

/** One request from its call to its answer. */
export class Pending {
  /** Its number; grows within a session. A request that was provably not executed may get a new one. */
  id: number
  readonly operation: AnyOperation
  readonly request: AnyRequest
  /** When it was written to a connection last; -1 = never. */
  sentMs = -1
  /** Its caller has gone: the answer is awaited only to give back what it grants. */
  abandoned = false
  reissues = 0
  readonly #finish: ((result: never) => unknown) | undefined
  readonly #resolve: (value: unknown) => void
  readonly #reject: (error: Error) => void
  #signal: AbortSignal | undefined
  #onAbort: (() => void) | undefined
  #clock: Clock | undefined
  #timer: Timer | undefined

  constructor(
    id: number,
    operation: AnyOperation,
    request: AnyRequest,
    settle: Settle,
    finish: ((result: never) => unknown) | undefined,
  ) {
    this.id = id
    this.operation = operation
    this.request = request
    this.#resolve = settle.resolve
    this.#reject = settle.reject
    this.#finish = finish
  }

  /** Calls `onGiveUp` when the caller's signal fires or its deadline passes. */
  watch(
    options: CallOptions,
    clock: Clock,
    onGiveUp: (pending: Pending, error: Error) => void,
    describe: () => string,
  ): void {
    const { signal, deadlineMs } = options
    if (signal !== undefined) {
      this.#signal = signal
      this.#onAbort = () => onGiveUp(this, new AbortedError(this.request.op, signal.reason))
      signal.addEventListener('abort', this.#onAbort)
    }
    if (deadlineMs !== undefined) {
      this.#clock = clock
      this.#timer = clock.setTimer(
        () => onGiveUp(this, new DeadlineError(this.request.op, deadlineMs, describe())),
        deadlineMs,
      )
    }
  }

  resolve(result: unknown): void {
    this.#unwatch()
    this.#resolve(this.#finish === undefined ? result : this.#finish(result as never))
  }

  reject(error: Error): void {
    this.#unwatch()
    this.#reject(error)
  }

  #unwatch(): void {
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener('abort', this.#onAbort)
    if (this.#timer !== undefined) this.#clock?.clearTimer(this.#timer)
    this.#onAbort = undefined
    this.#timer = undefined
  }
}

export interface Settle {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** For requests that nobody waits for. */
export const unheard: Settle = { resolve: () => undefined, reject: () => undefined }
