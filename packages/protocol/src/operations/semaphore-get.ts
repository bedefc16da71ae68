import { operation } from '../operation.ts'
import { boolean, count, name } from '../schema/scalars.ts'
import { holder, many, namespaceAsked, waiter } from './shapes.ts'

/** One semaphore, who holds permits and who waits. */
export const semaphoreGet = operation({
  code: 56,
  name: 'semaphore.get',
  kind: 'read',
  doc: "One semaphore. A holder's `count` is the permits that it holds.",
  fields: { namespace: namespaceAsked, name },
  result: { name, total: count, used: count, explicit: boolean, holders: many(holder), queue: many(waiter) },
  example: { namespace: 'producao', name: 'jobs' },
  exampleResult: {
    name: 'jobs',
    total: 4,
    used: 1,
    explicit: true,
    holders: [
      {
        session: 17,
        client: 'appserver-1',
        owner: 'u1',
        mode: 'shared',
        token: 42,
        sinceMs: 1_795_262_400_000,
        count: 1,
      },
    ],
    queue: [],
  },
})
