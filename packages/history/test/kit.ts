import type { Json, Operation } from '../src/index.ts'

type Args = { readonly [key: string]: Json }

/** An operation that was answered, its time in microseconds: `[1, 2]` from call to return. */
export function ok(
  op: string,
  args: Args,
  ret: Json,
  [callUs, returnUs]: readonly [number, number],
): Operation {
  return { ...unknown(op, args, callUs), ret, status: 'ok', returnNs: BigInt(returnUs * 1000) }
}

/** An operation without an answer. */
export function unknown(op: string, args: Args, callUs: number): Operation {
  return { client: 'c', op, args, ret: null, status: 'unknown', callNs: BigInt(callUs * 1000) }
}
