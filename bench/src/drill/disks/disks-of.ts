import { DrillError } from '../errors.ts'
import type { FaultyDisks, ManagedSystem } from '../system.ts'

/** @throws DrillError `CANNOT` if nothing can be done to the members' disks */
export function disksOf(system: ManagedSystem): FaultyDisks {
  if (system.disks !== undefined) return system.disks
  throw new DrillError('CANNOT', "the members' disks are left alone")
}
