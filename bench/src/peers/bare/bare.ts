import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { choosePorts } from 'tranca/dev-cluster'
import { limits } from '../limits.ts'
import type { Peer } from '../peer.ts'
import { answersOn } from '../probe.ts'
import { PeerServer } from '../server.ts'
import { frameOf, REQUEST_SIZE } from './frames.ts'

const programOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/**
 * The floor: three Node processes that pass a request's bytes on, sync them at the leader and both followers, and
 * answer when one follower has them. No Raft, no ledger, no sessions, no checks; one entry in flight, for whose
 * successor nine tenths of the clients are waited for, as Tranca does. What a service in this runtime can reach with
 * this way of writing, before it does any work.
 */
export const bare: Peer = {
  name: 'bare',
  needsPackages: false,
  works: {
    lock: 'two requests, one after the other, whose bytes are replicated and synced, and nothing else',
    sequence: 'one such request',
  },
  build: async () => [process.execPath, programOf('load-main.js')],
  start: async (directory, signal) => {
    const ports = (await choosePorts('free', 3)).map(({ client }) => client)
    const servers: PeerServer[] = []
    const close = async (): Promise<void> => {
      await Promise.all(servers.map((server) => server.kill()))
    }
    /** Starts a server and waits until it answers. */
    const begin = async (position: number, question: Buffer, followers: readonly number[]): Promise<void> => {
      const name = `bare${position + 1}`
      const args = [join(directory, name), ports[position]!, ...followers]
      const server = new PeerServer({
        name,
        command: [process.execPath, programOf('server-main.js'), ...args.map(String)],
        directory,
        logFile: join(directory, `${name}.log`),
      })
      servers.push(server)
      await server.whenReady(async () => (await answersOn(ports[position]!, question)) !== '', signal)
    }
    try {
      for (const position of [1, 2]) await begin(position, frameOf([]), [])
      // The leader's answer comes only by way of the followers.
      await begin(0, Buffer.alloc(REQUEST_SIZE), ports.slice(1))
    } catch (error) {
      await close()
      throw error
    }
    return {
      version: process.version,
      settings: `three processes, O_DSYNC, pauses of at most ${limits.barePauseMs} ms`,
      addresses: `127.0.0.1:${ports[0]}`,
      fastAddresses: async () => `127.0.0.1:${ports[0]}`,
      pids: () => servers.flatMap(({ pid }) => pid ?? []),
      close,
    }
  },
}
