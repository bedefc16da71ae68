import type { MemberEntry } from './members/address-book.ts'
import type { PeerHub } from './peers/peer-hub.ts'
import type { Replica } from './replica/replica.ts'

/** What `status` and `health` are made of; see the protocol's operations of the same names. */
export interface ReportSources {
  readonly self: {
    readonly id: number
    readonly name: string
    readonly cluster: string
    readonly version: string
  }
  readonly replica: Replica | undefined
  readonly peers: PeerHub
  readonly members: readonly MemberEntry[]
  readonly leader: { readonly node: number; readonly address: string; readonly name: string } | undefined
  readonly uptimeMs: number
  readonly connections: number
  readonly digest: { readonly index: number; readonly digest: string } | undefined
  readonly commitLatencyMs: number | undefined
  /** Why this node takes no part yet, or not as a voter; undefined when it does. */
  readonly standing: string | undefined
  readonly diskFull: boolean
}

export function roleOf(sources: Pick<ReportSources, 'replica' | 'self'>): string {
  const { replica, self } = sources
  if (!replica) return 'follower'
  if (replica.confState.learners.includes(self.id)) return 'learner'
  const { role } = replica.leadership
  return role === 'preCandidate' ? 'candidate' : role
}

export function statusReport(sources: ReportSources): object {
  const { self, replica, members, leader } = sources
  const status = replica?.raft.status()
  const lastIndex = status?.lastIndex ?? 0
  const counts = replica?.ledger.counts()
  return {
    node: self.id,
    name: self.name,
    cluster: self.cluster,
    version: self.version,
    role: roleOf(sources),
    term: status?.hardState.term ?? 0,
    ...(leader && { leader }),
    commit: status?.hardState.commit ?? 0,
    applied: replica?.applied ?? 0,
    lastIndex,
    members: members.map((member) => {
      const progress = status?.progress.find((one) => one.id === member.id)
      return {
        id: member.id,
        name: member.name,
        peer: member.peer,
        client: member.client,
        role: replica?.confState.learners.includes(member.id) ? 'learner' : 'voter',
        drained: member.drained,
        alive: member.id === self.id || sources.peers.isConnected(member.id),
        ...(progress && {
          match: progress.match,
          lag: Math.max(0, lastIndex - progress.match),
          state: progress.state,
        }),
      }
    }),
    uptimeMs: Math.round(sources.uptimeMs),
    draining: members.some((member) => member.id === self.id && member.drained),
    connections: sources.connections,
    revision: replica?.ledger.revision ?? 0,
    ...counts,
    ...(sources.digest && { hash: sources.digest }),
    memory: { rssBytes: process.memoryUsage.rss(), heapUsedBytes: process.memoryUsage().heapUsed },
    ...(sources.commitLatencyMs !== undefined && { commitLatencyMs: sources.commitLatencyMs }),
  }
}

/** By meaning, not by an open port (domain section 7). */
export function healthReport(sources: ReportSources): {
  ok: boolean
  leader: boolean
  reasons: string[]
  commitLatencyMs?: number
} {
  const { replica } = sources
  const reasons: string[] = []
  if (sources.standing !== undefined) reasons.push(sources.standing)
  if (replica && !sources.leader) reasons.push('no leader is known')
  if (replica && replica.leadership.role === 'leader' && !replica.isServing) {
    reasons.push('leads, but has not committed an entry of its term yet')
  }
  if (sources.diskFull) reasons.push('the disk is full')
  return {
    ok: reasons.length === 0,
    leader: (replica?.isServing ?? false) && !sources.diskFull,
    reasons,
    ...(sources.commitLatencyMs !== undefined && { commitLatencyMs: sources.commitLatencyMs }),
  }
}
