import { DrillError } from './errors.ts'
import { limits } from './limits.ts'

/** Waits no longer than a drill is patient, and not beyond its end. */
export function within<T>(work: Promise<T>, what: string, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => finish(() => reject(signal.reason))
    const timer = setTimeout(() => {
      finish(() => reject(new DrillError('NOT_IN_TIME', `${what}: not within ${limits.patienceMs} ms`)))
    }, limits.patienceMs)
    const finish = (end: () => void): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      end()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    work.then(
      (value) => finish(() => resolve(value)),
      (error: unknown) => finish(() => reject(error)),
    )
  })
}
