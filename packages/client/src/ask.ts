import type { OperationName } from '@tranca/protocol'
import type { CallOptions } from './caller.ts'
import { AbortedError, ConnectionError, DeadlineError, RefusedError } from './errors.ts'
import { Link } from './link.ts'
import { type AnyRequest, operationNamed, type RequestOf, type ResultOf } from './operations.ts'
import type { ConnectSettings } from './options.ts'

/**
 * Asks one node one thing over a connection of its own, whoever leads.
 *
 * @throws ConnectionError, RefusedError, DeadlineError, AbortedError
 */
export function askNode<N extends OperationName>(
  settings: ConnectSettings,
  address: string,
  asked: RequestOf<N>,
  options: CallOptions & { readonly deadlineMs: number },
): Promise<ResultOf<N>> {
  const { clock, transport, hello, limits } = settings
  const { signal, deadlineMs } = options
  const request = asked as unknown as AnyRequest
  const operation = operationNamed(request.op)
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(new AbortedError(request.op, signal.reason))
      return
    }
    let link: Link | undefined
    const end = (settle: () => void) => {
      clock.clearTimer(timer)
      signal?.removeEventListener('abort', onAbort)
      link?.close()
      settle()
    }
    const fail = (error: Error) => end(() => reject(error))
    const onAbort = () => fail(new AbortedError(request.op, signal?.reason))
    const timer = clock.setTimer(
      () => fail(new DeadlineError(`${request.op} at ${address}`, deadlineMs)),
      deadlineMs,
    )
    signal?.addEventListener('abort', onAbort)
    try {
      link = new Link(
        {
          onReady: (ready) => {
            try {
              ready.send(ready.nextId(), [], request)
            } catch (error) {
              fail(error as Error)
            }
          },
          onAnswer: (_link, answer) => {
            if (answer.kind === 'ok') end(() => resolve(answer.value as ResultOf<N>))
            else if (answer.kind === 'refused')
              fail(new RefusedError(request.op, answer.cause, answer.detail))
            else fail(new ConnectionError(address, `the answer to ${request.op} cannot be read`))
          },
          operationOf: () => operation,
          onNews: () => undefined,
          onHeard: () => undefined,
          onEvent: () => undefined,
          onClosed: (_link, error) => fail(error),
        },
        { address, transport, clock, hello, limits },
      )
    } catch (error) {
      fail(new ConnectionError(address, 'cannot be dialed', error))
    }
  })
}
