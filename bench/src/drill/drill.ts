import { randomInt } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { thisMachine } from '../measure/machine.ts'
import { median } from '../measure/median.ts'
import { PeerError } from '../peers/errors.ts'
import { measureGaps, type PeerGaps, peerFaults } from '../peers/gaps.ts'
import type { DrilledName, Peer } from '../peers/peer.ts'
import type { DrillArguments } from './arguments.ts'
import { whyNoMount, whyNoShim } from './disks/ability.ts'
import { exitCodes } from './exit-codes.ts'
import { whyNoNetwork } from './network/ability.ts'
import { gapLine, scenarioLines, trialLine } from './print.ts'
import { type DrillOptions, runScenario, type ScenarioResult } from './run.ts'
import type { Need, Scenario } from './scenarios/scenario.ts'

export interface Surroundings {
  /** As it was typed: kept with the results. */
  readonly command: string
  /** Directory for what the systems write. */
  readonly home: string
  readonly peers: Readonly<Record<DrilledName, Pick<Peer, 'build' | 'start'>>>
  readonly signal: AbortSignal
  readonly say: (line: string) => void
  /** Replaces the cluster of processes. */
  readonly open?: DrillOptions['open']
}

/** A peer that could not be drilled to the end. */
interface FailedPeer {
  readonly scenario: string
  readonly peer: DrilledName
  readonly reason: string
}

/** Why a need cannot be met here; each is tried once. */
const whyNot: Readonly<Record<Need, () => Promise<string | undefined>>> = {
  processes: async () => undefined,
  network: whyNoNetwork,
  compiler: whyNoShim,
  mount: whyNoMount,
}

/** Puts Tranca, and then the peers, through the scenarios; tells and keeps what was seen. Returns the exit code. */
export async function drill(given: DrillArguments, surroundings: Surroundings): Promise<number> {
  const { command, say } = surroundings
  const machine = thisMachine()
  const startedAt = new Date().toISOString()
  const results: ScenarioResult[] = []
  const gaps: PeerGaps[] = []
  const failed: FailedPeer[] = []
  const cannot: { scenario: string; reason: string }[] = []
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
    const result = await drillTranca(scenario, given, surroundings)
    results.push(result)
    const oursMs = median(result.trials.flatMap(({ silences }) => silences.all ?? []))
    for (const name of given.peers) {
      const seen = await drillPeer(name, scenario, given, surroundings)
      if ('reason' in seen) {
        failed.push(seen)
        continue
      }
      say(gapLine(seen, oursMs))
      gaps.push(seen)
    }
  }
  if (given.json !== undefined) {
    const about = { format: 1, name: 'tranca-drill', startedAt, command, machine }
    const all = { ...about, results, peers: gaps, failed, cannot }
    writeFileSync(given.json, `${JSON.stringify(all, undefined, 2)}\n`)
  }
  if (results.some(({ verdict, ok }) => verdict !== undefined && !ok)) return exitCodes.broken
  if (failed.length > 0 || results.some(({ ok }) => !ok)) return exitCodes.failed
  return cannot.length > 0 ? exitCodes.cannot : exitCodes.ok
}

async function drillTranca(
  scenario: Scenario,
  { trials, minutes, clients, electionMs, histories, seed = randomInt(2 ** 31) }: DrillArguments,
  { home, signal, say, open }: Surroundings,
): Promise<ScenarioResult> {
  say(`${scenario.name}: ${scenario.summary} (seed ${seed})`)
  const onTrial: DrillOptions['onTrial'] = (trial) => say(trialLine(trial))
  const load = { trials, minutes, clients, seed, electionMs }
  const result = await runScenario(scenario, {
    ...load,
    histories,
    home,
    signal,
    onTrial,
    ...(open && { open }),
  })
  for (const line of scenarioLines(result)) say(line)
  return result
}

/** A peer that fails is told and kept: what was seen of the others is not to be lost. */
async function drillPeer(
  name: DrilledName,
  scenario: Scenario,
  { trials, clients }: DrillArguments,
  { home, signal, say, peers }: Surroundings,
): Promise<PeerGaps | FailedPeer> {
  say(`${scenario.name} of ${name}`)
  try {
    return await measureGaps({
      name,
      peer: peers[name],
      // The arguments allow no other scenario beside peers.
      fault: peerFaults.find((fault) => fault === scenario.name)!,
      trials,
      clients,
      home,
      signal,
      onTrial: (number, gapMs) => say(`  trial ${number}: ${Math.round(gapMs)} ms without an answer`),
    })
  } catch (error) {
    if (signal.aborted || !(error instanceof PeerError)) throw error
    say(`  FAILED: ${name}: ${error.message}`)
    return { scenario: scenario.name, peer: name, reason: error.message }
  }
}
