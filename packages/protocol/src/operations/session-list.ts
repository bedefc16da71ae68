import { operation } from '../operation.ts'
import { struct } from '../schema/containers.ts'
import { count } from '../schema/scalars.ts'
import { optional } from '../schema/schema.ts'
import { limit, many, sessionFields } from './shapes.ts'

/** Sessions of all namespaces in the order of their numbers. */
export const sessionList = operation({
  code: 25,
  name: 'session.list',
  kind: 'read',
  doc: 'Sessions of all namespaces in the order of their numbers.',
  fields: { after: optional(count, "The last page's `next`."), limit },
  result: { sessions: many(struct(sessionFields)), next: optional(count) },
  example: { limit: 2 },
  exampleResult: {
    sessions: [
      {
        session: 17,
        client: 'appserver-1',
        namespace: 'producao',
        installation: 'production',
        ttlMs: 30_000,
        generation: 1,
        locks: 2,
        codes: 5,
        permits: 0,
        reservations: 1,
        waiting: 0,
        openedMs: 1_795_262_400_000,
      },
    ],
    next: 17,
  },
})
