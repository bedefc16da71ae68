import { operation } from '../operation.ts'
import { count } from '../schema/scalars.ts'
import { told } from '../schema/schema.ts'
import { product, userNamed } from './license-shapes.ts'

/** Takes the unit of a named product from a user: free as soon as the last grant ends. */
export const licenseUnassign = operation({
  code: 88,
  name: 'license.unassign',
  kind: 'command',
  doc: 'Takes the unit of a named product from a user: free as soon as the last grant ends.',
  fields: { product, user: userNamed },
  result: { assigned: told(count, 'Users with a unit.'), total: count },
  example: { product: 4_016, user: 'ana' },
  exampleResult: { assigned: 12, total: 20 },
})
