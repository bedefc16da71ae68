import { usage } from './errors.ts'

/** An option's whole number within bounds; `undefined` if it was not given. */
export function wholeNumber(
  flag: string,
  text: string | undefined,
  min: number,
  max: number,
): number | undefined {
  if (text === undefined) return undefined
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw usage(`${flag}: '${text}', expected a whole number from ${min} to ${max}`)
}
