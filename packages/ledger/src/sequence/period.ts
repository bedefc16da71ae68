import type { ResetPeriod } from '../commands.ts'

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

/** The period of a moment: `''`, `2026`, `2026-11` or `2026-11-21`, by the calendar at the offset. */
export function periodOf(wallMs: number, utcOffsetMinutes: number, reset: ResetPeriod): string {
  if (reset === 'never') return ''
  const { year, month, day } = civilDay(Math.floor((wallMs + utcOffsetMinutes * MINUTE_MS) / DAY_MS))
  const yearText = String(year).padStart(4, '0')
  if (reset === 'year') return yearText
  const monthText = `${yearText}-${two(month)}`
  return reset === 'month' ? monthText : `${monthText}-${two(day)}`
}

/**
 * The proleptic Gregorian date of a day counted from 1970-01-01. Years are counted from March, so that a
 * leap day is the last of its year; 400 years are 146 097 days.
 */
function civilDay(days: number): { year: number; month: number; day: number } {
  const fromEra = days + 719_468 // days from 0000-03-01 to 1970-01-01
  const era = Math.floor(fromEra / 146_097)
  const dayOfEra = fromEra - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}

function two(number: number): string {
  return number < 10 ? `0${number}` : String(number)
}
