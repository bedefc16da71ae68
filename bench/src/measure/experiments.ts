import { type OwnTarget, startTarget } from './cluster.ts'
import { type GrowthRow, measureGrowth } from './growth/growth.ts'
import { type StockKind, stockKinds } from './growth/stock.ts'
import { LoadPool } from './load.ts'
import { type MemberDownRow, measureMemberDown } from './recovery/member-down.ts'
import { measureStartByLog, measureStartByState, type StartRow } from './recovery/restart.ts'
import type { ExperimentResults, FailedRow } from './result.ts'
import { isWanted } from './rows.ts'

export interface ExperimentOptions {
  readonly only: readonly string[] | undefined
  readonly quick: boolean
  readonly seconds: number
  readonly warmSeconds: number
  readonly loadProcesses: number
  readonly home: string
  readonly signal: AbortSignal
  readonly onEvent: (text: string) => void
  readonly onFailure: (failed: FailedRow) => void
}

/** How much of each experiment is done. */
interface Plan {
  /** Of each kind, what is in the cluster when it is looked at. */
  readonly counts: Readonly<Record<StockKind, readonly number[]>>
  /** MiB that are written while a member is down, and locks that are held meanwhile. */
  readonly memberDownMib: readonly number[]
  readonly memberDownLocks: number
  /** MiB that are written before one is killed, or locks that it holds. */
  readonly startLogMib: readonly number[]
  readonly startStateLocks: readonly number[]
  /** Before the first row of a new cluster. */
  readonly warmUpSeconds: number
  readonly settleSecondsMax: number
  readonly idleSeconds: number
}

const standardPlan: Plan = {
  counts: {
    'locks-held': [1_000, 100_000, 1_000_000],
    'sessions-idle': [1_000, 10_000, 95_000],
    'sequences-kept': [1_000, 100_000, 1_000_000],
  },
  memberDownMib: [8, 96, 384, 1_536],
  memberDownLocks: 100_000,
  startLogMib: [0, 16, 64, 256],
  startStateLocks: [0, 1_000, 100_000, 1_000_000],
  warmUpSeconds: 5,
  settleSecondsMax: 60,
  idleSeconds: 3,
}

const quickPlan: Plan = {
  counts: { 'locks-held': [20_000], 'sessions-idle': [300], 'sequences-kept': [5_000] },
  memberDownMib: [4],
  memberDownLocks: 1_000,
  startLogMib: [8],
  startStateLocks: [5_000],
  warmUpSeconds: 0.5,
  settleSecondsMax: 0,
  idleSeconds: 0.3,
}

/** Each by its name, as `--only` takes it. */
export function experimentIds(quick: boolean): string[] {
  const { counts, memberDownMib, startLogMib, startStateLocks } = quick ? quickPlan : standardPlan
  return [
    ...stockKinds.flatMap((stock) => counts[stock].map((count) => `${stock}/${count}`)),
    ...memberDownMib.map((mib) => `member-down/${mib}`),
    ...startLogMib.map((mib) => `start-log/${mib}`),
    ...startStateLocks.map((locks) => `start-state/${locks}`),
  ]
}

/** Names of them all, without their sizes. */
export const experimentFamilies: readonly string[] = [
  ...stockKinds,
  'member-down',
  'start-log',
  'start-state',
]

/** One that fails does not keep the others from being measured. */
export async function runExperiments(options: ExperimentOptions): Promise<ExperimentResults> {
  const experiments = new Experiments(options)
  try {
    await experiments.grow()
    await experiments.loseMember()
    await experiments.start()
  } finally {
    await experiments.close()
  }
  return experiments
}

class Experiments implements ExperimentResults {
  readonly growth: GrowthRow[] = []
  readonly memberDown: MemberDownRow[] = []
  readonly starts: StartRow[] = []
  readonly #options: ExperimentOptions
  readonly #plan: Plan
  readonly #pool: LoadPool
  #target: OwnTarget | undefined

