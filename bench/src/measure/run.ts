import { comparePeers } from '../peers/compare.ts'
import type { PeerResult } from '../peers/result.ts'
import { peerRows } from '../peers/rows.ts'
import type { BenchArguments } from './arguments.ts'
import { NAMESPACE, pointedAt, startTarget, type Target } from './cluster.ts'
import { experimentFamilies, experimentIds, runExperiments } from './experiments.ts'
import type { Job } from './job.ts'
import { costUnits, type LedgerCost, measureLedgerCost, quickCostUnits } from './ledger-cost.ts'
import { Load, LoadPool, type Measured } from './load.ts'
import { thisMachine } from './machine.ts'
import { median } from './median.ts'
import { type NodeUsage, NodeWatch } from './nodes.ts'
import type { BenchResult, ExperimentResults, FailedRow, Ratio, RatioRound, RowResult } from './result.ts'
import { allRows, isWanted, RATIO_CLIENTS, type Row } from './rows.ts'
import { stageTimes } from './stages.ts'

export interface RunOptions {
  readonly arguments: BenchArguments
  /** As it was typed, for the record. */
  readonly command: string
  /** Where a cluster of its own may keep its data. */
  readonly home: string
  readonly signal: AbortSignal
  /** Told of what goes on, for people. */
  readonly onEvent: (text: string) => void
  readonly onRow: (row: RowResult) => void
}

const RATIO_ROUNDS = 3
const WARM_CLIENTS_MAX = 256
/** Of each work, unless it has to be quick: processor time for an operation falls for tens of thousands of them. */
const WARM_UP_MS = 5_000
const RATIO: Pick<Ratio, 'id' | 'title' | 'clients'> = {
  id: 'ratio/license-lock',
  title: 'license checkout : lock acquire',
  clients: RATIO_CLIENTS,
}

/** Measures what was asked for. A row that fails does not keep the others from being measured. */
export async function runBench(options: RunOptions): Promise<BenchResult> {
  const { signal, onEvent } = options
  const { only, clients, seconds, warmSeconds, quick, stages, addresses, loadProcesses } = options.arguments
  const machine = thisMachine()
  const startedAt = new Date().toISOString()
  const startedMs = performance.now()
  const withPeers = options.arguments.peers.length > 0
  const isMeasured = (id: string): boolean => !withPeers && isWanted(id, only)
  const rows = allRows(clients).filter((row) => isMeasured(row.id))
  const withRatio = isMeasured(RATIO.id)
  const bench = new Bench(options)
  let version = ''
  let peers: readonly PeerResult[] = []
  if (rows.length > 0 || withRatio || withPeers) {
    const isLicensed = withRatio || rows.some((row) => row.isLicensed)
    if (addresses === undefined) onEvent('starting a cluster of three processes')
    const target =
      addresses === undefined
        ? await startTarget({ home: options.home, isLicensed, signal })
        : pointedAt(addresses)
    try {
      if (withPeers) peers = await bench.compareAll(target)
      else version = await bench.measureAll(target, rows, withRatio)
    } finally {
      await target.close()
    }
  }
  const experiments = withPeers ? nothing : await bench.experiments()
  const licenseCost: LedgerCost[] = []
  for (const units of quick ? quickCostUnits : costUnits) {
    const id = `license-cost/${units}`
    if (!isMeasured(id)) continue
    signal.throwIfAborted()
    onEvent(`ledger alone, ${units} units in use`)
    try {
      licenseCost.push(await measureLedgerCost(units, signal))
    } catch (error) {
      signal.throwIfAborted()
      bench.failed.push({ id, title: 'license cost', reason: reasonOf(error) })
    }
  }
  return {
    format: 1,
    name: 'tranca-bench',
    startedAt,
    elapsedSeconds: (performance.now() - startedMs) / 1_000,
    command: options.command,
    machine,
    settings: { quick, stages, seconds, warmSeconds, clients, loadProcesses },
    cluster: {
      version,
      members: bench.members,
      startedHere: addresses === undefined,
      sync: addresses === undefined ? 'data' : 'unknown',
    },
    rows: bench.rows,
    ratios: bench.ratios,
    peers,
    ...experiments,
    licenseCost,
    failed: bench.failed,
    skipped: bench.skipped,
  }
}

const nothing: ExperimentResults = { growth: [], memberDown: [], starts: [] }

