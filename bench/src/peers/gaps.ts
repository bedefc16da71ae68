import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { median } from '../measure/median.ts'
import { PeerError } from './errors.ts'
import { limits } from './limits.ts'
import { LoadProgram } from './load-program.ts'
import type { DrilledName, Peer, PeerMembers, PeerServers } from './peer.ts'

/** What can be done to the leader of a peer. */
export const peerFaults = ['kill-leader', 'pause-leader'] as const
export type PeerFault = (typeof peerFaults)[number]

export interface PeerGaps {
  readonly name: DrilledName
  readonly version: string
  readonly settings: string
  readonly fault: PeerFault
  /** Of each trial: the longest time in which no client had an answer to a write. */
  readonly gapsMs: readonly number[]
  readonly medianMs: number
}

/**
 * Harms the leader of an installed peer while clients write without ever stopping, again and again in one cluster.
 *
 * @throws PeerError
 */
export async function measureGaps(options: {
  readonly name: DrilledName
  readonly peer: Pick<Peer, 'build' | 'start'>
  readonly fault: PeerFault
  readonly trials: number
  readonly clients: number
  readonly home: string
  readonly signal: AbortSignal
  readonly onTrial: (number: number, gapMs: number) => void
}): Promise<PeerGaps> {
  const { name, peer, fault, home, signal } = options
  const built = join(home, 'peers')
  mkdirSync(built, { recursive: true })
  const command = await peer.build(built, signal)
  const directory = mkdtempSync(join(home, 'peers-'))
  let servers: PeerServers | undefined
  try {
    servers = await peer.start(directory, signal)
    const gapsMs: number[] = []
    for (let number = 1; number <= options.trials; number++) {
      const gapMs = await runTrial(servers, command, options)
      gapsMs.push(gapMs)
      options.onTrial(number, gapMs)
    }
    const { version, settings } = servers
    return { name, version, settings, fault, gapsMs, medianMs: median(gapsMs) }
  } finally {
    await servers?.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function runTrial(
  servers: PeerServers,
  command: readonly string[],
  options: { readonly fault: PeerFault; readonly clients: number; readonly signal: AbortSignal },
): Promise<number> {
  const { fault, clients, signal } = options
  const members = servers.members!
  const program = await LoadProgram.open(command, { addresses: servers.addresses, work: 'writes', clients })
  const stop = (): void => program.close()
  signal.addEventListener('abort', stop, { once: true })
  try {
    const leader = await members.leader(signal)
    const [warmMs, recordMs] = [limits.gapWarmMs, limits.gapRecordMs[fault]]
    const [report] = await Promise.all([
      program.run({ warmMs, recordMs }),
      delay(warmMs + limits.gapFaultAfterMs).then(() => harm(members, leader, fault)),
    ])
    await mend(members, leader, fault, signal)
    // What had not ended when the recording did is not a time.
    if (report.silenceMs >= recordMs - limits.gapFaultAfterMs) {
      throw new PeerError(`no answer in the ${recordMs} ms that were recorded`)
    }
    return report.silenceMs
  } finally {
    signal.removeEventListener('abort', stop)
    program.close()
  }
}

async function harm(members: PeerMembers, leader: number, fault: PeerFault): Promise<void> {
  if (fault === 'kill-leader') await members.server(leader).kill()
  else members.server(leader).signal('SIGSTOP')
}

async function mend(
  members: PeerMembers,
  leader: number,
  fault: PeerFault,
  signal: AbortSignal,
): Promise<void> {
  if (fault === 'kill-leader') members.restart(leader)
  else members.server(leader).signal('SIGCONT')
  await members.whenReady(signal)
}
