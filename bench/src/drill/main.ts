import { fileURLToPath } from 'node:url'
import { checkWritable, makeFolder, told, UsageError } from '@tranca/tool'
import { PeerError } from '../peers/errors.ts'
import { installPeer } from '../peers/install.ts'
import { drilledPeers } from '../peers/peers.ts'
import { helpText, scenarioLines as listed, parseArguments } from './arguments.ts'
import { drill } from './drill.ts'
import { exitCodes } from './exit-codes.ts'

const home = fileURLToPath(new URL('../../../../.tranca', import.meta.url))

/** `npm run drill`: see `helpText`. */
async function main(args: readonly string[]): Promise<number> {
  const stop = new AbortController()
  const { signal } = stop
  try {
    const parsed = parseArguments(args)
    if (parsed.help || parsed.list) {
      process.stdout.write(parsed.help ? helpText : `${listed.join('\n')}\n`)
      return exitCodes.ok
    }
    checkWritable('--json', parsed.json)
    makeFolder('--histories', parsed.histories)
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort())
    // What is missing is told before the first trial, not after the last.
    try {
      for (const name of parsed.peers) await installPeer(drilledPeers[name], signal)
    } catch (error) {
      if (signal.aborted || !(error instanceof PeerError)) throw error
      process.stderr.write(`${error.message}\n`)
      return exitCodes.cannot
    }
    const say = (line: string): void => void process.stdout.write(`${line}\n`)
    const command = ['npm run drill --', ...args].join(' ')
    return await drill(parsed, { command, home, peers: drilledPeers, signal, say })
  } catch (error) {
    if (signal.aborted) {
      process.stderr.write('interrupted\n')
      return exitCodes.interrupted
    }
    process.stderr.write(`${told(error, 'npm run drill')}\n`)
    return error instanceof UsageError ? exitCodes.usage : exitCodes.failed
  }
}

process.exitCode = await main(process.argv.slice(2))
