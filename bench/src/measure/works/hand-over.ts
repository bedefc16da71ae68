import type { Work } from './work.ts'

/**
 * One lock that all clients want: from the call that releases it to the answer of the next grant. Who holds it
 * waits until all others have asked for it, so that there is always somebody to hand it to. All clients are in
 * one process: only so is there one clock.
 */
export function handOver(): Work {
  let waiting = 0
  let releasedMs = -1
  let wake: (() => void) | undefined
  return {
    steps: [],
    client: ({ owner }, { meter, clients, isStopping }) => {
      return async () => {
        waiting++
        if (waiting === clients - 1) wake?.()
        const held = await owner.lock('hand-over')
        waiting--
        if (releasedMs >= 0) meter.operation(releasedMs)
        if (waiting < clients - 1 && !isStopping()) {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
          wake = undefined
        }
        // When the run ends, the others may be gone: nobody is measured any more.
        releasedMs = isStopping() ? -1 : meter.now()
        await held.release()
        if (isStopping()) wake?.()
      }
    },
  }
}
