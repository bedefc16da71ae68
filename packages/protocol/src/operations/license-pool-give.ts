import { operation } from '../operation.ts'
import { count, name } from '../schema/scalars.ts'
import { told } from '../schema/schema.ts'
import { grant } from './license-shapes.ts'
import { owner } from './shapes.ts'

/** Takes a unit of a lease back from its holder. */
export const licensePoolGive = operation({
  code: 86,
  name: 'license.poolGive',
  kind: 'command',
  doc: 'Takes a unit of a lease back from its holder.',
  fields: { owner, grant, holder: told(name, 'Who gets it below the lease; any text.') },
  result: {
    grant,
    taken: told(count, 'Units of the lease that are handed out.'),
    units: told(count, 'Units of the lease.'),
  },
  example: { owner: 'dbaccess', grant: 813, holder: 'slave-2/17' },
  exampleResult: { grant: 813, taken: 3, units: 50 },
})
