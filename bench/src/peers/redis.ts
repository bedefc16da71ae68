import { join } from 'node:path'
import { choosePorts } from 'tranca/dev-cluster'
import { runCommand } from './command.ts'
import { limits } from './limits.ts'
import { isBuilt, sourceOf } from './load-source.ts'
import type { Peer } from './peer.ts'
import { answersOn } from './probe.ts'
import { PeerServer } from './server.ts'

/** One server that writes before it answers: what a user would pick in place of a cluster. Driven through hiredis. */
export const redis: Peer = {
  name: 'redis',
  needsPackages: true,
  works: {
    lock: 'SET NX PX, and a script that compares and deletes',
    sequence: 'INCR',
  },
  build: async (directory, signal) => {
    const source = sourceOf('redis/load.c')
    const program = join(directory, 'redis-load')
    if (!isBuilt(program, source)) {
      const command = ['cc', '-O2', '-Wall', '-o', program, source, '-lhiredis']
      await runCommand(command, { timeoutMs: limits.buildTimeoutMs, signal })
    }
    return [program]
  },
  start: async (directory, signal) => {
    const [ports] = await choosePorts('free', 1)
    const port = ports!.client
    const options = {
      port: String(port),
      bind: '127.0.0.1',
      dir: directory,
      appendonly: 'yes',
      appendfsync: 'always',
      save: '',
    }
    const args = Object.entries(options).flatMap(([option, value]) => [`--${option}`, value])
    const server = new PeerServer({
      name: 'redis',
      command: ['redis-server', ...args],
      directory,
      logFile: join(directory, 'redis.log'),
    })
    try {
      await server.whenReady(async () => (await answersOn(port, 'PING\r\n')).startsWith('+PONG'), signal)
    } catch (error) {
      await server.kill()
      throw error
    }
    const printed = await answersOn(port, 'INFO server\r\n')
    return {
      version: /redis_version:(\S+)/.exec(printed)?.[1] ?? 'unknown',
      settings: 'one server, appendfsync always',
      addresses: `127.0.0.1:${port}`,
      fastAddresses: async () => `127.0.0.1:${port}`,
      pids: () => [server.pid!],
      close: () => server.kill(),
    }
  },
}
