import { limits } from '../limits.ts'
import { operation } from '../operation.ts'
import { count, integer } from '../schema/scalars.ts'
import { optional, told } from '../schema/schema.ts'
import { rules } from './license-shapes.ts'

/** Replaces all rules of the administrator in one step. */
export const licenseRules = operation({
  code: 92,
  name: 'license.rules',
  kind: 'command',
  doc: 'Replaces all rules in one step; what was granted before obeys them too.',
  fields: {
    rules,
    version: told(count, 'The version in force + 1: `versionDiffers` if another was faster.'),
    usageDays: optional(
      integer(0, limits.usageDaysMax),
      'How long usage and denials are kept; 0 keeps none, and what is older goes at once. Absent: as before.',
    ),
  },
  result: { version: count, ended: told(count, 'Grants that the new rules ended.') },
  example: {
    rules: [
      { kind: 'reserve', product: 4_000, subject: { type: 'group', value: 'finance' }, amount: 5 },
      { kind: 'idle', product: 0, subject: { type: 'all', value: '' }, ms: 3_600_000 },
    ],
    version: 3,
    usageDays: 60,
  },
  exampleResult: { version: 3, ended: 0 },
})
