import { setTimeout as delay } from 'node:timers/promises'
import { NAMESPACE, type OwnTarget } from '../cluster.ts'
import type { LoadPool, Measured } from '../load.ts'
import { cpuSecondsOf, rssBytesOf } from '../nodes.ts'
import { probe } from '../probe.ts'
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
  /** How long the nodes were busy with it afterwards: a checkpoint, memory. */
  readonly quietSeconds: number | undefined
  /** Processor time of all nodes in a second in which nobody asks for anything. */
  readonly idleCpu: number
  /** The leader of the first row first. */
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
  readonly target: OwnTarget
  /** How long the nodes work before the first row; absent: they have. */
  readonly warmUpSeconds: number | undefined
  readonly stock: StockKind
  /** Rising. */
  readonly counts: readonly number[]
  readonly seconds: number
  readonly warmSeconds: number
  /** How long is waited, at most, until what was made is in a checkpoint and its garbage is collected. */
  readonly settleSecondsMax: number
  readonly idleSeconds: number
  readonly pool: LoadPool
  readonly signal: AbortSignal
  readonly onEvent: (text: string) => void
  readonly onRow: (row: GrowthRow) => void
}

/** Below, what a process takes for other reasons hides what is asked for. */
const TOLD_COUNT_MIN = 10_000
/** Processor seconds in a second that nodes without requests take anyway: heartbeats, and sessions kept alive. */
const QUIET_CPU = 0.15

/** Fills a cluster step by step, and looks at it after each. */
export async function measureGrowth(options: GrowthOptions): Promise<void> {
  const { target, stock, counts, warmUpSeconds, signal, onEvent, onRow } = options
  const filler = new Filler()
  try {
    // The first row shall not be the compiler's.
    if (warmUpSeconds !== undefined) await probe({ ...options, warmSeconds: warmUpSeconds })
    const leader = await target.cluster.leader({ signal })
    const pids = [leader, ...target.cluster.members.filter((each) => each !== leader)].map(({ pid }) => pid)
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
      const row = await look(pids, options, { count, madeSeconds, base })
      base ??= row
      from = count
      onRow(row)
    }
  } finally {
    filler.kill()
  }
}

async function look(
  pids: readonly (number | undefined)[],
  options: GrowthOptions,
  told: { readonly count: number; readonly madeSeconds: number; readonly base: GrowthRow | undefined },
): Promise<GrowthRow> {
  const { stock, idleSeconds, signal } = options
  const { count, madeSeconds, base } = told
  const quietSeconds = count > 0 ? await untilQuiet(pids, options) : undefined
  const idleSince = cpuOf(pids)
  await delay(idleSeconds * 1_000, undefined, { signal })
  const idleCpu = (cpuOf(pids) - idleSince) / idleSeconds
  const rssBytes = pids.map(rssBytesOf)
  const looks: number[] = []
  const probed = await probe(options, () => looks.push(cpuOf(pids)))
  return {
    id: `${stock}/${count}`,
    stock,
    count,
    madeSeconds,
    quietSeconds,
    idleCpu,
    rssBytes,
    leaderBytesEach: bytesEach(base?.rssBytes[0], rssBytes[0], count),
    followerBytesEach: bytesEach(base?.rssBytes[1], rssBytes[1], count),
    probe: probed,
    probeCpuUs: ((looks[1]! - looks[0]!) / probed.operations) * 1e6,
  }
}

/** Waits until the nodes have nothing left to do; returns for how many seconds. */
async function untilQuiet(
  pids: readonly (number | undefined)[],
  { settleSecondsMax, signal }: GrowthOptions,
): Promise<number> {
  let seconds = 0
  for (let before = cpuOf(pids); seconds < settleSecondsMax; seconds++) {
    await delay(1_000, undefined, { signal })
    const now = cpuOf(pids)
    if (!(now - before > QUIET_CPU)) break
    before = now
  }
  return seconds
}

/** Of all processes; NaN where it cannot be seen. */
function cpuOf(pids: readonly (number | undefined)[]): number {
  return pids.reduce<number>((sum, pid) => sum + (cpuSecondsOf(pid) ?? Number.NaN), 0)
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
