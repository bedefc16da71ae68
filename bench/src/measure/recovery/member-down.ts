import { openAdmin } from '@tranca/client'
import { NAMESPACE, type OwnTarget } from '../cluster.ts'
import { Filler } from '../growth/filler.ts'
import { limits } from '../limits.ts'
import type { LoadPool, Measured } from '../load.ts'
import { metricOf, rssBytesOf } from '../nodes.ts'
import { probe } from '../probe.ts'
import { leaderStatus, untilLevel } from './level.ts'

/** A follower was down while others went on, and came back. */
export interface MemberDownRow {
  /** `member-down/96` */
  readonly id: string
  /** Of the log that it missed, at least; the measured load comes on top. */
  readonly missedMib: number
  readonly missedEntries: number
  /** What its leader sent it. */
  readonly by: 'log' | 'snapshot'
  /** Locks acquired and released by 64 clients with all members, without it, and while it catches up. */
  readonly before: Measured
  readonly down: Measured
  readonly back: Measured
  /** Resident memory of the leader before, and the largest while it was down and came back. */
  readonly leaderBytesBefore: number | undefined
  readonly leaderBytesMax: number | undefined
  /** The leader's log on disk when it came back. */
  readonly leaderLogBytes: number | undefined
  /** From the start of its process until the leader counts it as level, with the load going on. */
  readonly backSeconds: number
}

export interface MemberDownOptions {
  readonly target: OwnTarget
  readonly mib: readonly number[]
  /** Locks held meanwhile: what a snapshot carries. */
  readonly locks: number
  readonly seconds: number
  readonly warmSeconds: number
  /** How long the nodes work before the first outage; absent: they have. */
  readonly warmUpSeconds: number | undefined
  readonly pool: LoadPool
  readonly signal: AbortSignal
  readonly onEvent: (text: string) => void
  readonly onRow: (row: MemberDownRow) => void
}

const MIB = 1024 * 1024
const SNAPSHOTS = 'tranca_snapshots_sent_total'

export async function measureMemberDown(options: MemberDownOptions): Promise<void> {
  const { target, mib, locks, warmUpSeconds, signal, onEvent, onRow } = options
  const filler = new Filler()
  try {
    const { addresses } = target
    await filler.fill({ stock: 'locks-held', addresses, namespace: NAMESPACE, from: 0, to: locks })
    if (warmUpSeconds !== undefined) await probe({ ...options, warmSeconds: warmUpSeconds })
    for (const missedMib of mib) {
      signal.throwIfAborted()
      onEvent(`member-down/${missedMib}`)
      onRow(await outage(options, filler, missedMib))
    }
  } finally {
    filler.kill()
  }
}

async function outage(options: MemberDownOptions, filler: Filler, missedMib: number): Promise<MemberDownRow> {
  const { target, signal } = options
  const { cluster, addresses } = target
  const admin = openAdmin(addresses)
  const leader = await cluster.leader({ signal })
  const follower = cluster.members.find(({ name }) => name !== leader.name)!
  const rss = new Peak(() => rssBytesOf(leader.pid))
  try {
    const before = await probe(options)
    const leaderBytesBefore = rssBytesOf(leader.pid)
    const sentBefore = (await metricOf(leader.admin, SNAPSHOTS)) ?? 0
    await cluster.kill(follower.name)
    const { lastIndex } = await leaderStatus(admin, leader)
    rss.start()
    await filler.fill({ stock: 'log-bytes', addresses, namespace: NAMESPACE, from: 0, to: missedMib * MIB })
    const down = await probe(options)
    const missedEntries = (await leaderStatus(admin, leader)).lastIndex - lastIndex
    const leaderLogBytes = await metricOf(leader.admin, 'tranca_log_size_bytes')
    const startedMs = performance.now()
    await cluster.restart(follower.name)
    const [back, backSeconds] = await Promise.all([
      probe(options),
      untilLevel(admin, leader, follower.id, signal).then(() => (performance.now() - startedMs) / 1_000),
    ])
    const sent = ((await metricOf(leader.admin, SNAPSHOTS)) ?? 0) - sentBefore
    const by = sent > 0 ? 'snapshot' : 'log'
    const measured = { before, down, back, leaderBytesBefore, leaderBytesMax: rss.stop(), leaderLogBytes }
    return { id: `member-down/${missedMib}`, missedMib, missedEntries, by, ...measured, backSeconds }
  } finally {
    rss.stop()
    await admin.close()
  }
}

/** The largest of a value that is looked at now and then. */
class Peak {
  readonly #look: () => number | undefined
  #largest: number | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(look: () => number | undefined) {
    this.#look = look
  }

  start(): void {
    this.#timer = setInterval(() => {
      const value = this.#look()
      if (value !== undefined) this.#largest = Math.max(this.#largest ?? 0, value)
    }, limits.peakLookMs)
  }

  stop(): number | undefined {
    clearInterval(this.#timer)
    return this.#largest
  }
}
