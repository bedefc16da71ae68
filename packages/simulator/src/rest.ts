import { connect } from '@tranca/client'
import type { SequenceSummary, SequenceView } from '@tranca/ledger'
import type { Numbers } from './check/numbers.ts'
import type { Cluster } from './cluster/cluster.ts'
import { clientOptions } from './workload/client-options.ts'
import { namespace } from './workload/namespace.ts'
import { product } from './workload/vendor.ts'
import type { World } from './world/world.ts'

/** A new client finds a cluster that works. */
export async function lastWord(world: World, cluster: Cluster): Promise<void> {
  const host = world.addHost('last')
  const session = await connect({
    addresses: cluster.clientAddresses,
    namespace,
    client: 'last',
    ...clientOptions(world, host),
  })
  const owner = session.owner('auditor')
  const held = await owner.lock('last', { waitMs: 1_000 })
  await owner.reserveCode('last')
  // Units of clients that died come back with the end of their sessions.
  const license = await owner.license(product.slaves, { user: 'auditor', waitMs: 30_000 })
  await license.release()
  await held.release()
  await session.close()
}

/** At rest all ledgers are the same, and every number is accounted for. */
export function compareRows(world: World, cluster: Cluster, numbers: Numbers): void {
  const [first, ...others] = cluster.present
  const rows = first!.rows()
  for (const other of others) {
    const theirs = other.rows()
    if (theirs.length === rows.length && rows.every((row, at) => row === theirs[at])) continue
    const odd = rows.find((row) => !theirs.includes(row)) ?? theirs.find((row) => !rows.includes(row))
    world.complain('rest', `the ledgers of ${first!.name} and ${other.name} differ, for example in ${odd}`)
  }
  const ledger = first!.replica!.ledger
  ledger.checkInvariants()
  const listed = ledger.query({ op: 'sequence.list', namespace, prefix: '', limit: 100 })
  if (!listed.ok) return
  for (const { name, scope } of (listed.value as { sequences: readonly SequenceSummary[] }).sequences) {
    const got = ledger.query({ op: 'sequence.get', namespace, name, scope })
    if (got.ok) numbers.matches(namespace, got.value as SequenceView)
  }
}
