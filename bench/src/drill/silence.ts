import { quantile } from '../record/latency.ts'
import { type Kind, kinds } from './kinds.ts'
import type { AnswerTimes } from './load/messages.ts'

/** A stretch of time, on the clock that all processes share. */
export interface Window {
  readonly fromMs: number
  readonly toMs: number
}

/** Longest time without an answer, in milliseconds: for each kind, and `all` for no answer of any kind. */
export type Silences = Partial<Record<Kind | 'all', number>>

/**
 * The longest time from one answer of a kind to its next one, in or across a window. Clients never stop asking,
 * so this is the time without service, and at most a client's pause more. A kind without any answer since the
 * window began has been silent until its end.
 *
 * @param times sorted, from before the window
 */
export function silencesOf(times: AnswerTimes, window: Window): Silences {
  const silences: Silences = {}
  const all: number[] = []
  for (const kind of kinds) {
    const answers = times[kind]
    if (answers === undefined) continue
    all.push(...answers)
    silences[kind] = longestGap(answers, window)
  }
  silences.all = longestGap(
    all.sort((a, b) => a - b),
    window,
  )
  return silences
}

function longestGap(answers: readonly number[], { fromMs, toMs }: Window): number {
  const first = answers.findIndex((atMs) => atMs > fromMs)
  const since = first < 0 ? answers.length : first
  // The last answer before the window is where its first silence begins.
  let lastMs = answers[since - 1] ?? fromMs
  let longest = 0
  for (const atMs of answers.slice(since)) {
    longest = Math.max(longest, atMs - lastMs)
    lastMs = atMs
    if (atMs >= toMs) return longest
  }
  return Math.max(longest, toMs - lastMs)
}

/** Milliseconds over all trials. */
export interface SilenceSummary {
  readonly kind: Kind | 'all'
  readonly trials: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

export function summarize(trials: readonly Silences[]): SilenceSummary[] {
  const order = ['all', ...kinds] as const
  return order.flatMap((kind) => {
    const values = trials.flatMap((silences) => silences[kind] ?? []).sort((a, b) => a - b)
    if (values.length === 0) return []
    return [
      {
        kind,
        trials: values.length,
        p50Ms: quantile(values, 0.5),
        p99Ms: quantile(values, 0.99),
        maxMs: quantile(values, 1),
      },
    ]
  })
}
