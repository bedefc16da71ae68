import { setTimeout as delay } from 'node:timers/promises'
import { products } from '../license-key.ts'
import type { Work } from './work.ts'

/** What the application does for one request. */
const WORK_MS = 20

/** A web-service request that needs no license: what `requestLicensed` is held against. */
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

/**
 * The same request with a license: checked out before the work begins. It is checked in when the work is done; the
 * request's answer does not wait for that, the client's next request does not either.
 */
export const requestLicensed: Work = {
  steps: ['checkout'],
  client: ({ owner }, { meter }) => {
    let checkedIn: Promise<unknown> = Promise.resolve()
    return async () => {
      const sinceMs = meter.now()
      const grant = await owner.license(products.requests)
      meter.step(0, sinceMs)
      await delay(WORK_MS)
      meter.operation(sinceMs)
      // A check-in that fails ends the run at the next one, and there is never more than one on its way.
      const earlier = checkedIn
      checkedIn = grant.release()
      checkedIn.catch(() => undefined)
      await earlier
    }
  },
}