  constructor(options: ExperimentOptions) {
    this.#options = options
    this.#plan = options.quick ? quickPlan : standardPlan
    this.#pool = new LoadPool(options.loadProcesses)
  }

  async grow(): Promise<void> {
    const { only, quick, seconds, warmSeconds, signal, onEvent } = this.#options
    const { warmUpSeconds, settleSecondsMax, idleSeconds } = this.#plan
    const onRow = (row: GrowthRow): void => {
      this.growth.push(row)
      const { perSecond, latency } = row.probe
      onEvent(
        `  with ${row.count}: ${Math.round(perSecond)} pairs a second, p50 ${latency.p50Ms.toFixed(2)} ms`,
      )
    }
    for (const stock of stockKinds) {
      const counts = this.#plan.counts[stock].filter((count) => isWanted(`${stock}/${count}`, only))
      if (counts.length === 0) continue
      await this.#guarded(stock, async () => {
        // What is there of another kind would be counted, too; with --quick that is little, and time is short.
        const used = quick ? this.#target : undefined
        await measureGrowth({
          target: used ?? (await this.#newTarget()),
          warmUpSeconds: used === undefined ? warmUpSeconds : undefined,
          stock,
          counts,
          seconds,
          warmSeconds,
          settleSecondsMax,
          idleSeconds,
          pool: this.#pool,
          signal,
          onEvent,
          onRow,
        })
      })
    }
  }

  async loseMember(): Promise<void> {
    const { only, quick, seconds, warmSeconds, signal, onEvent } = this.#options
    const { memberDownMib, memberDownLocks, warmUpSeconds } = this.#plan
    const mib = memberDownMib.filter((each) => isWanted(`member-down/${each}`, only))
    if (mib.length === 0) return
    const onRow = (row: MemberDownRow): void => {
      this.memberDown.push(row)
      onEvent(`  back in ${row.backSeconds.toFixed(2)} s, by ${row.by}`)
    }
    await this.#guarded('member-down', async () => {
      // A cluster that has been filled before holds locks enough.
      const used = quick ? this.#target : undefined
      await measureMemberDown({
        target: used ?? (await this.#newTarget()),
        warmUpSeconds: used === undefined ? warmUpSeconds : undefined,
        locks: used === undefined ? memberDownLocks : 0,
        mib,
        seconds,
        warmSeconds,
        pool: this.#pool,
        signal,
        onEvent,
        onRow,
      })
    })
  }

  async start(): Promise<void> {
    await this.#closeTarget()
    const { only, home, signal, onEvent } = this.#options
    const { startLogMib, startStateLocks } = this.#plan
    const measure = async (id: string, row: () => Promise<StartRow>): Promise<void> => {
      if (!isWanted(id, only)) return
      await this.#guarded(id, async () => {
        const started = await row()
        this.starts.push(started)
        onEvent(`  started in ${started.startSeconds.toFixed(2)} s`)
      })
    }
    for (const mib of startLogMib) {
      await measure(`start-log/${mib}`, () => measureStartByLog(mib, { home, signal }))
    }
    for (const locks of startStateLocks) {
      await measure(`start-state/${locks}`, () => measureStartByState(locks, { home, signal }))
    }
  }

  async close(): Promise<void> {
    this.#pool.kill()
    await this.#closeTarget()
  }

  async #newTarget(): Promise<OwnTarget> {
    await this.#closeTarget()
    const { home, signal } = this.#options
    this.#target = await startTarget({ home, isLicensed: false, signal })
    return this.#target
  }

  async #closeTarget(): Promise<void> {
    const target = this.#target
    this.#target = undefined
    await target?.close()
  }

  async #guarded(id: string, measure: () => Promise<void>): Promise<void> {
    const { signal, onEvent, onFailure } = this.#options
    signal.throwIfAborted()
    onEvent(id)
    try {
      await measure()
    } catch (error) {
      if (signal.aborted) throw error
      this.#pool.kill()
      const reason = error instanceof Error ? error.message : String(error)
      onFailure({ id, title: id, reason })
      onEvent(`${id} failed: ${reason}`)
    }
  }
}
