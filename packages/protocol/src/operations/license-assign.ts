import { operation } from '../operation.ts'
import { count } from '../schema/scalars.ts'
import { told } from '../schema/schema.ts'
import { product, userNamed } from './license-shapes.ts'

/** Gives a user a unit of a named product before the first check-out. */
export const licenseAssign = operation({
  code: 87,
  name: 'license.assign',
  kind: 'command',
  doc: 'Gives a user a unit of a named product before the first check-out.',
  fields: { product, user: userNamed },
  result: { assigned: told(count, 'Users with a unit.'), total: count },
  example: { product: 4_016, user: 'ana' },
  exampleResult: { assigned: 12, total: 20 },
})
