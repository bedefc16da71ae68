import { UsageError } from './usage-error.ts'

/**
 * The number that an option was given, within bounds (both included); undefined if the option was not given.
 *
 * @throws UsageError
 */
export function number(option: string, text: string, min: number, max?: number): number
export function number(
  option: string,
  text: string | undefined,
  min: number,
  max?: number,
): number | undefined
export function number(option: string, text: string | undefined, min: number, max?: number) {
  return text === undefined ? undefined : within(option, text, Number.isFinite, 'number', min, max)
}

/** As `number`; a whole one. */
export function wholeNumber(option: string, text: string, min: number, max?: number): number
export function wholeNumber(
  option: string,
  text: string | undefined,
  min: number,
  max?: number,
): number | undefined
export function wholeNumber(option: string, text: string | undefined, min: number, max?: number) {
  return text === undefined ? undefined : within(option, text, Number.isSafeInteger, 'whole number', min, max)
}

function within(
  option: string,
  text: string,
  isOne: (value: number) => boolean,
  what: string,
  min: number,
  max: number | undefined,
): number {
  const value = Number(text)
  if (text.trim() !== '' && isOne(value) && value >= min && (max === undefined || value <= max)) return value
  const bounds = max === undefined ? `of at least ${min}` : `from ${min} to ${max}`
  throw new UsageError(`${option}: ${JSON.stringify(text)}, expected a ${what} ${bounds}`)
}
