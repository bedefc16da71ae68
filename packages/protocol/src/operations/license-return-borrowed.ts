import { operation } from '../operation.ts'
import { count, name, word } from '../schema/scalars.ts'
import { told } from '../schema/schema.ts'

/** Gives back early what was borrowed. */
export const licenseReturnBorrowed = operation({
  code: 91,
  name: 'license.returnBorrowed',
  kind: 'command',
  doc: 'Gives back early what was borrowed.',
  fields: { borrow: told(name, 'Id of what was borrowed.') },
  result: { product: count, user: word },
  example: { borrow: 'b-814' },
  exampleResult: { product: 4_000, user: 'ana' },
})
