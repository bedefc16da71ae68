import { KeyMaterialError } from '@tranca/license-key'
import { FieldError } from '@tranca/license-key/shape'
import { CommanderError } from 'commander'
import { invalid, VendorError } from './errors.ts'
import { exitCodeOf, exitCodes } from './exit-codes.ts'
import type { Io } from './io.ts'
import { createProgram } from './program.ts'

/** Runs one command line and answers its exit code. Never throws, never exits. */
export function run(args: readonly string[], io: Io): number {
  try {
    createProgram(io).parse(args, { from: 'user' })
    return exitCodes.ok
  } catch (thrown) {
    // Commander has said what is wrong, or shown the help that was asked for.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    const error = known(thrown)
    const json = args.includes('--json') || io.env.TRANCA_VENDOR_JSON === '1'
    const { message } = error
    if (!(error instanceof VendorError)) {
      const defect = { code: 'INTERNAL', message }
      io.stderr.write(json ? `${JSON.stringify({ error: defect })}\n` : `tranca-vendor: ${error.stack}\n`)
      return exitCodes.internal
    }
    const { code, detail } = error
    io.stderr.write(
      json ? `${JSON.stringify({ error: { code, message, detail } })}\n` : `tranca-vendor: ${message}\n`,
    )
    return exitCodeOf[code]
  }
}

function known(thrown: unknown): Error {
  if (thrown instanceof KeyMaterialError) return new VendorError('PRIVATE_KEY_INVALID', thrown.message)
  // What was read from a file is named with it; what remains came from the command line.
  if (thrown instanceof FieldError) return invalid('INPUT_INVALID', 'command line', thrown)
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
