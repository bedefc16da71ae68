import type { Call } from './history.ts'
import { isWaitingKind, kindOf } from './operation.ts'

export interface Silence {
  readonly kind: string
  /** The longest stretch in which something of this kind was asked and nothing of it was answered. */
  readonly longestMs: number
  readonly fromMs: number
  /** Requests whose answer came after that stretch or never. */
  readonly waiting: number
}

/**
 * How long clients got no answer around an event: per kind of operation, and over all kinds as `all`. Only time
 * in which a request of the kind was on its way counts, so that a kind that is rarely asked does not seem
 * slow. Requests that may wait for other users are left out.
 *
 * @param window looks at stretches that end after `fromMs` and begin before `toMs`
 */
export function longestSilences(
  calls: readonly Call[],
  window: { readonly fromMs: number; readonly toMs: number },
): Silence[] {
  const byKind = new Map<string, Call[]>([['all', []]])
  for (const call of calls) {
    const kind = kindOf(call.request)
    if (isWaitingKind(kind)) continue
    if (call.returnMs < window.fromMs || call.callMs > window.toMs) continue
    const list = byKind.get(kind)
    if (list === undefined) byKind.set(kind, [call])
    else list.push(call)
    byKind.get('all')?.push(call)
  }
  const silences: Silence[] = []
  for (const [kind, list] of byKind) {
    const found = longestSilence(list, window)
    if (found !== undefined) silences.push({ kind, ...found })
  }
  return silences.sort((a, b) => (a.kind === 'all' ? -1 : b.kind === 'all' ? 1 : a.kind < b.kind ? -1 : 1))
}

function longestSilence(
  calls: readonly Call[],
  window: { readonly fromMs: number; readonly toMs: number },
): Omit<Silence, 'kind'> | undefined {
  // Walks through calls and answers in order of time; a stretch begins with an answer, or with the first call
  // after a time in which nothing was asked.
  const marks: { readonly atMs: number; readonly answer: boolean }[] = []
  for (const call of calls) {
    marks.push({ atMs: call.callMs, answer: false })
    // A call that was never answered ends when its client did: nobody waits for it any more.
    const answered = Number.isFinite(call.returnMs)
    const endMs = answered ? call.returnMs : (call.client.endedMs ?? window.toMs)
    marks.push({ atMs: endMs, answer: true })
  }
  marks.sort((a, b) => a.atMs - b.atMs || Number(a.answer) - Number(b.answer))
  let outstanding = 0
  let sinceMs = 0
  let best: Omit<Silence, 'kind'> | undefined
  for (const { atMs, answer } of marks) {
    if (!answer) {
      if (outstanding++ === 0) sinceMs = atMs
      continue
    }
    const longestMs = atMs - sinceMs
    const inWindow = atMs >= window.fromMs && sinceMs <= window.toMs
    if (inWindow && (best === undefined || longestMs > best.longestMs)) {
      best = { longestMs, fromMs: sinceMs, waiting: outstanding }
    }
    outstanding--
    sinceMs = atMs
  }
  return best
}
