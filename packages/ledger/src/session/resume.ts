import type { SessionResume } from '../commands.ts'
import { invalid, type Result, refuse } from '../result.ts'
import { hexOf, opened } from './open.ts'
import type { Sessions } from './sessions.ts'

// session.resume: a broken connection does not end the session (O5). The generation grows, so commands of
// the replaced connection, and an expiry that was proposed before, are ignored. Waiting requests go on
// waiting; the client sends its outstanding requests again and gets the first answers.

export function resumeSession(sessions: Sessions, operation: SessionResume): Result {
  const { core } = sessions
  const { outstanding } = operation
  const session = sessions.table.get(operation.session)
  if (session === undefined) return refuse('sessionUnknown', { session: operation.session })
  if (!(operation.key instanceof Uint8Array) || hexOf(operation.key) !== session.key) return refuse('badKey')
  if (outstanding.length > core.limits.answersPerSessionMax) {
    return invalid('outstanding', outstanding.length, `at most ${core.limits.answersPerSessionMax} ids`)
  }
  session.generation += 1
  core.rows.mark(session)
  const wanted = new Set(outstanding)
  for (const answer of session.answers.values()) {
    if (!wanted.has(answer.id)) sessions.forget(session, answer)
  }
  core.emit('session.resumed', session.namespace, session.client, session.id, '')
  return opened(session)
}
