import { operation } from '../operation.ts'
import { struct } from '../schema/containers.ts'
import { count, name } from '../schema/scalars.ts'
import { optional } from '../schema/schema.ts'
import { after, cursor, holder, limit, many, namespaceAsked, prefix } from './shapes.ts'

const summary = struct({ name, holders: many(holder), queued: count, delayMs: optional(count) })

/** Locks in the order of their names. */
export const lockList = operation({
  code: 41,
  name: 'lock.list',
  kind: 'read',
  doc: 'Locks that are held, waited for or delayed, in the order of their names.',
  fields: { namespace: namespaceAsked, prefix, after, limit },
  result: { locks: many(summary), next: optional(cursor) },
  example: { namespace: 'producao', prefix: 'SA1' },
  exampleResult: {
    locks: [
      {
        name: 'SA1000001',
        holders: [
          {
            session: 17,
            client: 'appserver-1',
            owner: 'u1',
            mode: 'exclusive',
            token: 42,
            sinceMs: 1_795_262_400_000,
            count: 1,
          },
        ],
        queued: 1,
      },
    ],
    next: 'SA1000001',
  },
})
