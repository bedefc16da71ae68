import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseArguments } from '../src/drill/arguments.ts'
import { drill } from '../src/drill/drill.ts'
import { exitCodes } from '../src/drill/exit-codes.ts'
import type { ManagedSystem } from '../src/drill/system.ts'
import { openMembers } from '../src/peers/members.ts'
import type { Peer } from '../src/peers/peer.ts'
import { PeerServer } from '../src/peers/server.ts'

// Peers of node processes: three servers that only live, and a load program that says what it is told to say.

// Real processes on a machine that may be busy: the deadlines within are what bounds a test.
t.setTimeout(300_000)
const report = JSON.stringify({
  ...{ operations: 500, elapsedMs: 250, cpuSeconds: 0.2, silenceMs: 7 },
  ...{ meanMs: 2, p50Ms: 1.5, p99Ms: 4, p999Ms: 5, maxMs: 6 },
})
const started: number[] = []

/** @param duringLoad JavaScript that the load program runs before it answers; `pids`: of the servers. */
function fakePeer(duringLoad: string): Pick<Peer, 'build' | 'start'> {
  const load = `
    const pids = process.argv[1].split(',').map(Number)
    process.stdin.on('data', () => { ${duringLoad}; console.log('${report}') })
    console.log('{"ready":true}')`
  return {
    build: async () => [process.execPath, '-e', load],
    start: async (directory, signal) => {
      const running: PeerServer[] = []
      const logOf = (position: number): string => join(directory, `peer${position + 1}.log`)
      return openMembers({
        count: 3,
        startMember: (position) => {
          const name = `peer${position + 1}`
          const command = [
            process.execPath,
            '-e',
            "console.log('at work'); setInterval(() => undefined, 1_000)",
          ]
          const server = new PeerServer({ name, command, directory, logFile: logOf(position) })
          running[position] = server
          started.push(server.pid!)
          return server
        },
        isReady: async (position) =>
          readFileSync(logOf(position), 'utf8') !== '' && isAlive(running[position]!.pid!),
        isLeader: async (position) => position === 0,
        about: async () => ({
          version: '1.0',
          settings: 'fake',
          addresses: running.map(({ pid }) => pid).join(','),
        }),
        signal,
      })
    },
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** A cluster in which everything goes well, or in which the leader cannot be killed. */
function fakeCluster(kill: () => Promise<void> = async () => undefined): ManagedSystem {
  const verdict = {
    ...{ answered: 10, lost: [], doubled: [], surprises: [] },
    audit: { ok: true, verdicts: [] },
    history: { verdict: 'ok', operations: 0, findings: [] },
  }
  const nothing = async (): Promise<void> => undefined
  return {
    members: ['n1'],
    load: { take: async () => ({}), answered: nothing },
    leader: async () => 'n1',
    kill,
    ...{ start: nothing, whenHealthy: nothing, close: nothing },
    judge: async () => ({ verdict, operations: [] }),
  } as unknown as ManagedSystem
}

async function drilled(
  home: string,
  system: ManagedSystem,
  peers: Partial<Record<'etcd' | 'etcd-tuned' | 'zookeeper', string>>,
) {
  const json = join(home, 'seen.json')
  const names = Object.keys(peers).join(',')
  const args = ['kill-leader', '--trials', '1', '--seed', '1', '--peer', names, '--json', json]
  const said: string[] = []
  const code = await drill(parseArguments(args), {
    command: 'npm run drill',
    home,
    peers: {
      etcd: fakePeer(peers.etcd ?? ''),
      'etcd-tuned': fakePeer(peers['etcd-tuned'] ?? ''),
      zookeeper: fakePeer(peers.zookeeper ?? ''),
    },
    signal: new AbortController().signal,
    say: (line) => said.push(line),
    open: async () => system,
  })
  return { code, said: said.join('\n'), seen: JSON.parse(readFileSync(json, 'utf8')) as object }
}

await t.test(
  'a peer that fails in the middle is told with its reason, and all others are kept',
  async (t) => {
    const { code, said, seen } = await drilled(t.testdir(), fakeCluster(), {
      // Somebody else kills a server that was not to be harmed.
      'etcd-tuned': `process.kill(pids[2], 'SIGKILL')`,
      zookeeper: `process.kill(process.pid, 'SIGKILL'); for (;;);`,
      etcd: '',
    })
    t.equal(code, exitCodes.failed)
    const byServer = 'peer3 ended (SIGKILL): at work'
    const byLoad = 'the load program ended (SIGKILL): without a word'
    t.match(said, `FAILED: etcd-tuned: ${byServer}`)
    t.match(said, `FAILED: zookeeper: ${byLoad}`)
    t.match(
      said,
      'trial 1: 7 ms without an answer\n  etcd 1.0 (fake): no answer for 7.00 ms, median of 1 trial',
    )
    t.match(seen, {
      results: [{ scenario: 'kill-leader', ok: true }],
      peers: [{ name: 'etcd', gapsMs: [7] }],
      failed: [
        { scenario: 'kill-leader', peer: 'etcd-tuned', reason: byServer },
        { scenario: 'kill-leader', peer: 'zookeeper', reason: byLoad },
      ],
    })
    t.same(started.filter(isAlive), [], 'no server is left')
  },
)

await t.test('peers are drilled to the end where our own cluster failed', async (t) => {
  const stubborn = fakeCluster(async () => {
    throw new Error('the victim cannot be killed')
  })
  const { code, said, seen } = await drilled(t.testdir(), stubborn, { etcd: '' })
  t.equal(code, exitCodes.failed)
  t.match(said, 'FAILED: the victim cannot be killed')
  t.match(said, 'no answer for 7.00 ms, median of 1 trial; of Tranca not known')
  t.match(seen, { results: [{ ok: false }], peers: [{ name: 'etcd' }], failed: [] })
  const whole = await drilled(t.testdir(), fakeCluster(), { etcd: '', zookeeper: '' })
  t.equal(whole.code, exitCodes.ok)
})
