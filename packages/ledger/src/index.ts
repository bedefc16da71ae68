/**
 * The replicated state machine of Tranca: sessions and owners, licenses, mutexes, semaphores, code reservations,
 * sequences and the gap ledger. Pure and deterministic: the same entries give the same rows, answers
 * and events on every member.
 *
 * @example
 * const ledger = new Ledger({
 *   sink: { answer: (session, id, result) => {}, event: (event) => {} },
 * })
 * ledger.begin({ index: 1, term: 1, timeMs: 0, wallMs: 1_795_262_400_000 })
 * ledger.apply({
 *   session: 0, generation: 0, id: 1, acks: [],
 *   operation: {
 *     op: 'session.open', key: new Uint8Array(16), namespace: 'erp', client: 'appserver-1',
 *     installation: 'production', ttlMs: 30_000, lockDelayMs: 0, codesMax: 20,
 *   },
 * })
 * const result = ledger.apply({
 *   session: 1, generation: 1, id: 1, acks: [],
 *   operation: {
 *     op: 'lock.acquire', owner: 'u1', locks: [{ name: 'SA1', mode: 'exclusive' }], waitMs: 0, priority: 0,
 *   },
 * })
 * // { ok: true, value: { token: 1, counts: [1] } }
 * const changes = ledger.takeChanges() // rows for a checkpoint
 */

export type * from './causes.ts'
export type * from './commands.ts'
export type { Sink } from './core.ts'
export type * from './events.ts'
export { Ledger, type LedgerOptions } from './ledger.ts'
export type { KeyInstalled, ReducedBelowUse } from './license/values.ts'
export { defaultLimits, type Limits } from './limits.ts'
export type * from './reads.ts'
export type { Detail, Holder, Refusal, Result, Value, Values } from './result.ts'
export { LedgerError, type RowComplaint } from './row-shape.ts'
export type { Change, RowEntry } from './rows.ts'
