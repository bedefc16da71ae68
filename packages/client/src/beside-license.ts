import type { Grant } from './license.ts'

/**
 * Runs `work` while a license is on its way, and ends well only if both did; the license goes back behind the
 * result.
 *
 * @param checkOut takes the license; its signal fires if `work` failed first, for then nobody wants it any more
 */
export async function besideLicense<T>(
  checkOut: (signal: AbortSignal) => Promise<Grant>,
  work: (licensed: Promise<Grant>) => T | Promise<T>,
): Promise<T> {
  const unwanted = new AbortController()
  const licensed = checkOut(unwanted.signal)
  // A refusal that comes while `work` looks elsewhere is told at the end.
  licensed.catch(() => undefined)
  let result: T
  try {
    result = await work(licensed)
  } catch (error) {
    unwanted.abort(error)
    licensed.then(
      (grant) => grant.releaseSoon(),
      () => undefined,
    )
    throw error
  }
  const grant = await licensed
  grant.releaseSoon()
  // Lost or closed meanwhile: the unit may have been somebody else's already.
  grant.signal.throwIfAborted()
  return result
}
