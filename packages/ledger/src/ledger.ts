import { applyBundle } from './bundle.ts'
import type { ClientCommand, InternalCommand, Operation, Stamp } from './commands.ts'
import { Core, type Sink } from './core.ts'
import type { Session, Waiter } from './graph.ts'
import { checkState } from './invariants.ts'
import { applyLicense, applyLicenseCommand } from './license/apply.ts'
import type { Deadline } from './license/deadline.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { acquireLocks } from './lock/acquire.ts'
import type { LockDelay } from './lock/lock.ts'
import { releaseLocks } from './lock/release.ts'
import type { Counts, MemberView, Read } from './reads.ts'
import { restoreRows } from './restore.ts'
import { invalid, NOTHING, type Result, refuse } from './result.ts'
import type { Change, RowEntry } from './rows.ts'
import { acquirePermits } from './semaphore/acquire.ts'
import { deleteSemaphore, setSemaphore } from './semaphore/define.ts'
import { releasePermits } from './semaphore/release.ts'
import { defineSequence } from './sequence/define.ts'
import { declareGap } from './sequence/gap.ts'
import { ensureAtLeast, setSequence } from './sequence/jump.ts'
import { nextNumbers } from './sequence/next.ts'
import { reserveNumber } from './sequence/reserve.ts'
import type { Reservation } from './sequence/sequence.ts'
import { confirmNumber, rollBackNumber } from './sequence/settle.ts'
import { cancelRequest, closeSession, expireSession, releaseOwner } from './session/give-up.ts'
import { openSession } from './session/open.ts'
import { resumeSession } from './session/resume.ts'
import { State } from './state.ts'
import type { Timed } from './timers.ts'
import { countsOf, query } from './views.ts'

export interface LedgerOptions {
  readonly sink: Sink
  /** Must be the same on every member: they decide results. */
  readonly limits?: Partial<Limits>
}

/**
 * The replicated state machine. Every member applies the same entries and comes to the same rows,
 * answers and events. It knows no clock, disk or network: time comes with each entry.
 *
 * An entry is `begin(stamp)`, then its commands through `apply` or `applyInternal`, in order.
 */
export class Ledger {
  readonly #core: Core
  readonly #state: State
  /** Of the entry being applied. */
  #stamp: Stamp = { index: 0, term: 0, timeMs: 0, wallMs: 0 }

  constructor({ sink, limits }: LedgerOptions) {
    this.#core = new Core(sink, { ...defaultLimits, ...limits })
    this.#state = new State(this.#core)
  }

