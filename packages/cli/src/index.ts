/**
 * The `tranca` command line as a function, and its exit codes.
 *
 * ```ts
 * import { processIo, run } from 'tranca'
 *
 * process.exitCode = await run(['status', '--output', 'json'], processIo())
 * ```
 *
 * A development cluster for programs and tests is under `tranca/dev-cluster`.
 */
export { type ExitCode, exitCodes } from './exit-codes.ts'
export { type Io, processIo, type TextSink } from './io.ts'
export { createProgram, type ProgramOptions } from './program.ts'
export { run } from './run.ts'