/** Nothing that answers is at any of the addresses. */
class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
  readonly code = 'UNREACHABLE'

  constructor(addresses: readonly string[]) {
    super(`no node answered at ${addresses.join(', ')}`)
  }
}

class Bench {
  readonly rows: RowResult[] = []
  readonly ratios: Ratio[] = []
  readonly failed: FailedRow[] = []
  readonly skipped: FailedRow[] = []
  members = 0
  readonly #options: RunOptions
  readonly #pool: LoadPool
  readonly #aborted: Promise<never>

  constructor(options: RunOptions) {
    this.#options = options
    this.#aborted = aborted(options.signal)
    this.#aborted.catch(() => undefined)
    this.#pool = new LoadPool(options.arguments.loadProcesses)
  }

  /** Returns the version of the nodes. */
  async measureAll(target: Target, rows: readonly Row[], withRatio: boolean): Promise<string> {
    const { signal, onEvent, onRow } = this.#options
    const watch = new NodeWatch(target.addresses, target.local())
    try {
      const version = await watch.version()
      if (version === '') throw new UnreachableError(target.addresses)
      await this.#warmUp(target, rows)
      for (const row of rows) {
        signal.throwIfAborted()
        if (row.isLicensed && target.unlicensed !== undefined) {
          this.skipped.push({ id: row.id, title: row.title, reason: target.unlicensed })
          continue
        }
        onEvent(row.id)
        await this.#guarded(row, async () => {
          const result = await this.#measure(target, watch, row)
          this.rows.push(result)
          this.members = result.nodes.length
          onRow(result)
        })
      }
      signal.throwIfAborted()
      if (withRatio && target.unlicensed !== undefined) {
        this.skipped.push({ ...RATIO, reason: target.unlicensed })
      } else if (withRatio) {
        onEvent(RATIO.id)
        await this.#guarded(RATIO, async () => {
          this.ratios.push(await this.#compare(target, watch))
        })
      }
      return version
    } finally {
      this.#pool.kill()
      await watch.close()
    }
  }

  /** Beside its peers, in turns. */
  compareAll(target: Target): Promise<PeerResult[]> {
    const { home, signal, onEvent } = this.#options
    const { peers, only, seconds, warmSeconds, loadProcesses } = this.#options.arguments
    return comparePeers({
      target,
      names: peers,
      rows: peerRows.filter((row) => isWanted(row.id, only)),
      seconds,
      warmSeconds,
      loadProcesses,
      home,
      signal,
      onEvent,
      onFailure: (id, title, reason) => {
        this.failed.push({ id, title, reason })
        onEvent(`${id} failed: ${reason}`)
      },
    })
  }

  /** What needs clusters of its own. */
  async experiments(): Promise<ExperimentResults> {
    const { home, signal, onEvent } = this.#options
    const { only, quick, seconds, warmSeconds, loadProcesses, addresses } = this.#options.arguments
    if (addresses !== undefined) {
      const wanted = experimentIds(quick).filter((id) => isWanted(id, only))
      for (const id of experimentFamilies) {
        if (!wanted.some((each) => isWanted(each, [id]))) continue
        this.skipped.push({ id, title: id, reason: 'needs clusters of its own' })
      }
      return nothing
    }
    const onFailure = (failed: FailedRow): void => void this.failed.push(failed)
    const settings = { only, quick, seconds, warmSeconds, loadProcesses }
    return runExperiments({ ...settings, home, signal, onEvent, onFailure })
  }

  async #guarded(row: Pick<Row, 'id' | 'title'>, measure: () => Promise<void>): Promise<void> {
    try {
      await Promise.race([measure(), this.#aborted])
    } catch (error) {
      if (this.#options.signal.aborted) throw error
      // Whatever its clients still do, they shall not do it during the next row.
      this.#pool.kill()
      this.failed.push({ id: row.id, title: row.title, reason: reasonOf(error) })
      this.#options.onEvent(`${row.id} failed: ${reasonOf(error)}`)
    }
  }

  /** Each work once before the first row: what is measured is not the compiler. */
  async #warmUp(target: Target, rows: readonly Row[]): Promise<void> {
    const seen = new Set<string>()
    for (const row of rows.toReversed()) {
      const { work, clients } = row.job
      if (seen.has(work) || clients > WARM_CLIENTS_MAX) continue
      if (row.isLicensed && target.unlicensed !== undefined) continue
      seen.add(work)
      this.#options.signal.throwIfAborted()
      await this.#guarded({ ...row, id: `${row.id} (warm-up)` }, async () => {
        const load = await this.#open(target, row.job)
        await this.#run(load, () => undefined, this.#options.arguments.quick ? undefined : WARM_UP_MS)
        await load.close()
      })
    }
  }

  async #measure(target: Target, watch: NodeWatch, { id, title, job }: Row): Promise<RowResult> {
    const load = await this.#open(target, job)
    const stagesBefore = await watch.stages()
    const before = await watch.lastIndex()
    const measured = await this.#run(load, watch.look)
    const entries = (await watch.lastIndex()) - before
    const steps = Math.max(1, Object.keys(measured.steps).length)
    const stages = stageTimes(stagesBefore, await watch.stages(), {
      clients: job.clients,
      requestsPerSecond: measured.perSecond * steps,
    })
    const { nodes, machineCpuSeconds } = await watch.report()
    await load.close()
    const othersCpuSeconds = othersOf(machineCpuSeconds, nodes, measured)
    const connections = job.shape === 'connections' ? job.clients : 1
    const row = { id, title, work: job.work, clients: job.clients, connections }
    return { ...row, ...measured, nodes, entries, stages, othersCpuSeconds }
  }

  /** In turns, so that a machine that is busy for a while is so for both. */
  async #compare(target: Target, watch: NodeWatch): Promise<Ratio> {
    const of = (work: Job['work']): Promise<Load> =>
      this.#open(target, { work, clients: RATIO_CLIENTS, shape: 'connections' })
    const [license, lock] = [await of('license'), await of('lock')]
    const rounds: RatioRound[] = []
    for (let round = 0; round < RATIO_ROUNDS; round++) {
      rounds.push(ratioOf(await this.#side(license, watch), await this.#side(lock, watch)))
    }
    await license.close()
    await lock.close()
    const cpus = rounds.map((round) => round.byNodeCpu).filter((value) => value !== undefined)
    return {
      ...RATIO,
      rounds,
      byThroughput: median(rounds.map((round) => round.byThroughput)),
      byFirstStepP50: median(rounds.map((round) => round.byFirstStepP50)),
      byNodeCpu: cpus.length === rounds.length ? median(cpus) : undefined,
    }
  }

  async #side(load: Load, watch: NodeWatch): Promise<Side> {
    const measured = await this.#run(load, watch.look)
    const { nodes } = await watch.report()
    const cpus = nodes.map((node) => node.cpuSeconds).filter((value) => value !== undefined)
    return {
      measured,
      cpuSeconds: cpus.length > 0 ? cpus.reduce((sum, value) => sum + value, 0) : undefined,
    }
  }

  #open(target: Target, job: Job): Promise<Load> {
    return Load.open(job, { addresses: target.addresses, namespace: NAMESPACE, pool: this.#pool })
  }

  async #run(load: Load, look: () => void, warmUpMs?: number): Promise<Measured> {
    const { seconds, warmSeconds } = this.#options.arguments
    return load.run({ warmMs: warmUpMs ?? warmSeconds * 1_000, recordMs: seconds * 1_000, look })
  }
}

/** What the machine did for nobody that is measured: a large value says that the row is not worth much. */
function othersOf(
  machineCpuSeconds: number | undefined,
  nodes: readonly NodeUsage[],
  { load }: Measured,
): number | undefined {
  if (machineCpuSeconds === undefined) return undefined
  const ours = nodes.reduce((sum, node) => sum + (node.cpuSeconds ?? 0), load.cpuSeconds)
  return Math.max(0, machineCpuSeconds - ours)
}

interface Side {
  readonly measured: Measured
  readonly cpuSeconds: number | undefined
}

/** The first against the second. */
export function ratioOf(first: Side, second: Side): RatioRound {
  const [a, b] = [first.measured, second.measured]
  const [cpuA, cpuB] = [first.cpuSeconds, second.cpuSeconds]
  const [stepA, stepB] = [Object.values(a.steps)[0], Object.values(b.steps)[0]]
  return {
    byThroughput: b.perSecond / a.perSecond,
    byFirstStepP50: (stepA?.p50Ms ?? Number.NaN) / (stepB?.p50Ms ?? Number.NaN),
    byNodeCpu:
      cpuA === undefined || cpuB === undefined ? undefined : cpuA / a.operations / (cpuB / b.operations),
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
