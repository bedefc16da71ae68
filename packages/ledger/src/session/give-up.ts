import { CodeHold } from '../code/codes.ts'
import type { OwnerRelease, RequestCancel, SessionExpire } from '../commands.ts'
import type { Holding, Session, Waiter } from '../graph.ts'
import type { EndReason } from '../license/grants.ts'
import { Grant } from '../license/pool.ts'
import { LockHold } from '../lock/lock.ts'
import { NOTHING, type Refusal, type Result, refuse } from '../result.ts'
import { PermitHold } from '../semaphore/semaphore.ts'
import { Reservation } from '../sequence/sequence.ts'
import type { State } from '../state.ts'

// All ways to give up more than one thing at once. In each: first the waits end, so that nothing is
// granted to who is going; then what is held goes back, in the order in which it was taken; what others
// get of it is settled at the end of the same step.

/** session.close: releases all, without lock-delay: the process itself says that it is done. */
export function closeSession(state: State, session: Session): Result {
  end(state, session, { delayMs: 0, reason: 'sessionClosed', waits: refuse('canceled') })
  state.core.emit('session.closed', session.namespace, session.client, session.id, '')
  return { ok: true, value: NOTHING }
}

/** session.expire: ignored if the session was resumed since, or the leader is no longer it (O1). */
export function expireSession(state: State, operation: SessionExpire): Result {
  const session = state.sessions.table.get(operation.session)
  const isCurrent = session?.generation === operation.generation && operation.term === state.core.term
  if (session === undefined || !isCurrent) return { ok: true, value: { expired: false } }
  const waits = refuse('sessionUnknown', { session: session.id })
  end(state, session, { delayMs: session.lockDelayMs, reason: 'sessionExpired', waits })
  state.core.emit('session.expired', session.namespace, session.client, session.id, '')
  return { ok: true, value: { expired: true } }
}

/** owner.release: a user's log-out or a thread's end. */
export function releaseOwner(state: State, session: Session, operation: OwnerRelease): Result {
  const owner = session.owners.get(operation.owner)
  const waiters: Waiter[] = []
  const holdings: Holding[] = []
  for (let each = owner?.firstWaiter; each !== undefined; each = each.nextOfOwner) waiters.push(each)
  for (let each = owner?.firstHolding; each !== undefined; each = each.nextOfOwner) holdings.push(each)
  for (const waiter of waiters) state.waiters.refuse(waiter, refuse('canceled'))
  for (const holding of holdings) letGo(state, holding, 0, 'ownerReleased')
  return { ok: true, value: { released: holdings.length } }
}

/** request.cancel: the waiting request is answered `canceled` and leaves nothing behind (O7). */
export function cancelRequest(state: State, session: Session, { request }: RequestCancel): Result {
  const waiter = session.waiting.get(request)
  if (waiter !== undefined) state.waiters.refuse(waiter, refuse('canceled'))
  return { ok: true, value: { canceled: waiter !== undefined } }
}

interface Ending {
  readonly delayMs: number
  readonly reason: EndReason
  /** The answer of requests that still wait. */
  readonly waits: Refusal
}

function end(state: State, session: Session, { delayMs, reason, waits }: Ending): void {
  session.alive = false
  const waiters = [...session.waiting.values()].sort(byOrder)
  for (const waiter of waiters) state.waiters.refuse(waiter, waits)
  const holdings: Holding[] = []
  for (const owner of session.owners.values()) {
    for (let each = owner.firstHolding; each !== undefined; each = each.nextOfOwner) holdings.push(each)
  }
  for (const holding of holdings.sort(byOrder)) letGo(state, holding, delayMs, reason)
  for (const answer of session.answers.values()) state.sessions.forget(session, answer)
  state.sessions.remove(session)
}

function letGo(state: State, holding: Holding, delayMs: number, reason: EndReason): void {
  if (holding instanceof LockHold) state.locks.drop(holding, delayMs)
  else if (holding instanceof PermitHold) state.semaphores.drop(holding)
  else if (holding instanceof CodeHold) state.codes.drop(holding)
  else if (holding instanceof Grant) state.licenses.grants.end(holding, reason)
  else if (holding instanceof Reservation) state.sequences.giveBack(holding, reason)
}

function byOrder(a: { readonly order: number }, b: { readonly order: number }): number {
  return a.order - b.order
}
