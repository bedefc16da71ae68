import { openAdmin } from '@tranca/client'
import { NAMESPACE, type OwnTarget, startTarget } from '../cluster.ts'
import { Filler } from '../growth/filler.ts'
import { limits } from '../limits.ts'
import { metricOf } from '../nodes.ts'
import { leaderStatus, untilLevel } from './level.ts'

/** One member alone, killed by SIGKILL and started again. */
export interface StartRow {
  /** `start-log/64`, `start-state/100000` */
  readonly id: string
  /** MiB of log since the last checkpoint, or locks that are held. */
  readonly size: number
  readonly entries: number
  readonly logBytes: number | undefined
  /** From the start of the process until it serves. */
  readonly startSeconds: number
  /** Of a new member, from its being added until it is level: it is sent a snapshot. Of `start-state` only. */
  readonly joinSeconds: number | undefined
}

interface RestartOptions {
  readonly home: string
  readonly signal: AbortSignal
}

const MIB = 1024 * 1024
/** So that everything is read from the log. */
const NEVER = { entries: 1_000_000, size: 1 << 30, keepSize: 1 << 30 } as const

/** Against the size of the log: no checkpoint is made meanwhile. */
export async function measureStartByLog(mib: number, { home, signal }: RestartOptions): Promise<StartRow> {
  const target = await startTarget({ home, isLicensed: false, signal, members: 1, checkpoint: NEVER })
  const filler = new Filler()
  try {
    const { addresses } = target
    if (mib > 0) {
      await filler.fill({ stock: 'log-bytes', addresses, namespace: NAMESPACE, from: 0, to: mib * MIB })
    }
    return { id: `start-log/${mib}`, size: mib, ...(await crash(target, signal)), joinSeconds: undefined }
  } finally {
    filler.kill()
    await target.close()
  }
}

/** Against the size of the state, with checkpoints as shipped; then a member joins. */
export async function measureStartByState(
  locks: number,
  { home, signal }: RestartOptions,
): Promise<StartRow> {
  const target = await startTarget({ home, isLicensed: false, signal, members: 1 })
  const filler = new Filler()
  try {
    const { addresses } = target
    if (locks > 0) {
      await filler.fill({ stock: 'locks-held', addresses, namespace: NAMESPACE, from: 0, to: locks })
    }
    const crashed = await crash(target, signal)
    const joinSeconds = await join(target, signal)
    return { id: `start-state/${locks}`, size: locks, ...crashed, joinSeconds }
  } finally {
    filler.kill()
    await target.close()
  }
}

async function crash(
  { cluster }: OwnTarget,
  signal: AbortSignal,
): Promise<Pick<StartRow, 'startSeconds' | 'entries' | 'logBytes'>> {
  const [member] = cluster.members
  const { name, admin: metrics, client } = member!
  const admin = openAdmin([client])
  try {
    const { lastIndex } = await leaderStatus(admin, { client })
    const logBytes = await metricOf(metrics, 'tranca_log_size_bytes')
    await cluster.kill(name)
    const startedMs = performance.now()
    await cluster.restart(name)
    await cluster.whenReady({ timeoutMs: limits.recoveryTimeoutMs, signal })
    return { startSeconds: (performance.now() - startedMs) / 1_000, entries: lastIndex, logBytes }
  } finally {
    await admin.close()
  }
}

async function join({ cluster, addresses }: OwnTarget, signal: AbortSignal): Promise<number> {
  const [first] = cluster.members
  const admin = openAdmin(addresses)
  try {
    const { id, name, client, peer } = await cluster.addMember()
    const startedMs = performance.now()
    await admin.request({ op: 'member.add', id, name, client, peer })
    await untilLevel(admin, first!, id, signal)
    return (performance.now() - startedMs) / 1_000
  } finally {
    await admin.close()
  }
}
