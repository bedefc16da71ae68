import type { SessionOpen } from '../commands.ts'
import { Session } from '../graph.ts'
import { CODES_MAX_MAX, LOCK_DELAY_MS_MAX, SESSION_KEY_BYTES, TTL_MS_MAX, TTL_MS_MIN } from '../limits.ts'
import { isName, NAME_EXPECTED } from '../names.ts'
import { invalid, type Refusal, type Result, refuse } from '../result.ts'
import type { Sessions } from './sessions.ts'

// session.open: idempotent by its key, so that a retry, or parallel first calls of one client, open one
// session (O9).

export function openSession(sessions: Sessions, operation: SessionOpen): Result {
  const bad = check(operation)
  if (bad !== undefined) return bad
  const { core } = sessions
  const key = hexOf(operation.key)
  const known = sessions.byKey.get(key)
  if (known !== undefined) return opened(known)
  const { sessionsMax } = core.limits
  if (sessions.table.size >= sessionsMax) return refuse('sessionsExceeded', { max: sessionsMax })
  core.session += 1
  const { namespace, client, installation, ttlMs, lockDelayMs, codesMax } = operation
  const session = new Session({
    id: core.session,
    key,
    namespace,
    client,
    installation,
    ttlMs,
    lockDelayMs,
    codesMax,
    openedMs: core.wallMs,
  })
  sessions.add(session)
  core.rows.mark(session)
  core.emit('session.opened', namespace, client, session.id, '')
  return opened(session)
}

export function opened(session: Session): Result {
  return {
    ok: true,
    value: { session: session.id, generation: session.generation, ttlMs: session.ttlMs },
  }
}

export function hexOf(key: Uint8Array): string {
  let hex = ''
  for (const byte of key) hex += (byte < 16 ? '0' : '') + byte.toString(16)
  return hex
}

function check(operation: SessionOpen): Refusal | undefined {
  const { key, namespace, client, installation, ttlMs, lockDelayMs, codesMax } = operation
  if (!(key instanceof Uint8Array) || key.length !== SESSION_KEY_BYTES) {
    return invalid('key', key?.length, `${SESSION_KEY_BYTES} bytes`)
  }
  if (!isName(namespace) || namespace.includes('\0')) {
    return invalid('namespace', namespace, `${NAME_EXPECTED}, no NUL`)
  }
  if (typeof client !== 'string' || client.length > 512) return invalid('client', client, 'a name')
  if (installation !== 'production' && installation !== 'homologation' && installation !== 'development') {
    return invalid('installation', installation, 'production, homologation or development')
  }
  return (
    checkWhole('ttlMs', ttlMs, TTL_MS_MIN, TTL_MS_MAX) ??
    checkWhole('lockDelayMs', lockDelayMs, 0, LOCK_DELAY_MS_MAX) ??
    checkWhole('codesMax', codesMax, 0, CODES_MAX_MAX)
  )
}

function checkWhole(field: string, value: number, min: number, max: number): Refusal | undefined {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return undefined
  return invalid(field, value, `${min} to ${max}`)
}
