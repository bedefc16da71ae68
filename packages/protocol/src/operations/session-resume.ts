import { limits } from '../limits.ts'
import { operation } from '../operation.ts'
import { list } from '../schema/containers.ts'
import { bytes, count } from '../schema/scalars.ts'
import { told } from '../schema/schema.ts'
import { sessionId } from './shapes.ts'

/** Takes a session over to this connection after a break. */
export const sessionResume = operation({
  code: 17,
  name: 'session.resume',
  kind: 'command',
  doc: 'Takes a session over to this connection. Answers that are not outstanding are forgotten.',
  fields: {
    session: sessionId,
    key: bytes({ min: 16, max: 16 }),
    outstanding: told(list(count, { max: limits.outstandingMax }), 'All ids still without an answer.'),
  },
  result: { session: sessionId, generation: told(count, 'One more than before.'), ttlMs: count },
  example: { session: 17, key: Uint8Array.from({ length: 16 }, (_, i) => i), outstanding: [5, 6] },
  exampleResult: { session: 17, generation: 2, ttlMs: 30_000 },
})
