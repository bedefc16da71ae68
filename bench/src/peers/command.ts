import { spawn } from 'node:child_process'
import { PeerError } from './errors.ts'
import { limits } from './limits.ts'

/**
 * Runs a command to its end and returns what it printed.
 *
 * @throws PeerError with its last words if it cannot be started, fails, or takes too long
 */
export async function runCommand(
  command: readonly string[],
  options: {
    readonly timeoutMs: number
    readonly signal: AbortSignal
    readonly env?: Readonly<Record<string, string>>
  },
): Promise<string> {
  const [program, ...args] = command
  const child = spawn(program!, args, {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]),
    killSignal: 'SIGKILL',
  })
  let printed = ''
  let words = ''
  child.stdout.on('data', (data: Buffer) => {
    printed += data
  })
  child.stderr.on('data', (data: Buffer) => {
    words = `${words}${data}`.slice(-limits.wordsMax)
  })
  const code = await new Promise<number | string>((resolve, reject) => {
    child.once('error', (error) => reject(new PeerError(`${program}: ${error.message}`, { cause: error })))
    child.once('close', (status, by) => resolve(status ?? by ?? 'gone'))
  })
  if (code === 0) return printed
  throw new PeerError(`${command.join(' ')} failed (${code}): ${words.trim() || printed.trim()}`)
}
