import type { AnyRequest, OperationName, RequestOf, ResultOf } from './operation.ts'

/** One life of a client process: from its session's grant to its end. A process that comes back is another one. */
export interface Client {
  /** The process's name, for example `app-03`; several lives share it. */
  readonly name: string
  readonly session: number
  readonly openedMs: number
  /** When its session was closed, its process cut off, or its session lost; absent while it lives. */
  endedMs?: number
  end?: 'closed' | 'cut' | 'lost'
}

export type Outcome =
  | { readonly status: 'open' }
  | { readonly status: 'ok'; readonly result: unknown }
  | { readonly status: 'refused'; readonly cause: string; readonly detail: Readonly<Record<string, unknown>> }
  /** It may have been done at any time since the call, or never. */
  | { readonly status: 'unknown'; readonly reason: string }

/** One operation as its caller saw it. Times are of one monotonic clock, milliseconds with a fraction. */
export interface Call {
  /** Position in the order of calls. */
  readonly order: number
  readonly client: Client
  readonly request: AnyRequest
  readonly callMs: number
  /** `Infinity` while there is no answer. */
  returnMs: number
  outcome: Outcome
}

/** What clients asked and got, in order of the calls. */
export interface History {
  readonly clients: readonly Client[]
  readonly calls: readonly Call[]
}

/** Request and result of a call of one kind that was answered with success, else `undefined`. */
export function doneAs<N extends OperationName>(
  call: Call,
  op: N,
): { readonly request: RequestOf<N>; readonly result: ResultOf<N> } | undefined {
  if (call.request.op !== op || call.outcome.status !== 'ok') return undefined
  return { request: call.request as unknown as RequestOf<N>, result: call.outcome.result as ResultOf<N> }
}

/** For messages: `app-01 (session 7), user u012`. */
export function nameOf(call: Call): string {
  return `${call.client.name} (session ${call.client.session}), user ${call.request.owner}`
}
