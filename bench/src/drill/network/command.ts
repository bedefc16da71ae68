import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { DrillError } from '../errors.ts'

const run = promisify(execFile)

/** Runs a program of the system. */
export type Command = (program: string, args: readonly string[]) => Promise<string>

/** @throws DrillError `COMMAND_FAILED` with what the program said */
export const command: Command = async (program, args) => {
  try {
    return (await run(program, [...args])).stdout
  } catch (cause) {
    const { stderr, message } = cause as { stderr?: string; message: string }
    const said = (stderr || message).trim()
    throw new DrillError('COMMAND_FAILED', `${program} ${args.join(' ')}: ${said}`, { cause })
  }
}
