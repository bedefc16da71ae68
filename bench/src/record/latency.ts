import type { Call } from './history.ts'
import { kindOf } from './operation.ts'

/** Times in milliseconds. */
export interface Latency {
  readonly kind: string
  readonly count: number
  readonly refused: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/** The smallest value that at least `share` (0..1) of the sorted values do not exceed; NaN for none. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN
  const rank = Math.max(1, Math.ceil(share * sorted.length))
  return sorted[Math.min(rank, sorted.length) - 1] as number
}

/** From call to answer, per kind and for all that does not wait for other users, refusals included. */
export function latencies(calls: readonly Call[]): Latency[] {
  const byKind = new Map<string, { times: number[]; refused: number }>()
  for (const call of calls) {
    if (call.outcome.status !== 'ok' && call.outcome.status !== 'refused') continue
    const kind = kindOf(call.request)
    let entry = byKind.get(kind)
    if (entry === undefined) {
      entry = { times: [], refused: 0 }
      byKind.set(kind, entry)
    }
    entry.times.push(call.returnMs - call.callMs)
    if (call.outcome.status === 'refused') entry.refused++
  }
  return [...byKind]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, { times, refused }]) => {
      const sorted = Float64Array.from(times).sort()
      return {
        kind,
        count: sorted.length,
        refused,
        p50Ms: quantile(sorted, 0.5),
        p99Ms: quantile(sorted, 0.99),
        maxMs: quantile(sorted, 1),
      }
    })
}
