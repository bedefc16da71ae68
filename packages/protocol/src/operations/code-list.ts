import { operation } from '../operation.ts'
import { struct } from '../schema/containers.ts'
import { name } from '../schema/scalars.ts'
import { optional } from '../schema/schema.ts'
import { after, cursor, holder, limit, many, namespaceAsked, prefix } from './shapes.ts'

/** Code reservations in the order of the codes. */
export const codeList = operation({
  code: 42,
  name: 'code.list',
  kind: 'read',
  doc: 'Code reservations in the order of the codes. Their holders have no token: 0.',
  fields: { namespace: namespaceAsked, prefix, after, limit },
  result: { codes: many(struct({ code: name, holder })), next: optional(cursor) },
  example: { namespace: 'producao' },
  exampleResult: {
    codes: [
      {
        code: 'SC5000123',
        holder: {
          session: 17,
          client: 'appserver-1',
          owner: 'u1',
          mode: 'exclusive',
          token: 0,
          sinceMs: 1_795_262_400_000,
          count: 1,
        },
      },
    ],
  },
})
