import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkWritable, told, UsageError } from '@tranca/tool'
import { helpText, parseArguments } from './measure/arguments.ts'
import { resultLines } from './measure/print.ts'
import { runBench } from './measure/run.ts'
import { htmlPage } from './page/page.ts'

const home = fileURLToPath(new URL('../../..', import.meta.url))

const exitCodes = { ok: 0, rowFailed: 1, usage: 2, failed: 6, interrupted: 130 } as const

/** `npm run bench`: see `helpText`. The tables go to stdout, talk to stderr. */
async function main(args: readonly string[]): Promise<number> {
  const stop = new AbortController()
  try {
    const parsed = parseArguments(args)
    if (parsed.help) {
      process.stdout.write(helpText)
      return exitCodes.ok
    }
    checkWritable('--json', parsed.json)
    checkWritable('--html', parsed.html)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort())
    const say = (text: string): boolean => process.stderr.write(`${text}\n`)
    const result = await runBench({
      arguments: parsed,
      command: ['npm run bench --', ...args].join(' '),
      home: resolve(home, '.tranca'),
      signal: stop.signal,
      onEvent: say,
      onRow: (row) => say(`  ${Math.round(row.perSecond)} a second, p50 ${row.latency.p50Ms.toFixed(2)} ms`),
    })
    process.stdout.write(`${resultLines(result).join('\n')}\n`)
    if (parsed.json !== undefined) writeFileSync(parsed.json, `${JSON.stringify(result, undefined, 2)}\n`)
    if (parsed.html !== undefined) writeFileSync(parsed.html, htmlPage(result))
    return result.failed.length === 0 ? exitCodes.ok : exitCodes.rowFailed
  } catch (error) {
    if (stop.signal.aborted) {
      process.stderr.write('interrupted\n')
      return exitCodes.interrupted
    }
    process.stderr.write(`${told(error, 'npm run bench')}\n`)
    return error instanceof UsageError ? exitCodes.usage : exitCodes.failed
  }
}

process.exitCode = await main(process.argv.slice(2))
