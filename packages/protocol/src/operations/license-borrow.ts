import { operation } from '../operation.ts'
import { count, word } from '../schema/scalars.ts'
import { told } from '../schema/schema.ts'
import { grant, product, userNamed } from './license-shapes.ts'
import { owner } from './shapes.ts'

/** Keeps a unit for a user who goes offline. */
export const licenseBorrow = operation({
  code: 90,
  name: 'license.borrow',
  kind: 'command',
  doc: 'Keeps a unit for a user who goes offline; it outlives the session.',
  fields: {
    owner,
    product,
    user: userNamed,
    untilWallMs: told(count, 'Wall clock, milliseconds since 1970; at most 90 days ahead.'),
  },
  result: { grant, borrow: told(word, 'Id of what was borrowed.') },
  example: { owner: 'u1', product: 4_000, user: 'ana', untilWallMs: 1_795_867_200_000 },
  exampleResult: { grant: 814, borrow: 'b-814' },
})
