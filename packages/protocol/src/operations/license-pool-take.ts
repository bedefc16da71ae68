import { operation } from '../operation.ts'
import { count, name } from '../schema/scalars.ts'
import { told } from '../schema/schema.ts'
import { grant } from './license-shapes.ts'
import { owner } from './shapes.ts'

/** Hands one unit of a lease to a holder; the same holder again takes nothing more. */
export const licensePoolTake = operation({
  code: 85,
  name: 'license.poolTake',
  kind: 'command',
  doc: 'Hands one unit of a lease to a holder; the same holder again takes nothing more.',
  fields: { owner, grant, holder: told(name, 'Who gets it below the lease; any text.') },
  result: {
    grant,
    taken: told(count, 'Units of the lease that are handed out.'),
    units: told(count, 'Units of the lease.'),
  },
  example: { owner: 'dbaccess', grant: 813, holder: 'slave-2/17' },
  exampleResult: { grant: 813, taken: 3, units: 50 },
})
