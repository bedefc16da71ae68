import { operation } from '../operation.ts'
import { sessionFields, sessionId } from './shapes.ts'

/** One session and how much it holds. */
export const sessionGet = operation({
  code: 24,
  name: 'session.get',
  kind: 'read',
  doc: 'One session and how much it holds; `sessionUnknown` if there is none.',
  fields: { session: sessionId },
  result: sessionFields,
  example: { session: 17 },
  exampleResult: {
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
})
