import { connect, type Session } from '@tranca/client'
import type { Workload } from '../workload/workload.ts'

const defaultAddresses = '127.0.0.1:5555,127.0.0.1:5556,127.0.0.1:5557'

/** Holds a few things, so that there is something to see after the run. Closing the session gives them back. */
export async function holdSomething(workload: Workload, addresses: readonly string[]): Promise<Session> {
  const session = await connect({ addresses, namespace: workload.namespace, client: 'night-shift' })
  const closing = session.owner('closing')
  await closing.lock(['period/2026-11', 'ledger/01'])
  const warehouse = session.owner('warehouse')
  await warehouse.lock('stock/01', { mode: 'shared' })
  await warehouse.reserveCode('SA1/000042')
  return session
}

/** What to type while the cluster is up. */
export function lookAroundLines(options: {
  readonly workload: Workload
  readonly addresses: readonly string[]
  readonly members: readonly { readonly name: string; readonly client: string; readonly admin: string }[]
}): string[] {
  const { workload, addresses, members } = options
  const lines = ['The cluster stays up until Ctrl-C. In another terminal:']
  if (addresses.join(',') !== defaultAddresses) lines.push(`  export TRANCA_ADDRESSES=${addresses.join(',')}`)
  const named = workload.namespace === 'production' ? '' : ` --namespace ${workload.namespace}`
  lines.push(
    '  npx tranca status --watch',
    `  npx tranca lock list${named}`,
    `  npx tranca sequence list${named}`,
  )
  const gapless = [...workload.sequences].find(([, plan]) => plan.spec.kind === 'gapless')?.[0]
  if (gapless !== undefined) lines.push(`  npx tranca sequence gaps ${gapless}${named}`)
  if (workload.licenses !== undefined) lines.push('  npx tranca license usage', '  npx tranca key show')
  lines.push(`  npx tranca lock run nightly${named} -- sleep 10`)
  for (const { name, client, admin } of members) {
    lines.push(`  ${name}: clients ${client}, health and metrics http://${admin}/metrics`)
  }
  return lines
}
