import type { ResultOf } from '@tranca/client'
import type { Context } from '../context.ts'
import { formatDuration, formatMoment } from '../durations.ts'

type Queue = ResultOf<'lock.get'>['queue']

/** Who waits, in order. Nothing if nobody does. */
export function queueTable(context: Context, queue: Queue): void {
  if (queue.length === 0) return
  const { out, texts } = context
  out.line('')
  out.table(
    ['waiting', 'client', 'session', 'mode', 'since', 'wait'],
    queue.map((waiter) => [
      waiter.owner,
      waiter.client,
      waiter.session,
      out.word(waiter.mode),
      formatMoment(waiter.sinceMs),
      waiter.waitMs < 0 ? texts.get('word.until') : formatDuration(waiter.waitMs),
    ]),
  )
}
