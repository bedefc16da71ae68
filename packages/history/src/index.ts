/**
 * Histories of locks, fencing, sequences and pools as their clients saw them, kept as JSON lines or in
 * memory.
 *
 * ```ts
 * const recorder = new HistoryRecorder(() => process.hrtime.bigint())
 * const call = recorder.call('app-1', 'lock.acquire', { lock: 'customer/17', owner: 'u1' })
 * call.ok({ ok: true, token: 9 })
 * writeFileSync('history.jsonl', writeHistory(recorder.operations))
 * ```
 */
export { formatOperation, writeHistory } from './format/json-lines.ts'
export { type Parsed, parseHistory } from './format/read.ts'
export type { Integer, Json, Operation } from './operation.ts'
export { HistoryRecorder, type OpenCall } from './recorder.ts'
