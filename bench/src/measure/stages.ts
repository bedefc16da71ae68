import type { StageTotals } from './nodes.ts'

/** Where one request's time goes on the average, in milliseconds. */
export interface StageTimes {
  /** The whole, as its client sees it: there is one request a client at any time, so it follows from their rate. */
  readonly requestMs: number
  /** At the leader, by stage. `log` is not on the way if the others' disks are quicker. */
  readonly queueMs: number
  readonly logMs: number
  readonly replicateMs: number
  readonly applyMs: number
  readonly answerMs: number
  /** The rest: the client's own work, the wire, and waiting for a turn of a process at either end. */
  readonly restMs: number
}

/** @returns undefined if the nodes have not told */
export function stageTimes(
  before: StageTotals,
  after: StageTotals,
  { clients, requestsPerSecond }: { readonly clients: number; readonly requestsPerSecond: number },
): StageTimes | undefined {
  const commands = after.commands - before.commands
  if (!(commands > 0) || !(requestsPerSecond > 0)) return undefined
  const meanMs = (stage: string): number =>
    (((after.seconds[stage] ?? 0) - (before.seconds[stage] ?? 0)) * 1_000) / commands
  const times = {
    requestMs: (clients * 1_000) / requestsPerSecond,
    queueMs: meanMs('queue'),
    logMs: meanMs('log'),
    replicateMs: meanMs('replicate'),
    applyMs: meanMs('apply'),
    answerMs: meanMs('answer'),
  }
  const { requestMs, queueMs, replicateMs, applyMs, answerMs } = times
  return { ...times, restMs: Math.max(0, requestMs - queueMs - replicateMs - applyMs - answerMs) }
}
