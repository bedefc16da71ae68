import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { choosePorts, type MemberPorts } from 'tranca/dev-cluster'
import { runCommand } from './command.ts'
import { limits } from './limits.ts'
import { isBuilt, sourceOf } from './load-source.ts'
import { openMembers } from './members.ts'
import type { Peer } from './peer.ts'
import { answersOn } from './probe.ts'
import { PeerServer } from './server.ts'

/** Its manifest names what it depends on. */
const JAR = '/usr/share/java/zookeeper.jar'
const MEMBERS = 3

/** Three members with the settings of Debian's example (ticks of 2 s), driven by ZooKeeper's own Java client. */
export const zookeeper: Peer = {
  name: 'zookeeper',
  needsPackages: true,
  works: {
    lock: 'create of an ephemeral node, and delete',
    sequence: 'setData of one node, the version is the number',
    'hand-over': 'the recipe of locks: ephemeral sequential nodes, each watches the one before it',
  },
  build: async (directory, signal) => {
    const source = sourceOf('zookeeper/Load.java')
    if (!isBuilt(join(directory, 'Load.class'), source)) {
      const command = ['javac', '-cp', JAR, '-d', directory, source]
      await runCommand(command, { timeoutMs: limits.buildTimeoutMs, signal })
    }
    return ['java', '-cp', `${directory}:${JAR}`, 'Load']
  },
  start: async (directory, signal) => {
    const ports = await choosePorts('free', MEMBERS)
    for (const position of ports.keys()) writeConfig(directory, ports, position)
    return openMembers({
      count: MEMBERS,
      startMember: (position) => startMember(directory, position),
      isReady: async (position) => /^Mode: /m.test(await report(ports[position]!)),
      isLeader: async (position) => /^Mode: leader/m.test(await report(ports[position]!)),
      about: async () => ({
        version: /^Zookeeper version: ([^-,\s]+)/m.exec(await report(ports[0]!))?.[1] ?? 'unknown',
        settings: 'three members, ticks of 2 s',
        addresses: ports.map(({ client }) => `127.0.0.1:${client}`).join(','),
      }),
      // Faster than from all members, which pass writes on.
      leaderAddress: (position) => `127.0.0.1:${ports[position]!.client}`,
      signal,
    })
  },
}

function writeConfig(directory: string, ports: readonly MemberPorts[], position: number): void {
  const number = position + 1
  const data = join(directory, `zookeeper${number}`)
  mkdirSync(data)
  writeFileSync(join(data, 'myid'), `${number}\n`)
  const lines = [
    'tickTime=2000',
    'initLimit=10',
    'syncLimit=5',
    `dataDir=${data}`,
    `clientPort=${ports[position]!.client}`,
    'clientPortAddress=127.0.0.1',
    // Above the standard bound of clients of one address.
    'maxClientCnxns=0',
    'admin.enableServer=false',
    '4lw.commands.whitelist=srvr',
    ...ports.map(({ peer, admin }, other) => `server.${other + 1}=127.0.0.1:${peer}:${admin}`),
  ]
  writeFileSync(join(data, 'zoo.cfg'), `${lines.join('\n')}\n`)
}

function startMember(directory: string, position: number): PeerServer {
  const name = `zookeeper${position + 1}`
  const data = join(directory, name)
  const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain'
  return new PeerServer({
    name,
    command: ['java', '-cp', JAR, main, join(data, 'zoo.cfg')],
    directory: data,
    logFile: join(directory, `${name}.log`),
  })
}

/** The four-letter word `srvr`; empty until the member serves. */
function report({ client }: MemberPorts): Promise<string> {
  return answersOn(client, 'srvr')
}
