import { type ArgumentRules, type Arguments, type Options, readArguments } from './arguments.ts'
import { told } from './told.ts'
import { UsageError } from './usage-error.ts'

export interface Tool<O extends Options> extends ArgumentRules<O> {
  /** The script of the root's package.json that starts it: `npm run NAME`. */
  readonly name: string
  /** What `--help` prints. */
  readonly usage: string
  /** Exit code for wrong arguments. Default: 2. */
  readonly usageCode?: number
  /**
   * Does the work, and returns the exit code.
   *
   * @throws UsageError for values that only the program can judge; any other error ends the process with its stack
   */
  run(values: Arguments<O>['values'], names: readonly string[]): number | Promise<number>
}

/** Runs the program with the arguments of this process, and sets its exit code. `--help` needs no option of its own. */
export async function runTool<const O extends Options>(tool: Tool<O>): Promise<void> {
  const args = process.argv.slice(2)
  if (args.includes('--help')) return console.log(tool.usage)
  try {
    const { values, names } = readArguments(args, tool)
    process.exitCode = await tool.run(values, names)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(told(error, `npm run ${tool.name}`))
    process.exitCode = tool.usageCode ?? 2
  }
}
