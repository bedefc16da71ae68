import { usage } from './errors.ts'

const DAY_MS = 86_400_000

/**
 * A point in time as people write it: `2026-11-22` (its midnight here), `2026-11-22T08:00`, an instant with its
 * zone, or how long ago: `24h`, `7d`. Answers epoch ms.
 */
export function parseMoment(flag: string, text: string, nowMs: number): number {
  const ago = /^(\d{1,6})([mhd])$/.exec(text)
  if (ago) return nowMs - Number(ago[1]) * (ago[2] === 'm' ? 60_000 : ago[2] === 'h' ? 3_600_000 : DAY_MS)
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text)
  const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?$/.test(text)
  // Without a zone, a day and an hour is taken as local; a day alone would be taken as UTC.
  const ms = day ? Date.parse(`${text}T00:00`) : instant ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms)) {
    throw usage(`${flag}: '${text}', expected a day (2026-11-22), an instant (2026-11-22T08:00) or 24h, 7d`)
  }
  return ms
}
