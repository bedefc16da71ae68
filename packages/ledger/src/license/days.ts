// Days of keys, as whole numbers: no locale, no clock. A day belongs to the key's own time zone.

export const DAY_MS = 86_400_000
const DAY = /^\d{4}-\d{2}-\d{2}$/

/** Days since 1970-01-01; undefined if it is no day. */
export function dayNumber(day: unknown): number | undefined {
  if (typeof day !== 'string' || !DAY.test(day)) return undefined
  const year = Number(day.slice(0, 4))
  const month = Number(day.slice(5, 7))
  const date = Number(day.slice(8, 10))
  if (month < 1 || month > 12 || date < 1 || date > daysOf(year, month)) return undefined
  return daysBefore(year) + monthStart(year, month) + date - 1 - EPOCH
}

/** The day of a number, without a Date: the same on every member, whatever its libraries. */
export function dayText(day: number): string {
  // Civil date from days since 1970, by eras of 400 years that begin in March.
  const shifted = day + 719_468
  const era = Math.floor(shifted / 146_097)
  const ofEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1_460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  )
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthIndex = Math.floor((5 * ofYear + 2) / 153)
  const date = ofYear - Math.floor((153 * monthIndex + 2) / 5) + 1
  const month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(date)}`
}

/** Begin of the day, epoch ms. */
export function dayStartMs(day: string, utcOffsetMinutes: number): number {
  return dayNumber(day)! * DAY_MS - utcOffsetMinutes * 60_000
}

/** The day that an instant falls on. */
export function dayAt(ms: number, utcOffsetMinutes: number): number {
  return Math.floor((ms + utcOffsetMinutes * 60_000) / DAY_MS)
}

/** The same date three months before, or the last of that month: the edge of a rolling quarter. */
export function threeMonthsBefore(day: string): number {
  let year = Number(day.slice(0, 4))
  let month = Number(day.slice(5, 7)) - 3
  if (month < 1) {
    month += 12
    year -= 1
  }
  const date = Math.min(Number(day.slice(8, 10)), daysOf(year, month))
  return daysBefore(year) + monthStart(year, month) + date - 1 - EPOCH
}

function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
}

const LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

function daysOf(year: number, month: number): number {
  return month === 2 && isLeap(year) ? 29 : LENGTHS[month - 1]!
}

function monthStart(year: number, month: number): number {
  let days = 0
  for (let before = 1; before < month; before += 1) days += daysOf(year, before)
  return days
}

/** Days of all years before this one, of the proleptic calendar. */
function daysBefore(year: number): number {
  const last = year - 1
  return last * 365 + Math.floor(last / 4) - Math.floor(last / 100) + Math.floor(last / 400)
}

const EPOCH = daysBefore(1970)
