import { operation } from '../operation.ts'
import { count, name } from '../schema/scalars.ts'
import { byDefault, optional } from '../schema/schema.ts'
import { owner, permits, token, waitMs } from './shapes.ts'

/** Takes permits of a semaphore. */
export const semaphoreAcquire = operation({
  code: 50,
  name: 'semaphore.acquire',
  kind: 'command',
  doc: 'Takes permits, all or none. `total` creates the semaphore if there is none.',
  fields: {
    owner,
    name,
    permits: byDefault(permits, 1),
    total: optional(permits),
    waitMs: byDefault(waitMs, 0),
  },
  result: { token, held: count },
  example: { owner: 'u1', name: 'jobs', total: 4, waitMs: 1_000 },
  exampleResult: { token: 43, held: 1 },
})
