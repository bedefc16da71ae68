import { limits } from '../limits.ts'
import { operation } from '../operation.ts'
import { count, integer } from '../schema/scalars.ts'
import { byDefault, told } from '../schema/schema.ts'
import { grant } from './license-shapes.ts'
import { reason } from './shapes.ts'

/** Takes a unit back by force. */
export const licenseForceRelease = operation({
  code: 89,
  name: 'license.forceRelease',
  kind: 'command',
  doc: 'Ends a grant and all that share its unit; the same consumer is refused (`coolDown`) for a while.',
  fields: {
    grant,
    coolDownMs: byDefault(integer(0, limits.coolDownMaxMs), 0, 'For how long.'),
    reason,
  },
  result: { ended: told(count, 'How many grants ended.') },
  example: { grant: 812, coolDownMs: 60_000, reason: 'left for the day' },
  exampleResult: { ended: 2 },
})
