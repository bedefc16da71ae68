import type { SequenceSpec } from '@tranca/client'
import type { LeafSpec } from '../command-kit.ts'
import { usage } from '../errors.ts'
import { wholeNumber } from '../numbers.ts'

export interface ScopeOptions {
  readonly company?: string
  readonly branch?: string
  readonly period?: string
}

export interface DefinitionOptions {
  readonly kind?: string
  readonly digits?: string
  readonly width?: string
  readonly numberPrefix?: string
  readonly start?: string
  readonly reset?: string
  readonly seed?: string
}

type Options = NonNullable<LeafSpec['options']>

export const scopeOptions: Options = [
  ['--company <code>', 'option.company'],
  ['--branch <code>', 'option.branch'],
  ['--period <period>', 'option.period'],
]

export const definitionOptions: Options = [
  ['--kind <gapless|fast>', 'option.kind'],
  ['--digits <decimal|soma1>', 'option.digits', 'decimal'],
  ['--width <digits>', 'option.width', '9'],
  ['--number-prefix <text>', 'option.numberPrefix'],
  ['--start <value>', 'option.start'],
  ['--reset <period>', 'option.reset', 'never'],
  ['--seed <value>', 'option.seed'],
]

const DEFAULT_WIDTH = 9

export function scopeOf(options: ScopeOptions): { company: string; branch: string; period?: string } {
  const { company = '', branch = '', period } = options
  return period === undefined ? { company, branch } : { company, branch, period }
}

/** What the request carries for the case that the sequence, or its counter, does not exist yet. */
export function definitionOf(
  options: DefinitionOptions,
  fallbackKind: 'gapless' | 'fast',
): { spec?: SequenceSpec; seedIfAbsent?: string } {
  const { kind, digits, width, numberPrefix, start, reset, seed } = options
  const seedIfAbsent = seed === undefined ? {} : { seedIfAbsent: seed }
  const asked = [kind, digits, width, numberPrefix, start, reset].some((each) => each !== undefined)
  if (!asked) return seedIfAbsent
  const size = wholeNumber('--width', width, 1, 20) ?? start?.length ?? DEFAULT_WIDTH
  return {
    spec: {
      kind: oneOf('--kind', kind ?? fallbackKind, ['gapless', 'fast']),
      digits: oneOf('--digits', digits ?? 'decimal', ['decimal', 'soma1']),
      width: size,
      prefix: numberPrefix ?? '',
      start: start ?? '1'.padStart(size, '0'),
      reset: oneOf('--reset', reset ?? 'never', ['never', 'year', 'month', 'day']),
    },
    ...seedIfAbsent,
  }
}

function oneOf<const T extends string>(flag: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === text)
  if (found !== undefined) return found
  throw usage(`${flag}: '${text}', expected ${allowed.join(' or ')}`)
}
