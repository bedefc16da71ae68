import { operation } from '../operation.ts'
import { struct } from '../schema/containers.ts'
import { dictionary } from '../schema/free.ts'
import { count, oneOf, word } from '../schema/scalars.ts'
import { optional, told } from '../schema/schema.ts'
import { usageDays } from './license-shapes.ts'
import { after, cursor, limit, many } from './shapes.ts'

const usage = struct({
  key: told(word, "Product's number, user, company, or the hour's begin as an ISO instant."),
  name: word,
  unitMs: told(count, 'Units x milliseconds in use.'),
  checkouts: count,
  peak: count,
  peakConnections: count,
  denied: count,
  denials: told(dictionary(count), 'How often, by cause.'),
})

/** Use by product, user, company or hour. */
export const licenseUsage = operation({
  code: 99,
  name: 'license.usage',
  kind: 'read',
  doc: 'Use by product, user, company or hour, from whole hours.',
  fields: {
    fromMs: told(count, 'Wall clock, milliseconds since 1970: hours that begin at it or later.'),
    toMs: told(count, 'And before it.'),
    by: oneOf('product', 'user', 'company', 'hour'),
    after,
    limit,
  },
  result: { rows: many(usage), next: optional(cursor), usageDays },
  example: { fromMs: 1_795_219_200_000, toMs: 1_795_305_600_000, by: 'product' },
  exampleResult: {
    rows: [
      {
        key: '4000',
        name: 'Full',
        unitMs: 864_000_000,
        checkouts: 120,
        peak: 48,
        peakConnections: 60,
        denied: 3,
        denials: { exhausted: 2, overMax: 1 },
      },
    ],
    usageDays: 30,
  },
})
