import type { Digits } from '../commands.ts'

// Values of a sequence: strings of fixed width, in an order that is also that of their ASCII codes.
//
// decimal: 000 .. 999.
// soma1 (domain section 5): as long as all digits are 0-9 and not all 9, decimal; otherwise base 36 over
// 0-9A-Z. So 999 -> 99A, 99Z -> 9A0, 9ZZ -> A00, A09 -> A0A, and ZZZ is the last. A seed such as 0A1 is
// off the way from 000 but legal: 0A2 .. 0ZZ, then 100 (all digits again), 101 ...
//
// Numbers of up to 20 digits in base 36 do not fit a double: arithmetic on whole values uses bigint.

const NINE = 57
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'

export function isValue(value: string, digits: Digits, width: number): boolean {
  if (typeof value !== 'string' || value.length !== width) return false
  return digits === 'decimal' ? /^[0-9]+$/.test(value) : /^[0-9A-Z]+$/.test(value)
}

/** The value after `value`, or undefined after the last. */
export function successor(value: string, digits: Digits): string | undefined {
  const isDecimal = digits === 'decimal' || isAllDigits(value)
  let at = value.length - 1
  if (isDecimal) {
    while (at >= 0 && value.charCodeAt(at) === NINE) at -= 1
    if (at >= 0) return carried(value, at)
    if (digits === 'decimal') return undefined
    return `${value.slice(0, -1)}A`
  }
  while (at >= 0 && value[at] === 'Z') at -= 1
  return at < 0 ? undefined : carried(value, at)
}

function carried(value: string, at: number): string {
  const code = value.charCodeAt(at)
  const next = code === NINE ? 'A' : String.fromCharCode(code + 1)
  const zeros = value.length - 1 - at
  return zeros === 0 ? value.slice(0, at) + next : value.slice(0, at) + next + '0'.repeat(zeros)
}

/** The value `count` steps after `value`, or undefined beyond the last. */
export function advance(value: string, count: bigint, digits: Digits): string | undefined {
  const width = value.length
  let from: string | undefined = value
  let left = count
  while (from !== undefined && left > 0n) {
    if (digits === 'decimal' || isAllDigits(from)) {
      const room = 10n ** BigInt(width) - 1n - BigInt(from)
      if (left <= room) return (BigInt(from) + left).toString().padStart(width, '0')
      from = successor('9'.repeat(width), digits)
      left -= room + 1n
      continue
    }
    const turn = nextAllDigits(from)
    const start = parse36(from)
    if (turn === undefined) {
      const end = start + left
      return end < 36n ** BigInt(width) ? format36(end, width) : undefined
    }
    const distance = parse36(turn) - start
    if (left < distance) return format36(start + left, width)
    from = turn
    left -= distance
  }
  return from
}

/** How many values there are from `from`, inclusive, to `to`, stepping from `from`; 0 if `to` is before. */
export function countBetween(from: string, to: string, digits: Digits): bigint {
  if (digits === 'decimal') return from > to ? 0n : BigInt(to) - BigInt(from) + 1n
  const nines = '9'.repeat(from.length)
  let count = 0n
  let at = from
  while (at <= to) {
    if (isAllDigits(at)) {
      if (to <= nines) return count + BigInt(floorAllDigits(to)) - BigInt(at) + 1n
      count += BigInt(nines) - BigInt(at) + 1n
      at = successor(nines, digits)!
      continue
    }
    const turn = nextAllDigits(at)
    if (turn === undefined || to < turn) return count + parse36(to) - parse36(at) + 1n
    count += parse36(turn) - parse36(at)
    at = turn
  }
  return count
}

/** Whether stepping from `from` comes to `value`. */
export function reaches(from: string, value: string, digits: Digits): boolean {
  if (value < from) return false
  if (digits === 'decimal') return true
  const turn = isAllDigits(from) ? from : nextAllDigits(from)
  if (isAllDigits(value)) return turn !== undefined && value >= turn
  return turn === undefined || (turn !== from && value < turn) || value > '9'.repeat(from.length)
}

/** How many values come after `value`. */
export function countAfter(value: string, digits: Digits): bigint {
  const next = successor(value, digits)
  return next === undefined ? 0n : countBetween(next, lastValue(value.length, digits), digits)
}

/** The largest value that still has `count` values after it, counting from zero upward; '' if none has. */
export function valueWithAfter(count: bigint, width: number, digits: Digits): string {
  const total = countBetween('0'.repeat(width), lastValue(width, digits), digits)
  if (count >= total) return ''
  return advance('0'.repeat(width), total - 1n - count, digits)!
}

function lastValue(width: number, digits: Digits): string {
  return (digits === 'decimal' ? '9' : 'Z').repeat(width)
}

function isAllDigits(value: string): boolean {
  for (let at = 0; at < value.length; at += 1) if (value.charCodeAt(at) > NINE) return false
  return true
}

/** The smallest value of digits only above a value with letters; undefined if there is none. */
function nextAllDigits(value: string): string | undefined {
  const letterAt = firstLetter(value)
  const turn = letterAt === 0 ? undefined : successor(value.slice(0, letterAt), 'decimal')
  return turn === undefined ? undefined : turn + '0'.repeat(value.length - letterAt)
}

/** The largest value of digits only that is not above `value`; for values that begin with a digit. */
function floorAllDigits(value: string): string {
  const letterAt = firstLetter(value)
  return value.slice(0, letterAt) + '9'.repeat(value.length - letterAt)
}

function firstLetter(value: string): number {
  let at = 0
  while (at < value.length && value.charCodeAt(at) <= NINE) at += 1
  return at
}

function parse36(value: string): bigint {
  let number = 0n
  for (const digit of value) number = number * 36n + BigInt(ALPHABET.indexOf(digit))
  return number
}

function format36(number: bigint, width: number): string {
  return number.toString(36).toUpperCase().padStart(width, '0')
}
