import { UsageError } from './usage-error.ts'

/**
 * An error in words for people. Wrong arguments come with the way to `--help`. What has a code of ours, or of the system
 * (`EACCES`), says itself what is wrong; the rest is a defect of the program, and comes with its stack.
 *
 * @param command as it is typed, such as `npm run bench`
 */
export function told(error: unknown, command: string): string {
  if (error instanceof UsageError) return `${error.message}\n${command} -- --help tells what it takes`
  if (!(error instanceof Error)) return String(error)
  const { code } = error as NodeJS.ErrnoException
  const isExpected = code !== undefined && !String(code).startsWith('ERR_')
  return isExpected ? error.message : (error.stack ?? error.message)
}
