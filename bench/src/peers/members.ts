import { setTimeout as delay } from 'node:timers/promises'
import { PeerError } from './errors.ts'
import { limits } from './limits.ts'
import type { PeerServers } from './peer.ts'
import type { PeerServer } from './server.ts'

/** Starts the members of a peer, and waits until all serve. */
export async function openMembers(options: {
  readonly count: number
  readonly startMember: (position: number) => PeerServer
  readonly isReady: (position: number) => Promise<boolean>
  readonly isLeader: (position: number) => Promise<boolean>
  /** Asked when all serve. */
  readonly about: () => Promise<Pick<PeerServers, 'version' | 'settings' | 'addresses'>>
  /** Of one member, if clients are faster with the leader alone. */
  readonly leaderAddress?: (position: number) => string
  readonly signal: AbortSignal
}): Promise<PeerServers> {
  const { count, startMember, isReady, isLeader, about, leaderAddress, signal } = options
  const positions = Array.from({ length: count }, (_, position) => position)
  const servers = positions.map(startMember)
  const whenReady = async (until: AbortSignal): Promise<void> => {
    for (const position of positions) await servers[position]!.whenReady(() => isReady(position), until)
  }
  const leader = async (until: AbortSignal): Promise<number> => {
    const endMs = performance.now() + limits.startTimeoutMs
    while (performance.now() < endMs) {
      until.throwIfAborted()
      for (const position of positions) if (await isLeader(position)) return position
      await delay(limits.pollMs)
    }
    throw new PeerError(`no leader in ${limits.startTimeoutMs} ms`)
  }
  const close = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.kill()))
  }
  const restart = (position: number): void => {
    servers[position] = startMember(position)
  }
  try {
    await whenReady(signal)
    const members = { leader, whenReady, restart, server: (position: number) => servers[position]! }
    const told = await about()
    const fastAddresses = async (until: AbortSignal): Promise<string> =>
      leaderAddress === undefined ? told.addresses : leaderAddress(await leader(until))
    const pids = (): number[] => servers.flatMap(({ pid }) => pid ?? [])
    return { ...told, fastAddresses, pids, members, close }
  } catch (error) {
    await close()
    throw error
  }
}
