import type { Ledger, ReadValues } from '@tranca/ledger'
import { USAGE_DAYS_SENT_MAX, USAGE_ROWS_MAX, type UsageDay } from '@tranca/license-key'

const DAY_MS = 86_400_000

/**
 * What goes to the vendor with a validation, if the configuration says so: sums by product of the whole days (UTC)
 * from the last validation to yesterday, the latest if there are too many. Users and companies stay here.
 */
export function usageReport(
  ledger: Pick<Ledger, 'query'>,
  { validatedMs, calendarMs }: { readonly validatedMs: number; readonly calendarMs: number },
): UsageDay[] {
  const today = Math.floor(calendarMs / DAY_MS)
  const first = Math.max(Math.floor(validatedMs / DAY_MS), today - USAGE_DAYS_SENT_MAX)
  const report: UsageDay[] = []
  for (let at = today - 1; at >= first; at -= 1) {
    const rows = dayOf(ledger, at * DAY_MS)
    if (report.length + rows.length > USAGE_ROWS_MAX) break
    report.unshift(...rows)
  }
  return report
}

function dayOf(ledger: Pick<Ledger, 'query'>, fromMs: number): UsageDay[] {
  const toMs = fromMs + DAY_MS
  const answer = ledger.query({ op: 'license.usage', fromMs, toMs, by: 'product', limit: USAGE_ROWS_MAX })
  if (!answer.ok) throw new Error(`a read of the ledger was refused: ${answer.cause}`)
  const { rows } = answer.value as ReadValues['license.usage']
  const day = new Date(fromMs).toISOString().slice(0, 10)
  // A refused feature that no product stands for has the number 0.
  return rows
    .filter(({ key }) => key !== '0')
    .map(({ key, unitMs, checkouts, peak, denied }) => {
      return { day, product: Number(key), unitMs, checkouts, peak, denied }
    })
}
