import { DrillError } from '../errors.ts'
import type { CuttableNetwork, ManagedSystem } from '../system.ts'

/** @throws DrillError `CANNOT` if the members have no network of their own */
export function networkOf(system: ManagedSystem): CuttableNetwork {
  if (system.network !== undefined) return system.network
  throw new DrillError('CANNOT', 'the members have no network that can be cut')
}
