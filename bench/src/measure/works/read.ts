import type { Work } from './work.ts'

/** Linearizable read of a lock that is held. */
export const read: Work = {
  steps: [],
  client: async ({ session, owner, index }, { meter, namespace }) => {
    const name = `read-${index}`
    await owner.lock(name)
    const request = { op: 'lock.get', namespace, name } as const
    return async () => {
      const sinceMs = meter.now()
      await session.request(request)
      meter.operation(sinceMs)
    }
  },
}
