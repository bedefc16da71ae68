import { setTimeout as delay } from 'node:timers/promises'
import { type Admin, type NodeStatus, openAdmin } from '@tranca/client'
import type { OwnTarget } from '../cluster.ts'
import { Filler } from '../growth/filler.ts'
import type { Job } from '../job.ts'
import { limits } from '../limits.ts'
import { Load, type LoadPool, type Measured } from '../load.ts'
import { metricOf, rssBytesOf } from '../nodes.ts'

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

const NAMESPACE = 'bench'
const JOB: Job = { work: 'lock', clients: 64, shape: 'connections' }
const MIB = 1024 * 1024
/** Entries that a member may be behind and count as level: under load there are always some on their way. */
const LEVEL_ENTRIES = 8

export async function measureMemberDown(options: MemberDownOptions): Promise<void> {
  const { target, mib, locks, warmUpSeconds, signal, onEvent, onRow } = options
  const filler = new Filler()
  try {
    const { addresses } = target
    await filler.fill({ stock: 'locks-held', addresses, namespace: NAMESPACE, from: 0, to: locks })
    if (warmUpSeconds !== undefined) await load({ ...options, warmSeconds: warmUpSeconds })
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
    const before = await load(options)
    const leaderBytesBefore = rssBytesOf(leader.pid)
    const sentBefore = (await metricOf(leader.admin, SNAPSHOTS)) ?? 0
    await cluster.kill(follower.name)
    const { lastIndex } = await leaderStatus(admin, leader)
    rss.start()
    await filler.fill({ stock: 'log-bytes', addresses, namespace: NAMESPACE, from: 0, to: missedMib * MIB })
    const down = await load(options)
    const missedEntries = (await leaderStatus(admin, leader)).lastIndex - lastIndex
    const leaderLogBytes = await metricOf(leader.admin, 'tranca_log_size_bytes')
    const startedMs = performance.now()
    await cluster.restart(follower.name)
    const [back, backSeconds] = await Promise.all([
      load(options),
      untilLevel(() => leaderStatus(admin, leader), follower.id, signal).then(
        () => (performance.now() - startedMs) / 1_000,
      ),
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

export async function leaderStatus(
  admin: Admin,
  { client }: { readonly client: string },
): Promise<NodeStatus> {
  return (await admin.ask(client, 'status', { deadlineMs: limits.commandTimeoutMs })).status
}

const SNAPSHOTS = 'tranca_snapshots_sent_total'

async function load({ target, pool, seconds, warmSeconds }: MemberDownOptions): Promise<Measured> {
  const { addresses } = target
  const clients = await Load.open(JOB, { addresses, namespace: NAMESPACE, pool })
  try {
    const look = (): void => undefined
    return await clients.run({ warmMs: warmSeconds * 1_000, recordMs: seconds * 1_000, look })
  } finally {
    await clients.close()
  }
}

/** Waits until the leader counts a member as level. */
export async function untilLevel(
  status: () => Promise<NodeStatus>,
  id: number,
  signal: AbortSignal,
): Promise<void> {
  const deadlineMs = performance.now() + limits.recoveryTimeoutMs
  while (performance.now() < deadlineMs) {
    const { members } = await status()
    const found = members.find((member) => member.id === id)
    if (found?.alive && found.state === 'replicate' && (found.lag ?? Infinity) <= LEVEL_ENTRIES) return
    await delay(limits.recoveryPollMs, undefined, { signal })
  }
  throw new Error(`member ${id} is not level after ${limits.recoveryTimeoutMs} ms`)
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
