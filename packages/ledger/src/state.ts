import { Codes } from './code/codes.ts'
import type { Core } from './core.ts'
import { Licenses } from './license/licenses.ts'
import { Locks } from './lock/locks.ts'
import { Members } from './member/members.ts'
import type { Row } from './rows.ts'
import { Semaphores } from './semaphore/semaphores.ts'
import { Reservation } from './sequence/sequence.ts'
import { Sequences } from './sequence/sequences.ts'
import { Sessions } from './session/sessions.ts'
import { Waiters } from './wait/waiters.ts'

/** All parts of the replicated state. A new part is one more line here and in restore. */
export class State {
  readonly core: Core
  readonly waiters: Waiters
  readonly sessions: Sessions
  readonly locks: Locks
  readonly codes: Codes
  readonly semaphores: Semaphores
  readonly sequences: Sequences
  readonly licenses: Licenses
  readonly members: Members

  constructor(core: Core) {
    this.core = core
    this.waiters = new Waiters(core)
    this.sessions = new Sessions(core)
    this.locks = new Locks(core, this.waiters)
    this.codes = new Codes(core)
    this.semaphores = new Semaphores(core, this.waiters)
    this.sequences = new Sequences(core)
    this.licenses = new Licenses(core, this.waiters, this.sessions)
    this.members = new Members(core)
  }

  /** Everything that is stored, each as one row. */
  *rows(): Generator<Row> {
    yield this.core
    for (const session of this.sessions.table.values()) {
      yield session
      yield* session.answers.values()
      yield* session.waiting.values()
      for (const owner of session.owners.values()) {
        for (let held = owner.firstHolding; held !== undefined; held = held.nextOfOwner) {
          if (held instanceof Reservation) yield held
        }
      }
    }
    yield* this.locks.table.values()
    yield* this.codes.table.values()
    yield* this.semaphores.table.values()
    yield* this.sequences.table.values()
    for (const counter of this.sequences.counters.values()) {
      yield counter
      yield* counter.free.blocks()
      yield* counter.gaps
    }
    yield* this.licenses.rows()
    yield* this.members.table.values()
  }
}
