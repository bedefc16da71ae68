import { operation } from '../operation.ts'
import { struct } from '../schema/containers.ts'
import { boolean, count, name } from '../schema/scalars.ts'
import { optional } from '../schema/schema.ts'
import { after, cursor, limit, many, namespaceAsked, prefix } from './shapes.ts'

const summary = struct({ name, total: count, used: count, explicit: boolean, queued: count })

/** Semaphores in the order of their names. */
export const semaphoreList = operation({
  code: 57,
  name: 'semaphore.list',
  kind: 'read',
  doc: 'Semaphores in the order of their names.',
  fields: { namespace: namespaceAsked, prefix, after, limit },
  result: { semaphores: many(summary), next: optional(cursor) },
  example: { namespace: 'producao' },
  exampleResult: { semaphores: [{ name: 'jobs', total: 4, used: 1, explicit: true, queued: 0 }] },
})
