import { limits } from '../limits.ts'
import { operation } from '../operation.ts'
import { name, text } from '../schema/scalars.ts'
import { optional } from '../schema/schema.ts'
import { borrowView, product } from './license-shapes.ts'
import { limit, many } from './shapes.ts'

/** Units that went with their users. */
export const licenseBorrowed = operation({
  code: 103,
  name: 'license.borrowed',
  kind: 'read',
  doc: 'Units that are borrowed for offline use, in the order in which they were borrowed.',
  fields: {
    borrow: optional(name, 'Only this one; `unknownBorrow` if it was returned or its time is over.'),
    product: optional(product, 'Absent: all products.'),
    user: optional(text({ max: limits.nameSizeMax, plain: true }), 'Absent: all users.'),
    after: optional(name, "The last page's `next`."),
    limit,
  },
  result: { borrows: many(borrowView), next: optional(name) },
  example: { user: 'ana' },
  exampleResult: {
    borrows: [
      {
        borrow: 'B814',
        product: 4_000,
        name: 'Full',
        installation: 'production',
        user: 'ana',
        units: 1,
        sinceMs: 1_795_262_400_000,
        untilMs: 1_795_867_200_000,
      },
    ],
  },
})
