import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeHistory } from '@tranca/history'
import { Random } from '../workload/random.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { type SilenceSummary, summarize } from './silence.ts'
import type { ManagedSystem } from './system.ts'
import { TrancaSystem } from './tranca-system.ts'
import { Trial, type TrialResult } from './trial.ts'
import { holds, type Verdict } from './verdict.ts'

export interface DrillOptions {
  /** So many trials; or as many as begin within `minutes`. */
  readonly trials: number
  readonly minutes?: number | undefined
  readonly clients: number
  readonly seed: number
  /** Election time-out in ms; undefined: as shipped. */
  readonly electionMs?: number | undefined
  /** Directory in which what the clients saw is kept: a file for each scenario and seed. */
  readonly histories?: string | undefined
  /** A directory of its own under it is made for the members, and removed if all held. */
  readonly home: string
  readonly signal: AbortSignal
  readonly onTrial: (trial: TrialResult) => void
  /** Replaces the cluster of processes. */
  readonly open?: (directory: string) => Promise<ManagedSystem>
}

export interface ScenarioResult {
  readonly scenario: string
  readonly seed: number
  readonly trials: readonly TrialResult[]
  readonly silences: readonly SilenceSummary[]
  readonly mending: readonly SilenceSummary[]
  /** Absent if it could not be found out. */
  readonly verdict?: Verdict
  /** Why the trials were not carried through. */
  readonly failure?: string
  readonly ok: boolean
  /** Where the members' logs and the history are, if something did not hold. */
  readonly directory?: string
}

/** Puts a cluster of its own through one scenario. */
export async function runScenario(scenario: Scenario, options: DrillOptions): Promise<ScenarioResult> {
  const { home, clients, seed, electionMs, signal } = options
  mkdirSync(home, { recursive: true })
  const directory = mkdtempSync(join(home, `drill-${scenario.name}-`))
  const { needs } = scenario
  const open =
    options.open ??
    ((place: string) => TrancaSystem.open({ directory: place, clients, seed, electionMs, signal, needs }))
  const done: TrialResult[] = []
  let failure: string | undefined
  let verdict: Verdict | undefined
  let system: ManagedSystem | undefined
  try {
    system = await open(join(directory, 'cluster'))
    const random = new Random(seed)
    const more = untilOf(options)
    for (let number = 1; more(number); number++) {
      const trial = await runTrial(scenario, number, random.fork(), system, signal)
      done.push(trial)
      options.onTrial(trial)
    }
    const judgment = await system.judge()
    verdict = judgment.verdict
    const text = writeHistory(judgment.operations)
    if (options.histories !== undefined) {
      mkdirSync(options.histories, { recursive: true })
      writeFileSync(join(options.histories, `${scenario.name}-${seed}.jsonl`), text)
    }
    writeFileSync(join(directory, 'history.jsonl'), text)
  } catch (error) {
    signal.throwIfAborted()
    failure = error instanceof Error ? error.message : String(error)
  } finally {
    await system?.close()
    if (signal.aborted) rmSync(directory, { recursive: true, force: true })
  }
  const ok = failure === undefined && verdict !== undefined && holds(verdict)
  if (ok) rmSync(directory, { recursive: true, force: true })
  return {
    scenario: scenario.name,
    seed,
    trials: done,
    silences: summarize(done.map(({ silences }) => silences)),
    mending: summarize(done.map(({ mending }) => mending)),
    ...(verdict === undefined ? {} : { verdict }),
    ...(failure === undefined ? {} : { failure }),
    ok,
    ...(ok ? {} : { directory }),
  }
}

/** Whether the trial of a number shall begin. */
function untilOf({ trials, minutes }: DrillOptions): (number: number) => boolean {
  if (minutes === undefined) return (number) => number <= trials
  const endMs = performance.now() + minutes * 60_000
  return () => performance.now() < endMs
}

async function runTrial(
  scenario: Scenario,
  number: number,
  random: Random,
  system: ManagedSystem,
  signal: AbortSignal,
): Promise<TrialResult> {
  const trial = new Trial({ number, random, system, signal })
  await system.load.take()
  // Clients of every kind are served before anything happens.
  await system.load.answered()
  await scenario.run(trial)
  return trial.result()
}
