import { CommanderError } from 'commander'
import { Exit } from './errors.ts'
import { exitCodes } from './exit-codes.ts'
import { explain } from './explain.ts'
import type { Io } from './io.ts'
import { createProgram } from './program.ts'
import { chooseLanguage, Texts } from './texts/index.ts'

/** Runs one command line and answers its exit code. Never throws, never exits. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const texts = new Texts(chooseLanguage(args, io.env))
  const dashes = args.indexOf('--')
  const own = dashes < 0 ? args : args.slice(0, dashes)
  const afterDashes = dashes < 0 ? [] : args.slice(dashes + 1)
  try {
    await createProgram(io, { texts, afterDashes }).parseAsync(own, { from: 'user' })
    return exitCodes.ok
  } catch (error) {
    if (error instanceof Exit) return error.exitCode
    // Commander has said what is wrong, or shown the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    const told = explain(error, texts)
    if (wantsJson(own, io)) {
      const { code, text: message, detail } = told
      io.stderr.write(`${JSON.stringify({ error: { code, message, detail } })}\n`)
    } else io.stderr.write(`tranca: ${told.text}\n`)
    if (told.exitCode === exitCodes.internal && error instanceof Error) io.stderr.write(`${error.stack}\n`)
    return told.exitCode
  }
}

function wantsJson(args: readonly string[], io: Io): boolean {
  for (const [at, arg] of args.entries()) {
    if (arg === '-o' || arg === '--output') return args[at + 1] === 'json'
    if (arg === '--output=json' || arg === '-ojson') return true
  }
  return io.env.TRANCA_OUTPUT === 'json'
}
