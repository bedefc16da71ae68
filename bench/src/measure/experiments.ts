import { type OwnTarget, startTarget } from './cluster.ts'
import { type GrowthRow, measureGrowth } from './growth/growth.ts'
import { quickStockCounts, stockCounts, stockKinds } from './growth/stock.ts'
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

const standardWaits = { warmUpSeconds: 5, settleSecondsMax: 60, idleSeconds: 3 } as const
const quickWaits = { warmUpSeconds: 0.5, settleSecondsMax: 0, idleSeconds: 0.3 } as const

/** MiB that are written while a member is down, or before one is killed; locks that are held meanwhile. */
const sizes = {
  memberDownMib: [8, 96, 384],
  memberDownLocks: 100_000,
  startLogMib: [0, 16, 64, 256],
  startStateLocks: [0, 1_000, 100_000, 1_000_000],
} as const
const quickSizes = {
  memberDownMib: [4],
  memberDownLocks: 1_000,
  startLogMib: [8],
  startStateLocks: [5_000],
} as const

/** Each by its name, as `--only` takes it. */
export function experimentIds(quick: boolean): string[] {
  const counts = quick ? quickStockCounts : stockCounts
  const { memberDownMib, startLogMib, startStateLocks } = quick ? quickSizes : sizes
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
  readonly #pool: LoadPool
  #target: OwnTarget | undefined

  constructor(options: ExperimentOptions) {
    this.#options = options
    this.#pool = new LoadPool(options.loadProcesses)
  }

  async grow(): Promise<void> {
    const { only, quick, seconds, warmSeconds, signal, onEvent } = this.#options
    for (const stock of stockKinds) {
      const all: readonly number[] = (quick ? quickStockCounts : stockCounts)[stock]
      const counts = all.filter((count) => isWanted(`${stock}/${count}`, only))
      if (counts.length === 0) continue
      await this.#guarded(stock, async () => {
        const onRow = (row: GrowthRow): void => {
          this.growth.push(row)
          const { perSecond, latency } = row.probe
          onEvent(
            `  with ${row.count}: ${Math.round(perSecond)} pairs a second, p50 ${latency.p50Ms.toFixed(2)} ms`,
          )
        }
        // What is there of another kind would be counted, too; with --quick that is little, and time is short.
        const isNew = !quick || this.#target === undefined
        const target = isNew ? await this.#newTarget() : this.#target!
        const waits = quick ? quickWaits : standardWaits
        const times = { seconds, warmSeconds, ...waits }
        await measureGrowth({
          target,
          isNew,
          stock,
          counts,
          ...times,
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
    const { memberDownMib, memberDownLocks } = quick ? quickSizes : sizes
    const mib = memberDownMib.filter((each) => isWanted(`member-down/${each}`, only))
    if (mib.length === 0) return
    await this.#guarded('member-down', async () => {
      // A cluster that has been filled before holds locks enough.
      const filled = quick ? this.#target : undefined
      const target = filled ?? (await this.#newTarget())
      const locks = filled === undefined ? memberDownLocks : 0
      const onRow = (row: MemberDownRow): void => {
        this.memberDown.push(row)
        onEvent(`  back in ${row.backSeconds.toFixed(2)} s, by ${row.by}`)
      }
      const pool = this.#pool
      const { warmUpSeconds: warmUp } = quick ? quickWaits : standardWaits
      const warmUpSeconds = filled === undefined ? warmUp : undefined
      await measureMemberDown({
        target,
        mib,
        locks,
        seconds,
        warmSeconds,
        warmUpSeconds,
        pool,
        signal,
        onEvent,
        onRow,
      })
    })
  }

  async start(): Promise<void> {
    await this.#closeTarget()
    const { only, quick, home, signal, onEvent } = this.#options
    const { startLogMib, startStateLocks } = quick ? quickSizes : sizes
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
