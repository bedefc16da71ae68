import { NAMESPACE, type Target } from './cluster.ts'
import type { Job } from './job.ts'
import { Load, type LoadPool, type Measured } from './load.ts'

/** What is asked of a cluster to see what something else costs it. */
const PROBE: Job = { work: 'lock', clients: 64, shape: 'connections' }

export interface ProbeOptions {
  readonly target: Target
  readonly pool: LoadPool
  readonly warmSeconds: number
  readonly seconds: number
}

/**
 * Locks that 64 clients acquire and release.
 *
 * @param look is called as the recording begins, and as it ends
 */
export async function probe(
  { target, pool, seconds, warmSeconds }: ProbeOptions,
  look: () => void = () => undefined,
): Promise<Measured> {
  const load = await Load.open(PROBE, { addresses: target.addresses, namespace: NAMESPACE, pool })
  try {
    return await load.run({ warmMs: warmSeconds * 1_000, recordMs: seconds * 1_000, look })
  } finally {
    await load.close()
  }
}
