import { setTimeout as delay } from 'node:timers/promises'
import type { Admin, NodeStatus } from '@tranca/client'
import { limits } from '../limits.ts'

/** Entries that a member may be behind and count as level: under load there are always some on their way. */
const LEVEL_ENTRIES = 8

export async function leaderStatus(
  admin: Admin,
  { client }: { readonly client: string },
): Promise<NodeStatus> {
  return (await admin.ask(client, 'status', { deadlineMs: limits.commandTimeoutMs })).status
}

/** Waits until the leader counts a member as level. */
export async function untilLevel(
  admin: Admin,
  leader: { readonly client: string },
  id: number,
  signal: AbortSignal,
): Promise<void> {
  const deadlineMs = performance.now() + limits.recoveryTimeoutMs
  while (performance.now() < deadlineMs) {
    const { members } = await leaderStatus(admin, leader)
    const found = members.find((member) => member.id === id)
    if (found?.alive && found.state === 'replicate' && (found.lag ?? Infinity) <= LEVEL_ENTRIES) return
    await delay(limits.recoveryPollMs, undefined, { signal })
  }
  throw new Error(`member ${id} is not level after ${limits.recoveryTimeoutMs} ms`)
}
