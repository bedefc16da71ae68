import { operation } from '../operation.ts'
import { count, name } from '../schema/scalars.ts'
import { optional } from '../schema/schema.ts'
import { holder, many, namespaceAsked, waiter } from './shapes.ts'

/** Who holds a lock, and who waits for it. */
export const lockGet = operation({
  code: 40,
  name: 'lock.get',
  kind: 'read',
  doc: 'Who holds a lock, and who waits for it. A name that nobody uses has neither.',
  fields: { namespace: namespaceAsked, name },
  result: {
    name,
    holders: many(holder),
    queue: many(waiter),
    delayMs: optional(count, 'Rest of the lock-delay.'),
  },
  example: { namespace: 'producao', name: 'SA1000001' },
  exampleResult: {
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
    queue: [
      {
        session: 18,
        client: 'appserver-2',
        owner: 'u9',
        mode: 'exclusive',
        id: 7,
        sinceMs: 1_795_262_401_000,
        waitMs: 5_000,
      },
    ],
  },
})
