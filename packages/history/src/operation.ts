/** An integer of a history: a number where it is exact, a bigint beyond 2^53. */
export type Integer = number | bigint

/** What stands in `args` and `ret`: JSON, with integers that keep all their digits. */
export type Json = null | boolean | Integer | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * One operation as its client saw it. Times are nanoseconds of one monotonic clock, shared by all clients of the
 * history; only their order and their distances matter.
 *
 * - `ok`: it was answered with `ret`, which may well be a refusal;
 * - `unknown`: no answer came; it may take effect at any time after the call, or never;
 * - `fail`: it is certain that it had no effect.
 */
export interface Operation {
  readonly client: string
  /** The object's kind and the verb: `lock.acquire`. */
  readonly op: string
  readonly args: { readonly [key: string]: Json }
  readonly ret: Json
  readonly status: 'ok' | 'unknown' | 'fail'
  readonly callNs: bigint
  /** Always there if `status` is `ok`. */
  readonly returnNs?: bigint
  /** Line of the file it came from, counted from 1. */
  readonly line?: number
}
