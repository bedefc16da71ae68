import type { Grant } from '@tranca/client'
import { hotUnits, hotUsers, products } from '../license-key.ts'
import type { Work } from './work.ts'

/** Users of one client that take turns, so that each check-out is another consumer's. */
const USERS_PER_CLIENT = 50

/** Check-out and check-in of a unit, each time by another user; there are units for all. */
export const license: Work = {
  steps: ['checkout', 'checkin'],
  client: ({ owner, index }, { meter }) => {
    const users = Array.from({ length: USERS_PER_CLIENT }, (_, number) => `user-${index}-${number}`)
    let turn = 0
    return async () => {
      const user = users[turn++ % users.length]!
      const sinceMs = meter.now()
      const grant = await owner.license(products.users, { user, group: '01' })
      meter.step(0, sinceMs)
      const grantedMs = meter.now()
      await grant.release()
      meter.step(1, grantedMs)
      meter.operation(sinceMs)
    }
  },
}

/**
 * 10 000 users on 5 000 units of one product. Each client stands for its share of them: it gives back its oldest
 * unit, and takes one for the user whose turn it is; so all units are in use all the time, but for those on their
 * way.
 */
export const licenseHot: Work = {
  steps: ['checkin', 'checkout'],
  client: async ({ owner, index }, { meter, clients }) => {
    const users = Array.from(
      { length: share(hotUsers, clients, index) },
      (_, number) => `hot-${index}-${number}`,
    )
    const held: Grant[] = []
    let turn = 0
    const checkOut = () => owner.license(products.hot, { user: users[turn++ % users.length]!, group: '01' })
    const units = share(hotUnits, clients, index)
    while (held.length < units) held.push(await checkOut())
    let oldest = 0
    return async () => {
      const sinceMs = meter.now()
      await held[oldest]!.release()
      meter.step(0, sinceMs)
      const freeMs = meter.now()
      held[oldest] = await checkOut()
      meter.step(1, freeMs)
      oldest = (oldest + 1) % held.length
      meter.operation(sinceMs)
    }
  },
}

/** What a web-service request without a session adds: a unit that rests is taken, and given back. */
export const stateless: Work = {
  steps: ['checkout', 'checkin'],
  client: ({ owner }, { meter }) => {
    return async () => {
      const sinceMs = meter.now()
      const grant = await owner.license(products.requests)
      meter.step(0, sinceMs)
      const grantedMs = meter.now()
      await grant.release()
      meter.step(1, grantedMs)
      meter.operation(sinceMs)
    }
  },
}

/** The part of `total` that falls to one client. */
export function share(total: number, clients: number, index: number): number {
  return Math.floor(total / clients) + (index < total % clients ? 1 : 0)
}
