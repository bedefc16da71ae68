import { limits } from '../limits.ts'
import { operation } from '../operation.ts'
import { count, text } from '../schema/scalars.ts'
import { optional } from '../schema/schema.ts'
import { grantView, product } from './license-shapes.ts'
import { limit, many } from './shapes.ts'

/** Who has which unit. */
export const licenseGrants = operation({
  code: 97,
  name: 'license.grants',
  kind: 'read',
  doc: 'Who has which unit, in the order of the grants.',
  fields: {
    product: optional(product, 'Absent: all products.'),
    user: optional(text({ max: limits.nameSizeMax, plain: true }), 'Absent: all users.'),
    after: optional(count, "The last page's `next`."),
    limit,
  },
  result: { grants: many(grantView), next: optional(count) },
  example: { product: 4_000 },
  exampleResult: {
    grants: [
      {
        grant: 812,
        product: 4_000,
        name: 'Full',
        installation: 'production',
        feature: 'fiscal',
        status: 'inUse',
        units: 1,
        unit: 7,
        token: 44,
        session: 17,
        client: 'appserver-1',
        namespace: 'producao',
        owner: 'u1',
        user: 'ana',
        group: '01',
        company: '0101',
        host: 'ws-12',
        sinceMs: 1_795_262_400_000,
        idleLeftMs: 3_000_000,
      },
    ],
  },
})
