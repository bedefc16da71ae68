import { join } from 'node:path'
import { choosePorts } from 'tranca/dev-cluster'
import { runCommand } from './command.ts'
import { limits } from './limits.ts'
import { isBuilt, sourceOf } from './load-source.ts'
import { openMembers } from './members.ts'
import type { Peer, PeerServers } from './peer.ts'
import { PeerServer } from './server.ts'

/** Three members with the settings as shipped, driven by etcd's own Go client. */
export const etcd: Peer = {
  name: 'etcd',
  needsPackages: true,
  works: {
    lock: 'Lock and Unlock of a concurrency.Mutex',
    sequence: 'Put of one key, the revision is the number',
    'hand-over': 'one concurrency.Mutex',
  },
  build: async (directory, signal) => {
    const source = sourceOf('etcd/load.go')
    const program = join(directory, 'etcd-load')
    if (!isBuilt(program, source)) {
      // Debian's packages are a GOPATH; nothing is downloaded.
      const env = {
        GO111MODULE: 'off',
        GOPATH: '/usr/share/gocode',
        GOCACHE: join(directory, 'go-cache'),
        GOFLAGS: '',
      }
      const timeoutMs = limits.buildTimeoutMs
      await runCommand(['go', 'build', '-o', program, source], { env, timeoutMs, signal })
    }
    return [program]
  },
  start: async (directory, signal) => startEtcd(directory, [], signal),
}

/** Heartbeats and elections as short as on a good network. */
const tuned = ['--heartbeat-interval', '20', '--election-timeout', '200']

export function startTunedEtcd(directory: string, signal: AbortSignal): Promise<PeerServers> {
  return startEtcd(directory, tuned, signal)
}

/** @param extra arguments of each member */
async function startEtcd(
  directory: string,
  extra: readonly string[],
  signal: AbortSignal,
): Promise<PeerServers> {
  const ports = await choosePorts('free', 3)
  const names = ports.map((_, position) => `etcd${position + 1}`)
  const urls = ports.map(({ client }) => `http://127.0.0.1:${client}`)
  const cluster = ports.map(({ peer }, position) => `${names[position]}=http://127.0.0.1:${peer}`).join(',')
  const startMember = (position: number): PeerServer => {
    const name = names[position]!
    const url = urls[position]!
    const peerUrl = `http://127.0.0.1:${ports[position]!.peer}`
    const options = {
      name,
      'data-dir': join(directory, name),
      'listen-client-urls': url,
      'advertise-client-urls': url,
      'listen-peer-urls': peerUrl,
      'initial-advertise-peer-urls': peerUrl,
      'initial-cluster': cluster,
      'initial-cluster-state': 'new',
      logger: 'zap',
      'log-level': 'error',
    }
    const args = Object.entries(options).flatMap(([option, value]) => [`--${option}`, value])
    const command = ['etcd', ...args, ...extra]
    return new PeerServer({ name, command, directory, logFile: join(directory, `${name}.log`) })
  }
  return openMembers({
    count: ports.length,
    startMember,
    isReady: async (position) => (await statusOf(urls[position]!)).leader !== undefined,
    isLeader: async (position) => {
      const { leader, member } = await statusOf(urls[position]!)
      return leader !== undefined && leader === member
    },
    about: async () => ({
      version: (await statusOf(urls[0]!)).version ?? 'unknown',
      settings: ['three members', extra.length === 0 ? 'settings as shipped' : extra.join(' ')].join(', '),
      addresses: urls.join(','),
    }),
    // Half again as fast as from all members, which pass writes on.
    leaderAddress: (position) => urls[position]!,
    signal,
  })
}

interface Status {
  readonly member?: string | undefined
  readonly leader?: string | undefined
  readonly version?: string | undefined
}

/** What a member says of itself (etcd's gRPC gateway, `/v3/maintenance/status`); empty until it knows a leader. */
async function statusOf(url: string): Promise<Status> {
  try {
    const response = await fetch(`${url}/v3/maintenance/status`, {
      method: 'POST',
      body: '{}',
      signal: AbortSignal.timeout(1_000),
    })
    const { leader, version, header } = (await response.json()) as {
      leader?: string
      version?: string
      header?: { member_id?: string }
    }
    return leader === undefined || leader === '0' ? {} : { leader, version, member: header?.member_id }
  } catch {
    return {}
  }
}
