import { setTimeout as delay } from 'node:timers/promises'
import type { Target } from '../cluster.ts'
import type { Job } from '../job.ts'
import { Load, type LoadPool, type Measured } from '../load.ts'
import { type NodeUsage, NodeWatch } from '../nodes.ts'
import { Filler, fill } from './filler.ts'
import type { StockKind } from './stock.ts'

/** A cluster with so many of something that nobody uses at the moment. */
export interface GrowthRow {
  /** `locks-held/1000000` */
  readonly id: string
  readonly stock: StockKind
  /** 0 in the row that the others are held against. */
  readonly count: number
  /** How long it took to make what the row before had not. */
  readonly madeSeconds: number
  /** Processor time of all nodes in a second in which nobody asks for anything. */
  readonly idleCpu: number
  /** The leader first. */
  readonly rssBytes: readonly (number | undefined)[]
  /** Of the leader and of the first follower, for one more; where there are too few to tell: `undefined`. */
  readonly leaderBytesEach: number | undefined
  readonly followerBytesEach: number | undefined
  /** Locks of others that 64 clients acquire and release meanwhile. */
  readonly probe: Measured
  /** Processor time of all nodes for one such pair, in microseconds; what grows with the count shows here. */
  readonly probeCpuUs: number
}

export interface GrowthOptions {
  readonly target: Target
  /** Nothing was measured in it before. */
  readonly isNew: boolean
  readonly stock: StockKind
  /** Rising. */
  readonly counts: readonly number[]
  readonly seconds: number
  readonly warmSeconds: number
  /** Until what was made is in a checkpoint, and its garbage is collected. */
  readonly settleSeconds: number
  readonly idleSeconds: number
  readonly pool: LoadPool
  readonly signal: AbortSignal
  readonly onEvent: (text: string) => void
  readonly onRow: (row: GrowthRow) => void
}

const WARM_ROUNDS = 2
const NAMESPACE = 'bench'
const PROBE: Job = { work: 'lock', clients: 64, shape: 'connections' }
/** Below, what a process takes for other reasons hides what is asked for. */
const TOLD_COUNT_MIN = 10_000

/** Fills a cluster step by step, and looks at it after each. */
export async function measureGrowth(options: GrowthOptions): Promise<void> {
  const { target, stock, counts, signal, onEvent, onRow } = options
  const filler = new Filler()
  const watch = new NodeWatch(target.addresses, target.local())
  try {
    if (options.isNew) await warmUp(options)
    let base: GrowthRow | undefined
    let from = 0
    for (const count of [0, ...counts]) {
      signal.throwIfAborted()
      const startedMs = performance.now()
      if (count > 0) {
        onEvent(`${stock}/${count}`)
        const { addresses } = target
        await fill(filler, { stock, addresses, namespace: NAMESPACE, from, to: count })
      }
      const madeSeconds = (performance.now() - startedMs) / 1_000
      const row = await look(watch, options, { count, madeSeconds, base })
      base ??= row
      from = count
      onRow(row)
    }
  } finally {
    filler.kill()
    await watch.close()
  }
}

async function look(
  watch: NodeWatch,
  options: GrowthOptions,
  told: { readonly count: number; readonly madeSeconds: number; readonly base: GrowthRow | undefined },
): Promise<GrowthRow> {
  const { stock, settleSeconds, idleSeconds, signal } = options
  const { count, madeSeconds, base } = told
  await delay(settleSeconds * 1_000, undefined, { signal })
  watch.look()
  await delay(idleSeconds * 1_000, undefined, { signal })
  watch.look()
  const { nodes } = await watch.report()
  const rssBytes = nodes.map((node) => node.rssBytes)
  const probed = await probe(options, watch.look)
  const { nodes: busy } = await watch.report()
  return {
    id: `${stock}/${count}`,
    stock,
    count,
    madeSeconds,
    idleCpu: cpuOf(nodes) / idleSeconds,
    rssBytes,
    leaderBytesEach: bytesEach(base?.rssBytes[0], rssBytes[0], count),
    followerBytesEach: bytesEach(base?.rssBytes[1], rssBytes[1], count),
    probe: probed,
    probeCpuUs: (cpuOf(busy) / probed.operations) * 1e6,
  }
}

/** The cluster is new: the first row shall not be the compiler's. */
async function warmUp(options: GrowthOptions): Promise<void> {
  for (let round = 0; round < WARM_ROUNDS; round++) await probe(options, () => undefined)
}

async function probe(
  { target, pool, seconds, warmSeconds }: GrowthOptions,
  look: () => void,
): Promise<Measured> {
  const { addresses } = target
  const load = await Load.open(PROBE, { addresses, namespace: NAMESPACE, pool })
  try {
    return await load.run({ warmMs: warmSeconds * 1_000, recordMs: seconds * 1_000, look })
  } finally {
    await load.close()
  }
}

/** Of all nodes; NaN where it cannot be seen. */
function cpuOf(nodes: readonly NodeUsage[]): number {
  return nodes.reduce((sum, { cpuSeconds }) => sum + (cpuSeconds ?? Number.NaN), 0)
}

/** Growth of a process for each of `count`; `undefined` where that says nothing. */
export function bytesEach(
  before: number | undefined,
  after: number | undefined,
  count: number,
): number | undefined {
  if (before === undefined || after === undefined || count < TOLD_COUNT_MIN) return undefined
  return Math.max(0, after - before) / count
}
