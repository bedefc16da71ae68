/**
 * Histories of locks, fencing, sequences and pools as their clients saw them, kept as JSON lines and the
 * checker that decides whether a correct service could have given these answers.
 *
 * ```ts
 * const recorder = new HistoryRecorder(() => process.hrtime.bigint())
 * const call = recorder.call('app-1', 'lock.acquire', { lock: 'customer/17', owner: 'u1' })
 * call.ok({ ok: true, token: 9 })
 * const verdict = checkHistory(recorder.operations)
 * if (verdict.verdict === 'violation') console.log(verdict.findings.map(explain).join('\n'))
 * ```
 */
export { checkHistory, type Finding, type Verdict } from './check.ts'
export { explain } from './explain.ts'
export { formatOperation, writeHistory } from './format/json-lines.ts'
export type { Parsed } from './format/parsed.ts'
export { parseHistory } from './format/read.ts'
export type { Integer, Json, Operation } from './operation.ts'
export { HistoryRecorder, type OpenCall } from './recorder.ts'
