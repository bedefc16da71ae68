import type { CallOptions } from './caller.ts'
import type { Clock } from './clock.ts'
import { AbortedError, DeadlineError } from './errors.ts'

/**
 * Waits for a promise no longer than the options say; what stands behind the promise goes on.
 *
 * @param describe what is known of why it takes so long
 * @throws AbortedError, DeadlineError
 */
export function bounded<T>(
  promise: Promise<T>,
  what: string,
  options: CallOptions,
  clock: Clock,
  describe: () => string,
): Promise<T> {
  const { signal, deadlineMs } = options
  if (signal === undefined && deadlineMs === undefined) return promise
  return new Promise((resolve, reject) => {
    const onAbort = () => end(() => reject(new AbortedError(what, signal?.reason)))
    const onDeadline = () => end(() => reject(new DeadlineError(what, deadlineMs ?? 0, describe())))
    const timer = deadlineMs === undefined ? undefined : clock.setTimer(onDeadline, deadlineMs)
    function end(settle: () => void): void {
      if (timer !== undefined) clock.clearTimer(timer)
      signal?.removeEventListener('abort', onAbort)
      settle()
    }
    promise.then(
      (value) => end(() => resolve(value)),
      (error) => end(() => reject(error)),
    )
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort)
  })
}
