import { randomInt } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { checkWritable, told, UsageError } from '@tranca/tool'
import { thisMachine } from '../measure/machine.ts'
import { median } from '../measure/median.ts'
import { PeerError } from '../peers/errors.ts'
import { installedAs, measureGaps, type PeerGaps, peerFaults } from '../peers/gaps.ts'
import { installPeer } from '../peers/install.ts'
import { type DrillArguments, helpText, scenarioLines as listed, parseArguments } from './arguments.ts'
import { whyNoMount, whyNoShim } from './disks/ability.ts'
import { whyNoNetwork } from './network/ability.ts'
import { gapLine, scenarioLines, trialLine } from './print.ts'
import { runScenario, type ScenarioResult } from './run.ts'
import type { Need } from './scenarios/scenario.ts'

const home = fileURLToPath(new URL('../../../../.tranca', import.meta.url))

/** Why a need cannot be met here; each is tried once. */
const whyNot: Readonly<Record<Need, () => Promise<string | undefined>>> = {
  processes: async () => undefined,
  network: whyNoNetwork,
  compiler: whyNoShim,
  mount: whyNoMount,
}

const exitCodes = { ok: 0, broken: 1, usage: 2, failed: 6, cannot: 69, interrupted: 130 } as const

/** `npm run drill`: see `helpText`. */
async function main(args: readonly string[]): Promise<number> {
  const stop = new AbortController()
  try {
    const parsed = parseArguments(args)
    if (parsed.help || parsed.list) {
      process.stdout.write(parsed.help ? helpText : `${listed.join('\n')}\n`)
      return exitCodes.ok
    }
    checkWritable('--json', parsed.json)
    if (parsed.histories !== undefined) mkdirSync(parsed.histories, { recursive: true })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort())
    const command = ['npm run drill --', ...args].join(' ')
    return await drill(parsed, command, stop.signal)
  } catch (error) {
    if (stop.signal.aborted) {
      process.stderr.write('interrupted\n')
      return exitCodes.interrupted
    }
    process.stderr.write(`${told(error, 'npm run drill')}\n`)
    return error instanceof UsageError ? exitCodes.usage : exitCodes.failed
  }
}

async function drill(given: DrillArguments, command: string, signal: AbortSignal): Promise<number> {
  const say = (text: string): boolean => process.stdout.write(`${text}\n`)
  const machine = thisMachine()
  const startedAt = new Date().toISOString()
  const results: ScenarioResult[] = []
  const gaps: PeerGaps[] = []
  const failed: { scenario: string; peer: string; reason: string }[] = []
  const cannot: { scenario: string; reason: string }[] = []
  // What is missing is told before the first trial, not after the last.
  try {
    for (const name of given.peers) await installPeer(installedAs(name), signal)
  } catch (error) {
    if (signal.aborted || !(error instanceof PeerError)) throw error
    process.stderr.write(`${error.message}\n`)
    return exitCodes.cannot
  }
  const reasons = new Map<Need, string | undefined>()
  for (const scenario of given.scenarios) {
    const { needs } = scenario
    if (!reasons.has(needs)) reasons.set(needs, await whyNot[needs]())
    const reason = reasons.get(needs)
    if (reason !== undefined) {
      say(`${scenario.name}: not done: ${reason}`)
      cannot.push({ scenario: scenario.name, reason })
      continue
    }
    const seed = given.seed ?? randomInt(2 ** 31)
    say(`${scenario.name}: ${scenario.summary} (seed ${seed})`)
    const { trials, minutes, clients, electionMs, histories } = given
    const onTrial = (trial: Parameters<typeof trialLine>[0]): void => void say(trialLine(trial))
    const result = await runScenario(scenario, {
      trials,
      minutes,
      clients,
      seed,
      electionMs,
      home,
      histories,
      signal,
      onTrial,
    })
    for (const line of scenarioLines(result)) say(line)
    results.push(result)
    const fault = peerFaults.find((name) => name === scenario.name)
    const oursMs = median(result.trials.flatMap(({ silences }) => silences.all ?? []))
    for (const name of fault === undefined ? [] : given.peers) {
      say(`${scenario.name} of ${name}`)
      try {
        const peer = await measureGaps({
          name,
          fault: fault!,
          trials,
          clients,
          home,
          signal,
          onTrial: (number, gapMs) => say(`  trial ${number}: ${Math.round(gapMs)} ms without an answer`),
        })
        say(gapLine(peer, oursMs))
        gaps.push(peer)
      } catch (error) {
        // What was seen of the others is not to be lost.
        if (signal.aborted || !(error instanceof PeerError)) throw error
        say(`  FAILED: ${error.message}`)
        failed.push({ scenario: scenario.name, peer: name, reason: error.message })
      }
    }
  }
  if (given.json !== undefined) {
    const all = {
      format: 1,
      name: 'tranca-drill',
      startedAt,
      command,
      machine,
      results,
      peers: gaps,
      failed,
      cannot,
    }
    writeFileSync(given.json, `${JSON.stringify(all, undefined, 2)}\n`)
  }
  if (results.some(({ verdict, ok }) => verdict !== undefined && !ok)) return exitCodes.broken
  if (failed.length > 0 || results.some(({ ok }) => !ok)) return exitCodes.failed
  return cannot.length > 0 ? exitCodes.cannot : exitCodes.ok
}

process.exitCode = await main(process.argv.slice(2))
