import { setTimeout as delay } from 'node:timers/promises'
import type { Grant } from '@tranca/client'
import { products } from '../license-key.ts'
import type { Work } from './work.ts'

/** What the application does for one request. */
const WORK_MS = 20

/** A web-service request that needs no license: what those with one are held against. */
export const request: Work = {
  steps: [],
  client: (_, { meter }) => {
    return async () => {
      const sinceMs = meter.now()
      await delay(WORK_MS)
      meter.operation(sinceMs)
    }
  },
}

/** The same request with a license: checked out before the work begins, given back behind the answer. */
export const requestLicensed: Work = {
  steps: ['checkout'],
  client: ({ owner }, { meter }) => {
    const returned = returns()
    return async () => {
      const sinceMs = meter.now()
      const grant = await owner.license(products.requests)
      meter.step(0, sinceMs)
      await delay(WORK_MS)
      meter.operation(sinceMs)
      grant.releaseSoon()
      await returned(grant)
    }
  },
}

/**
 * The same request with a license that is checked out beside the work: the answer waits for both. It is given back
 * behind the answer, too.
 */
export const requestBeside: Work = {
  steps: ['checkout'],
  client: ({ owner }, { meter }) => {
    const returned = returns()
    return async () => {
      const sinceMs = meter.now()
      const grant = await owner.besideLicense(products.requests, async (licensed) => {
        licensed.then(() => meter.step(0, sinceMs)).catch(() => undefined)
        await delay(WORK_MS)
        return licensed
      })
      meter.operation(sinceMs)
      await returned(grant)
    }
  },
}

/** Waits for the license of the request before this one: there is one on its way back, and one that fails ends the run. */
function returns(): (grant: Grant) => Promise<void> {
  let earlier: Promise<unknown> = Promise.resolve()
  return async (grant) => {
    const before = earlier
    earlier = grant.release()
    earlier.catch(() => undefined)
    await before
  }
}
