import { limits } from '../limits.ts'
import { operation } from '../operation.ts'
import { name, text } from '../schema/scalars.ts'
import { told } from '../schema/schema.ts'

/** The signed token of a borrowed unit. */
export const licenseBorrowToken = operation({
  code: 104,
  name: 'license.borrowToken',
  kind: 'admin',
  doc: "The token of a borrowed unit, signed with the installation's key that the leader's configuration names. Changes nothing: asking again, also of the next leader, gives the same token. The one operation of this kind that sessions may ask.",
  fields: { borrow: told(name, 'Id of what was borrowed.') },
  result: {
    token: told(text({ min: 1, max: limits.keyFileSizeMax }), 'The whole text, to be kept as it is.'),
  },
  example: { borrow: 'B814' },
  exampleResult: { token: '{ "body": {}, "signature": "", "keyId": "" }' },
})
