import { UTC_OFFSET_MINUTES_MAX, UTC_OFFSET_MINUTES_MIN } from './limits.ts'

/**
 * Days of the Gregorian calendar as `YYYY-MM-DD`, which compare as texts. A day has no time zone; where
 * it begins and ends on the wall clock follows from an offset, fixed per key and without daylight saving.
 */
export type Day = string

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

export function isDay(value: unknown): value is Day {
  if (typeof value !== 'string' || !/^2\d{3}-\d{2}-\d{2}$/.test(value)) return false
  const { year, month, date } = split(value)
  return month >= 1 && month <= 12 && date >= 1 && date <= monthLength(year, month)
}

/** The day that it is at an instant (epoch ms), `utcOffsetMinutes` east of Greenwich. */
export function dayOf(wallMs: number, utcOffsetMinutes: number): Day {
  return new Date(wallMs + utcOffsetMinutes * MINUTE_MS).toISOString().slice(0, 10)
}

/** The first millisecond of a day, epoch ms. */
export function dayStartMs(day: Day, utcOffsetMinutes: number): number {
  const { year, month, date } = split(day)
  return Date.UTC(year, month - 1, date) - utcOffsetMinutes * MINUTE_MS
}

/** The first millisecond after a day, epoch ms. */
export function dayEndMs(day: Day, utcOffsetMinutes: number): number {
  return dayStartMs(day, utcOffsetMinutes) + DAY_MS
}

export function addDays(day: Day, days: number): Day {
  return dayOf(dayStartMs(day, 0) + days * DAY_MS, 0)
}

/** The same date so many months later, or the last of that month if it is shorter. */
export function addMonths(day: Day, months: number): Day {
  const { year, month, date } = split(day)
  const at = year * 12 + (month - 1) + months
  const toYear = Math.floor(at / 12)
  const toMonth = at - toYear * 12 + 1
  return join(toYear, toMonth, Math.min(date, monthLength(toYear, toMonth)))
}

/** `-180` as `-03:00`. */
export function offsetText(utcOffsetMinutes: number): string {
  const minutes = Math.abs(utcOffsetMinutes)
  const sign = utcOffsetMinutes < 0 ? '-' : '+'
  return `${sign}${digits(Math.floor(minutes / 60), 2)}:${digits(minutes % 60, 2)}`
}

export const utcOffsetLimits = { min: UTC_OFFSET_MINUTES_MIN, max: UTC_OFFSET_MINUTES_MAX }

function monthLength(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

function split(day: Day): { year: number; month: number; date: number } {
  return { year: Number(day.slice(0, 4)), month: Number(day.slice(5, 7)), date: Number(day.slice(8, 10)) }
}

function join(year: number, month: number, date: number): Day {
  return `${digits(year, 4)}-${digits(month, 2)}-${digits(date, 2)}`
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0')
}
