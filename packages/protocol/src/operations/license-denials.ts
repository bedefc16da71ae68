import { operation } from '../operation.ts'
import { count } from '../schema/scalars.ts'
import { optional } from '../schema/schema.ts'
import { denialView } from './license-shapes.ts'
import { limit, many } from './shapes.ts'

/** Who was refused, the latest first. */
export const licenseDenials = operation({
  code: 100,
  name: 'license.denials',
  kind: 'read',
  doc: 'Who was refused and why, the latest first.',
  fields: { after: optional(count, "The last page's `next`."), limit },
  result: { denials: many(denialView), next: optional(count) },
  example: {},
  exampleResult: {
    denials: [
      {
        id: 31,
        atMs: 1_795_262_400_000,
        cause: 'exhausted',
        feature: 'fiscal',
        product: 0,
        installation: 'production',
        session: 18,
        client: 'appserver-2',
        owner: 'u9',
        user: 'bia',
        group: '01',
        company: '0101',
        host: 'ws-13',
        units: 1,
      },
    ],
  },
})
