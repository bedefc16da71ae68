import { type ParseArgsConfig, parseArgs } from 'node:util'
import { UsageError } from './usage-error.ts'

/** As `util.parseArgs` takes them. */
export type Options = NonNullable<ParseArgsConfig['options']>

export interface ArgumentRules<O extends Options> {
  readonly options: O
  /** What is no option counts as well: paths, names of scenarios. Default: false. */
  readonly takesNames?: boolean
}

export interface Arguments<O extends Options> {
  readonly values: ReturnType<typeof parseArgs<{ options: O }>>['values']
  /** In their order. */
  readonly names: readonly string[]
}

/** @throws UsageError */
export function readArguments<const O extends Options>(
  args: readonly string[],
  { options, takesNames = false }: ArgumentRules<O>,
): Arguments<O> {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: takesNames })
    return { values, names: positionals }
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    if (code?.startsWith('ERR_PARSE_ARGS') !== true) throw error
    throw new UsageError(message)
  }
}
