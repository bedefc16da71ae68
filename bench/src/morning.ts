import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkWritable, told, UsageError } from '@tranca/tool'
import { helpText, parseArguments } from './demo/arguments.ts'
import { runDemo } from './demo/demo.ts'
import { Display } from './demo/display.ts'
import { WorkloadError } from './workload/fields.ts'
import { loadWorkload } from './workload/parse.ts'

const home = fileURLToPath(new URL('../../..', import.meta.url))

const exitCodes = { ok: 0, broken: 1, usage: 2, failed: 6, interrupted: 130 } as const

/** `npm start`: see `helpText`. */
async function main(args: readonly string[]): Promise<number> {
  const stop = new AbortController()
  try {
    const { fresh, exit, help, workload, directory, history } = parseArguments(args)
    if (help) {
      process.stdout.write(helpText)
      return exitCodes.ok
    }
    checkWritable('--history', history)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort())
    const report = await runDemo({
      workload: loadWorkload(workload ?? resolve(home, 'bench/workloads/erp-morning.json')),
      directory: resolve(directory ?? resolve(home, '.tranca/demo')),
      fresh,
      exit,
      history: history === undefined ? undefined : resolve(history),
      display: new Display(process.stdout),
      signal: stop.signal,
    })
    return report.ok ? exitCodes.ok : exitCodes.broken
  } catch (error) {
    if (stop.signal.aborted) {
      process.stderr.write('\ninterrupted before the summary\n')
      return exitCodes.interrupted
    }
    const usage = error instanceof UsageError || error instanceof WorkloadError
    process.stderr.write(`\n${told(error, 'npm start')}\n`)
    return usage ? exitCodes.usage : exitCodes.failed
  }
}

process.exitCode = await main(process.argv.slice(2))
