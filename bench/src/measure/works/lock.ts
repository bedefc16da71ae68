import type { Work } from './work.ts'

/** Acquire and release of a lock that nobody else wants. */
export const lock: Work = {
  steps: ['acquire', 'release'],
  client: ({ owner, index }, { meter }) => {
    const name = `lock-${index}`
    return async () => {
      const sinceMs = meter.now()
      const held = await owner.lock(name, { waitMs: 0 })
      meter.step(0, sinceMs)
      const heldMs = meter.now()
      await held.release()
      meter.step(1, heldMs)
      meter.operation(sinceMs)
    }
  },
}
