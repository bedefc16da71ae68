import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { choosePorts } from 'tranca/dev-cluster'
import { runCommand } from './command.ts'
import { limits } from './limits.ts'
import { isBuilt, sourceOf } from './load-source.ts'
import type { Peer, PeerServers } from './peer.ts'
import { PeerServer } from './server.ts'

/** Three members with the settings as shipped, driven by etcd's own Go client. */
export const etcd: Peer = {
  name: 'etcd',
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

interface Member {
  readonly server: PeerServer
  readonly url: string
}

/** @param extra arguments of each member */
async function startEtcd(
  directory: string,
  extra: readonly string[],
  signal: AbortSignal,
): Promise<PeerServers> {
  const ports = await choosePorts('free', 3)
  const names = ports.map((_, position) => `etcd${position + 1}`)
  const cluster = ports.map(({ peer }, position) => `${names[position]}=http://127.0.0.1:${peer}`).join(',')
  mkdirSync(directory, { recursive: true })
  const members = ports.map(({ client, peer }, position): Member => {
    const name = names[position]!
    const [url, peerUrl] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`]
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
    return {
      server: new PeerServer({ name, command, directory, logFile: join(directory, `${name}.log`) }),
      url,
    }
  })
  const close = async (): Promise<void> => {
    await Promise.all(members.map(({ server }) => server.kill()))
  }
  try {
    for (const { server, url } of members) {
      await server.whenReady(async () => (await statusOf(url)).leader !== undefined, signal)
    }
    return {
      version: (await statusOf(members[0]!.url)).version ?? 'unknown',
      settings: ['three members', ...(extra.length === 0 ? ['settings as shipped'] : extra)].join(', '),
      addresses: members.map(({ url }) => url).join(','),
      pids: () => members.flatMap(({ server }) => server.pid ?? []),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** What a member says of itself (etcd's gRPC gateway, `/v3/maintenance/status`); empty if it does not answer. */
async function statusOf(url: string): Promise<{ leader?: string; version?: string }> {
  try {
    const response = await fetch(`${url}/v3/maintenance/status`, {
      method: 'POST',
      body: '{}',
      signal: AbortSignal.timeout(1_000),
    })
    const { leader, version } = (await response.json()) as { leader?: string; version?: string }
    return leader === undefined || leader === '0' ? {} : { leader, ...(version && { version }) }
  } catch {
    return {}
  }
}
