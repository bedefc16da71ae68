/**
 * Sessions, locks, licenses, semaphores, code reservations and sequences of a Tranca cluster, with failover inside.
 *
 * ```ts
 * import { connect } from '@tranca/client'
 *
 * const session = await connect({
 *   addresses: ['10.0.0.1:5555', '10.0.0.2:5555', '10.0.0.3:5555'], // or one virtual IP
 *   namespace: 'producao',
 * })
 * session.on('atRisk', (remainingMs) => console.warn(`no cluster; locks are safe for ${remainingMs} ms more`))
 * session.on('lost', (error) => console.error(error.message))
 *
 * const user = session.owner('u1')
 * await user.withLock('SA1000001', async (lock) => save(record, { fence: lock.token }))
 *
 * const orders = user.sequence('SC5.C5_NUM', { company: '01', branch: '0101' })
 * const number = await orders.reserve()
 * await insertOrder(number.text)
 * await number.confirm()
 *
 * const grant = await user.license('fiscal', { user: 'ana', group: '01' }) // or a refusal that says who has it
 * await grant.release()
 *
 * await session.close()
 * ```
 *
 * What fails, fails as a {@link TrancaError} with a stable `code`: a refusal of the cluster carries its cause
 * there (`held`, `timeout`, `deadlock`, ...), the client's own are `sessionLost`, `aborted`, `deadline`,
 * `closed`, `outstandingExceeded`, `invalid`, `unreachable`, `outcomeUnknown`, `badAnswer` and `compacted`.
 */

export {
  Admin,
  type AdminOperationName,
  type AdminOptions,
  type NodeHealth,
  type NodeReport,
  type NodeStatus,
} from './admin.ts'
export type { Borrowed, BorrowOptions } from './borrow.ts'
export type { AllHeld, Bundle, BundlePart, HeldOf } from './bundle.ts'
export type { Caller, CallOptions } from './caller.ts'
export { type Clock, systemClock, type Timer } from './clock.ts'
export { connect, openAdmin, openSession } from './connect.ts'
export {
  AbortedError,
  BadAnswerError,
  ClosedError,
  ConnectionError,
  DeadlineError,
  type Detail,
  InvalidRequestError,
  type LossReason,
  OutcomeUnknownError,
  QueueFullError,
  RefusedError,
  SessionLostError,
  TrancaError,
  WatchCompactedError,
} from './errors.ts'
export type {
  Grant,
  GrantStatus,
  LicenseFor,
  LicenseOptions,
  LicensePool,
  PoolUse,
  Returned,
} from './license.ts'
export { defaultLimits, type Limits } from './limits.ts'
export type { LeaderHint } from './link.ts'
export type { Lock, LockOptions } from './lock.ts'
export type { AnyRequest, OperationName, RequestOf, ResultOf } from './operations.ts'
export type { ConnectOptions, SessionOptions } from './options.ts'
export { Owner } from './owner.ts'
export { type Random, systemRandom } from './random.ts'
export type { AcquireOptions, Permits, Semaphore } from './semaphore.ts'
export type { Reservation, Sequence, SequenceNumber, SequenceOptions, SequenceSpec } from './sequence.ts'
export type { Session, SessionEvents, SessionStatus } from './session.ts'
export { type TlsOptions, tlsTransport } from './tls-transport.ts'
export {
  defaultPort,
  parseAddress,
  type Transport,
  tcpTransport,
  type Wire,
  type WireHandlers,
} from './transport.ts'
export type { Watch, WatchOptions } from './watch.ts'
