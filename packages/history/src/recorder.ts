import type { Json, Operation } from './operation.ts'

/** A call on its way. Exactly one of the three says how it ended; a later one is ignored. */
export interface OpenCall {
  /** Answered, also with a refusal. */
  ok(ret: Json): void
  /** It certainly had no effect. */
  fail(ret?: Json): void
  /** Nobody knows. */
  unknown(): void
}

/**
 * Records what clients ask and get. The clock gives nanoseconds and never goes back; all clients share it. A call
 * that never ended counts as unknown.
 */
export class HistoryRecorder {
  readonly #clock: () => bigint
  readonly #operations: Operation[] = []

  constructor(clock: () => bigint) {
    this.#clock = clock
  }

  /** In the order of the calls. */
  get operations(): readonly Operation[] {
    return this.#operations
  }

  /** Call it directly before the request is sent. */
  call(client: string, op: string, args: Operation['args']): OpenCall {
    const position = this.#operations.length
    const callNs = this.#clock()
    const open: Operation = { client, op, args, ret: null, status: 'unknown', callNs }
    this.#operations.push(open)
    let ended = false
    const end = (status: Operation['status'], ret: Json): void => {
      if (ended) return
      ended = true
      this.#operations[position] =
        status === 'unknown' ? open : { ...open, status, ret, returnNs: this.#clock() }
    }
    return {
      ok: (ret) => end('ok', ret),
      fail: (ret = null) => end('fail', ret),
      unknown: () => end('unknown', null),
    }
  }
}
