import { limits } from '../limits.ts'
import { operation } from '../operation.ts'
import { count, integer } from '../schema/scalars.ts'
import { byDefault, told } from '../schema/schema.ts'
import { grant, host, product } from './license-shapes.ts'
import { owner, token } from './shapes.ts'

/** Leases all free units of a product, which the owner hands out by itself. */
export const licensePool = operation({
  code: 84,
  name: 'license.pool',
  kind: 'command',
  doc: 'Leases all free units of a product, at most `max`; the owner hands them out by itself.',
  fields: { owner, product, max: byDefault(integer(0, limits.unitsMax), 0, '0 = all that are free.'), host },
  result: { grant, units: told(count, 'Units of the lease.'), token },
  example: { owner: 'dbaccess', product: 4_092, max: 50, host: 'db-1' },
  exampleResult: { grant: 813, units: 50, token: 45 },
})
