import { strict as assert } from 'node:assert'
import type { Core } from '../core.ts'
import { type Owner, Session, type SessionFields } from '../graph.ts'
import type { SessionView } from '../reads.ts'
import type { Result } from '../result.ts'
import { Answer } from './answer.ts'

/** All sessions, by number and by key. */
export class Sessions {
  readonly core: Core
  readonly table = new Map<number, Session>()
  readonly byKey = new Map<string, Session>()

  constructor(core: Core) {
    this.core = core
  }

  add(session: Session): void {
    this.table.set(session.id, session)
    this.byKey.set(session.key, session)
  }

  remove(session: Session): void {
    this.table.delete(session.id)
    this.byKey.delete(session.key)
    this.core.rows.remove(session)
  }

  /** Forgets answers that the client has. Unknown ids do no harm. */
  acknowledge(session: Session, ids: readonly number[]): void {
    for (const id of ids) {
      const answer = session.answers.get(id)
      if (answer !== undefined) this.forget(session, answer)
    }
  }

  forget(session: Session, answer: Answer): void {
    session.answers.delete(answer.id)
    this.core.rows.remove(answer)
  }

  view(session: Session): SessionView {
    return {
      session: session.id,
      client: session.client,
      namespace: session.namespace,
      installation: session.installation,
      ttlMs: session.ttlMs,
      generation: session.generation,
      locks: session.lockCount,
      codes: session.codeCount,
      permits: session.permitCount,
      reservations: session.reservationCount,
      waiting: session.waiting.size,
      openedMs: session.openedMs,
    }
  }

  /** Sessions are restored in the order of their numbers, in which lists show them. */
  restore(value: unknown): void {
    const row = value as SessionFields & { readonly generation: number; readonly lastId: number }
    const session = new Session(row)
    session.generation = row.generation
    session.lastId = row.lastId
    session.stored = true
    this.add(session)
  }

  restoreAnswer(sessionId: number, id: number, value: unknown): void {
    const answer = new Answer(sessionId, id, value as Result)
    answer.stored = true
    this.#get(sessionId).answers.add(answer)
  }

  ownerOf(sessionId: number, name: string): Owner {
    return this.#get(sessionId).owner(name)
  }

  #get(id: number): Session {
    const session = this.table.get(id)
    assert(session !== undefined, `there is no session ${id}`)
    return session
  }
}