  /** An equal ledger: the same rows, queues, timers and future behavior. Rows come in any order. */
  static restore(rows: Iterable<RowEntry>, options: LedgerOptions): Ledger {
    const ledger = new Ledger(options)
    restoreRows(ledger.#state, rows)
    return ledger
  }

  /** Number of events so far. */
  get revision(): number {
    return this.#core.revision
  }

  /** Cluster time: the largest seen. */
  get timeMs(): number {
    return this.#core.timeMs
  }

  /** Index of the last entry begun. */
  get index(): number {
    return this.#core.index
  }

  /** Term of the last `leader.start`. */
  get term(): number {
    return this.#core.term
  }

  /** Begins an entry: time advances, and what is due happens, earliest first. */
  begin(stamp: Stamp): void {
    const core = this.#core
    core.advance(stamp)
    this.#stamp = stamp
    for (
      let due = core.timers.popDue(core.timeMs);
      due !== undefined;
      due = core.timers.popDue(core.timeMs)
    ) {
      this.#fire(due)
      this.#state.waiters.settle()
    }
  }

  /**
   * A client's command, exactly once by (session, id). `undefined`: the request waits, its answer comes
   * through the sink. The answer is stored until the client acknowledges it.
   */
  apply(command: ClientCommand): Result | undefined {
    const { sessions, waiters } = this.#state
    if (command.session === 0) return this.#applyUnbound(command.operation)
    const session = sessions.table.get(command.session)
    if (session === undefined) return refuse('sessionUnknown', { session: command.session })
    if (session.generation !== command.generation) {
      return refuse('staleGeneration', { generation: session.generation })
    }
    if (command.acks.length > 0) sessions.acknowledge(session, command.acks)
    const { id } = command
    if (id <= session.lastId) {
      const answer = session.answers.get(id)
      if (answer !== undefined) return answer.result
      return session.waiting.has(id) ? undefined : refuse('staleRequest', { id, lastId: session.lastId })
    }
    if (!Number.isSafeInteger(id)) return invalid('id', id, 'a whole number')
    const { answersPerSessionMax } = this.#core.limits
    if (session.answers.size + session.waiting.size >= answersPerSessionMax) {
      return refuse('tooManyOutstanding', { max: answersPerSessionMax })
    }
    session.lastId = id
    this.#core.rows.mark(session)
    const executed = this.#execute(session, id, command.operation)
    waiters.settle()
    const result = executed ?? waiters.takeEarly()
    if (result !== undefined && session.alive) waiters.remember(session, id, result)
    return result
  }

  /** The leader's own duties. */
  applyInternal(command: InternalCommand): Result {
    const state = this.#state
    switch (command.op) {
      case 'leader.start':
        this.#core.term = this.#stamp.term
        return { ok: true, value: NOTHING }
      case 'session.expire': {
        const result = expireSession(state, command)
        state.waiters.settle()
        return result
      }
      case 'member.set':
        return state.members.set(command)
      case 'member.remove':
        return state.members.remove(command)
      case 'member.drain':
        return state.members.drain(command)
      case 'member.seen':
        return state.members.seen(command)
      case 'key.install':
      case 'license.calendar':
      case 'license.validated':
      case 'license.restrict': {
        const result = applyLicenseCommand(state.licenses, command)
        state.waiters.settle()
        return result
      }
      default:
        return unknownOperation(command)
    }
  }

  /** Cluster time of the earliest timer; the leader proposes an entry when it has passed. */
  nextDeadlineMs(): number | undefined {
    return this.#core.timers.nextDeadlineMs()
  }

  /** Answers a read from memory. An empty namespace in the read means the session's. */
  query(read: Read, session?: { readonly namespace: string }): Result {
    return query(this.#state, read, session?.namespace ?? '')
  }

  /** How much there is of what, for status and metrics. */
  counts(): Counts {
    return countsOf(this.#state)
  }

  /** The members' address book, by id. */
  members(): MemberView[] {
    return this.#state.members.list()
  }

  /** Largest id that a member ever had. */
  get lastMemberId(): number {
    return this.#core.memberId
  }

  /** What a new leader needs to keep sessions alive. */
  *liveSessions(): Generator<{ session: number; generation: number; ttlMs: number }> {
    for (const { id, generation, ttlMs } of this.#state.sessions.table.values()) {
      yield { session: id, generation, ttlMs }
    }
  }

  /** How many rows have changed since the last {@link takeChanges}: its cost. */
  get changedRows(): number {
    return this.#core.rows.changed
  }

  /** Rows changed since the last take, one change for each key. */
  takeChanges(): Change[] {
    return this.#core.rows.take()
  }

  /** All rows, in no meaningful order: for tests, audits and comparisons. */
  *rows(): Generator<RowEntry> {
    for (const row of this.#state.rows()) yield { key: row.rowKey(), value: row.rowValue() }
  }

  /** Throws an AssertionError with a plain sentence if the state contradicts itself. Visits everything. */
  checkInvariants(): void {
    checkState(this.#state)
  }

  #fire(due: Timed): void {
    const { waiters, locks, sequences } = this.#state
    if (due.timer === 'wait') waiters.timeout(due as Waiter)
    else if (due.timer === 'delay') locks.delayOver(due as LockDelay)
    else if (due.timer === 'license') (due as Deadline).fire()
    else sequences.giveBack(due as Reservation, 'expired')
  }

  #applyUnbound(operation: Operation): Result {
    if (operation.op === 'session.open') return openSession(this.#state.sessions, operation)
    if (operation.op === 'session.resume') return resumeSession(this.#state.sessions, operation)
    return refuse('sessionUnknown', { session: 0 })
  }

  #execute(session: Session, id: number, operation: Operation): Result | undefined {
    const state = this.#state
    switch (operation.op) {
      case 'lock.acquire':
        return acquireLocks(state.locks, session, id, operation)
      case 'lock.release':
        return releaseLocks(state.locks, session, operation)
      case 'code.reserve':
        return state.codes.reserve(session, operation)
      case 'code.release':
        return state.codes.release(session, operation)
      case 'code.releaseAll':
        return state.codes.releaseAll(session, operation)
      case 'sequence.next':
        return nextNumbers(state.sequences, session, operation)
      case 'sequence.reserve':
        return reserveNumber(state.sequences, session, operation)
      case 'sequence.confirm':
        return confirmNumber(state.sequences, session, operation)
      case 'sequence.rollback':
        return rollBackNumber(state.sequences, session, operation)
      case 'semaphore.acquire':
        return acquirePermits(state.semaphores, session, id, operation)
      case 'semaphore.release':
        return releasePermits(state.semaphores, session, operation)
      case 'owner.release':
        return releaseOwner(state, session, operation)
      case 'request.cancel':
        return cancelRequest(state, session, operation)
      case 'session.close':
        return closeSession(state, session)
      case 'semaphore.set':
        return setSemaphore(state.semaphores, session, operation)
      case 'semaphore.delete':
        return deleteSemaphore(state.semaphores, session, operation)
      case 'sequence.define':
        return defineSequence(state.sequences, session, operation)
      case 'sequence.ensureAtLeast':
        return ensureAtLeast(state.sequences, session, operation)
      case 'sequence.set':
        return setSequence(state.sequences, session, operation)
      case 'sequence.gap':
        return declareGap(state.sequences, session, operation)
      case 'license.checkout':
      case 'license.checkin':
      case 'license.renew':
      case 'license.metric':
      case 'license.pool':
      case 'license.poolTake':
      case 'license.poolGive':
      case 'license.assign':
      case 'license.unassign':
      case 'license.forceRelease':
      case 'license.borrow':
      case 'license.returnBorrowed':
      case 'license.rules':
        return applyLicense(state.licenses, session, id, operation)
      case 'bundle':
        return applyBundle(state, session, operation)
      case 'session.open':
      case 'session.resume':
        return invalid('session', session.id, '0: the operation names or makes its session itself')
      default:
        return unknownOperation(operation)
    }
  }
}

/** A later version's operation in the log must not stop this one, nor change anything. */
function unknownOperation(operation: never): Result {
  return invalid('op', (operation as { readonly op: unknown }).op, 'an operation of this version')
}
