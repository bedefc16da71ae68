import { dayText } from './days.ts'

// Hours of the wall clock, counted from the begin of 1970.

export const HOUR_MS = 3_600_000

/** The instant at which it begins: `2026-01-31T17:00:00.000Z`. */
export function hourText(hour: number): string {
  const day = Math.floor(hour / 24)
  return `${dayText(day)}T${String(hour - day * 24).padStart(2, '0')}:00:00.000Z`
}
