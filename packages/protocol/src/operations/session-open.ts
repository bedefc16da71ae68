import { limits } from '../limits.ts'
import { operation } from '../operation.ts'
import { bytes, count, integer, name } from '../schema/scalars.ts'
import { byDefault, told } from '../schema/schema.ts'
import { installation, namespace, sessionId } from './shapes.ts'

/** Opens a session, or finds the one that the same key opened before. */
export const sessionOpen = operation({
  code: 16,
  name: 'session.open',
  kind: 'command',
  doc: 'Opens a session. The same key again gives the same session, of the same generation.',
  fields: {
    key: told(bytes({ min: 16, max: 16 }), 'Made by the client at random: identity and capability.'),
    namespace,
    client: told(name, 'Name shown to people.'),
    installation,
    ttlMs: told(integer(limits.ttlMinMs, limits.ttlMaxMs), 'Life of the session without a sign of life.'),
    lockDelayMs: byDefault(
      integer(0, limits.lockDelayMaxMs),
      0,
      'Delay before a lock of the dead session can be taken.',
    ),
    codesMax: byDefault(integer(0, limits.codesMax), 20, 'Cap of code reservations.'),
  },
  result: { session: sessionId, generation: count, ttlMs: count },
  example: {
    key: Uint8Array.from({ length: 16 }, (_, i) => i),
    namespace: 'producao',
    client: 'appserver-1',
    installation: 'production',
    ttlMs: 30_000,
  },
  exampleResult: { session: 17, generation: 1, ttlMs: 30_000 },
})
