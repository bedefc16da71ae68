import type { OperationName, RequestOf, ResultOf } from './operations.ts'

export interface CallOptions {
  /** Gives up. A wait in a queue of the cluster is canceled, and a grant that crossed it is given back. */
  readonly signal?: AbortSignal | undefined
  /** Gives up after so long, in the same way; counted from the call, connected or not. */
  readonly deadlineMs?: number | undefined
}

/** What locks, licenses, sequences and semaphores need of their session. */
export interface Caller {
  readonly namespace: string
  /** Fires when the session is lost or closed. */
  readonly signal: AbortSignal
  call<N extends OperationName>(request: RequestOf<N>, options: CallOptions): Promise<ResultOf<N>>
  call<N extends OperationName, T>(
    request: RequestOf<N>,
    options: CallOptions,
    finish: (result: ResultOf<N>) => T,
  ): Promise<T>
  /** Waits for a promise no longer than the options say; `what` names it in the error. */
  within<T>(promise: Promise<T>, what: string, options: CallOptions): Promise<T>
  /** Gives a license back for somebody who need not wait for the answer: what fails is told by the session. */
  giveBack(request: RequestOf<'license.checkin'>): Promise<ResultOf<'license.checkin'>>
}
