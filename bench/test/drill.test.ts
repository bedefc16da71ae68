import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkHistory, parseHistory, writeHistory } from '@tranca/history'
import { UsageError } from '@tranca/tool'
import t from 'tap'
import { helpText, parseArguments } from '../src/drill/arguments.ts'
import { partsOf } from '../src/drill/load/load.ts'
import { FAST, GAPLESS, lockName, NAMESPACE, SCOPE, specs } from '../src/drill/load/names.ts'
import { whyNoNetwork } from '../src/drill/network/ability.ts'
import { HostNetwork } from '../src/drill/network/hosts.ts'
import { operationsOf } from '../src/drill/operations.ts'
import { scenarioLines, trialLine } from '../src/drill/print.ts'
import { runScenario } from '../src/drill/run.ts'
import { scenarios } from '../src/drill/scenarios/index.ts'
import { killLeader } from '../src/drill/scenarios/kill-leader.ts'
import { pauseLeader } from '../src/drill/scenarios/pause-leader.ts'
import { silencesOf, summarize } from '../src/drill/silence.ts'
import type { ManagedSystem } from '../src/drill/system.ts'
import { tallyOf } from '../src/drill/tally.ts'
import { Trial } from '../src/drill/trial.ts'
import type { AnyRequest } from '../src/record/operation.ts'
import { Random } from '../src/workload/random.ts'
import {
  checkinOf,
  checkoutOf,
  clusterState,
  granted,
  issued,
  lockOf,
  Story,
  sequenceState,
} from './sample.ts'

function homeOf(t: { teardown(end: () => void): void }): string {
  const home = mkdtempSync(join(tmpdir(), 'tranca-drill-'))
  t.teardown(() => rmSync(home, { recursive: true, force: true }))
  return home
}

await t.test('arguments are taken as help says, and no others', async (t) => {
  t.match(parseArguments(['kill-leader']), { trials: 5, clients: 10, seed: undefined, json: undefined })
  const given = 'kill-leader promote kill-leader --trials 20 --clients 5 --seed 7 --json f.json'
  const parsed = parseArguments(given.split(' '))
  t.match(parsed, { trials: 20, clients: 5, seed: 7, json: 'f.json' })
  t.strictSame(
    parsed.scenarios.map(({ name }) => name),
    ['kill-leader', 'promote'],
    'each once',
  )
  t.equal(parseArguments(['all']).scenarios, scenarios)
  t.equal(parseArguments(['--list']).list, true)
  t.equal(parseArguments(['kill-soak', '--minutes', '3']).minutes, 3)
  for (const { name } of scenarios) t.match(helpText, new RegExp(`^  ${name} `, 'm'))
  t.throws(() => parseArguments([]), UsageError, 'a scenario has to be named')
  t.throws(
    () => parseArguments(['kill-everybody']),
    /"kill-everybody" is no scenario; there are kill-leader, /,
  )
  t.throws(() => parseArguments(['all', '--trials', '0']), /--trials: "0", expected a whole number from 1/)
  t.throws(() => parseArguments(['all', '--clients', '4']), /--clients: "4".*from 5/)
  t.throws(() => parseArguments(['all', '--seed', '1.5']), UsageError)
  t.match(parseArguments(['pause-leader', '--election', '200']), { electionMs: 200 })
  t.throws(() => parseArguments(['pause-leader', '--election', '10']), /--election: "10".*from 50/)
  t.throws(() => parseArguments(['all', '--speed']), UsageError)
})

await t.test('each kind has a client, and lock clients compete', async (t) => {
  const parts = partsOf({ addresses: ['a:1'], clients: 12, seed: 3 })
  const clients = parts.flatMap((part) => part.clients)
  t.strictSame(
    clients.map(({ number }) => number),
    Array.from({ length: 12 }, (_, number) => number),
  )
  t.equal(new Set(clients.map(({ kind }) => kind)).size, 5)
  t.ok(parts.length > 1, 'in several processes')
  t.ok(parts.every(({ locks }) => locks === 1))
})

await t.test('a silence goes from the last answer before the fault to the first one after it', async (t) => {
  const times = { lock: [1, 5, 9, 40, 44], read: [2, 8, 20, 21, 43], next: [3, 7] }
  t.strictSame(silencesOf(times, { fromMs: 10, toMs: 45 }), { lock: 31, read: 22, next: 38, all: 19 })
  t.strictSame(
    silencesOf({ lock: [1, 5, 9, 14, 60] }, { fromMs: 10, toMs: 13 }),
    { lock: 5, all: 5 },
    'what comes after the window does not count',
  )
  t.strictSame(silencesOf({ lock: [] }, { fromMs: 10, toMs: 30 }), { lock: 20, all: 20 })
})

await t.test('trials are summed up kind by kind', async (t) => {
  const trials = [{ lock: 3, all: 1 }, { lock: 1, all: 2 }, { lock: 2 }]
  t.strictSame(summarize(trials), [
    { kind: 'all', trials: 2, p50Ms: 1, p99Ms: 2, maxMs: 2 },
    { kind: 'lock', trials: 3, p50Ms: 2, p99Ms: 3, maxMs: 3 },
  ])
})

const nextFast = (owner: string): AnyRequest => ({
  op: 'sequence.next',
  owner,
  name: FAST,
  scope: SCOPE,
  count: 1,
})
const reserveGapless = (owner: string): AnyRequest => ({
  op: 'sequence.reserve',
  owner,
  name: GAPLESS,
  scope: SCOPE,
})
const confirmGapless = (owner: string, value: string): AnyRequest => {
  return { op: 'sequence.confirm', owner, name: GAPLESS, scope: SCOPE, value }
}
const readFast = (owner: string): AnyRequest => {
  return { op: 'sequence.get', owner, namespace: NAMESPACE, name: FAST, scope: SCOPE }
}
const value = (number: number): string => String(number).padStart(10, '0')
const counters = (fast: number, gapless: number, free: number[] = []) =>
  clusterState({
    sequences: [
      sequenceState({ name: FAST, scope: { ...SCOPE, period: '' }, spec: specs[FAST], last: value(fast) }),
      sequenceState({
        name: GAPLESS,
        scope: { ...SCOPE, period: '' },
        spec: specs[GAPLESS],
        last: value(gapless),
        free: free.map(value),
      }),
    ],
  })

function story(): Story {
  const story = new Story()
  const client = story.client('c1')
  story.ok(client, [0, 1], nextFast('u1'), issued(value(1)))
  story.ok(client, [2, 3], nextFast('u1'), issued(value(2)))
  story.ok(client, [4, 5], reserveGapless('u1'), { value: value(1), prefix: '', period: '', reissued: false })
  story.ok(client, [6, 7], confirmGapless('u1', value(1)), { value: value(1) })
  story.ok(client, [8, 9], lockOf('u1', lockName(0)), { token: 5, counts: [1] })
  story.ok(client, [10, 11], checkoutOf('u1'), granted(7, 1))
  story.ok(client, [12, 13], checkinOf('u1', 7), { status: 'released' })
  return story
}

await t.test('a history without a flaw has nothing lost and nothing doubled', async (t) => {
  t.strictSame(tallyOf(story(), counters(2, 1)), { lost: [], doubled: [] })
})

await t.test('what clients saw is told to the checker as it was', async (t) => {
  const told = story()
  const client = told.clients[0]!
  told.ok(client, [14, 15], readFast('u1'), { next: value(3) })
  told.refused(client, [16, 17], nextFast('u1'), 'overflow')
  told.unknown(client, 18, lockOf('u1', lockName(0)))
  const operations = operationsOf(told)
  t.strictSame(
    operations.map(({ op, status }) => `${op} ${status}`),
    [
      'seq.next ok',
      'seq.next ok',
      'seq.reserve ok',
      'seq.confirm ok',
      'lock.acquire ok',
      'pool.checkout ok',
      'pool.checkin ok',
      'seq.get ok',
      'seq.next fail',
      'lock.acquire unknown',
    ],
  )
  t.ok(parseHistory(writeHistory(operations)).ok, "it is a history to the checker's own reader")
  t.match(checkHistory(operations), { verdict: 'ok' })
  const stale = story()
  stale.ok(stale.clients[0]!, [14, 15], readFast('u1'), { next: value(2) })
  t.match(checkHistory(operationsOf(stale)), { verdict: 'violation', findings: [{ object: 'seq fast' }] })
})

await t.test('an effect that is gone is a lost request', async (t) => {
  t.match(tallyOf(story(), counters(1, 1)).lost, [
    /number 0000000002 of c1.*counter of fast is at 0000000001/,
  ])
  t.match(tallyOf(story(), counters(2, 1, [1])).lost, [/number 0000000001 was confirmed.*open again/])
  t.equal(tallyOf(story(), clusterState()).lost.length, 3, 'counters are gone')
  const unanswered = story()
  unanswered.unknown(unanswered.clients[0]!, 20, nextFast('u1'))
  t.match(tallyOf(unanswered, counters(3, 1)), { lost: [/never answered/], doubled: [] })
  const back = story()
  back.ok(back.clients[0]!, [20, 21], lockOf('u1', lockName(0)), { token: 4, counts: [1] })
  t.match(tallyOf(back, counters(2, 1)).lost, [/token 4 of c1.*came after 5/])
  const grants = [{ grant: 7, product: 4_000, session: 1, owner: 'u1' }]
  const licenses = { serial: 1, products: [], grants, usageFromMs: 0, usage: [] }
  t.match(tallyOf(story(), { ...counters(2, 1), licenses }).lost, [/grant 7 was given back/])
})

await t.test('a second effect is a doubled request', async (t) => {
  t.match(tallyOf(story(), counters(3, 1)).doubled, [
    /number 0000000003 of fast was issued, and nobody asked/,
  ])
  t.match(tallyOf(story(), counters(2, 2)).doubled, [/number 0000000002 of gapless/])
  const twice = story()
  const other = twice.client('c2')
  twice.ok(other, [20, 21], nextFast('u2'), issued(value(2)))
  twice.ok(other, [22, 23], reserveGapless('u2'), { value: value(1), prefix: '', period: '', reissued: true })
  twice.ok(other, [24, 25], lockOf('u2', lockName(0)), { token: 5, counts: [1] })
  twice.ok(other, [26, 27], checkoutOf('u2'), granted(7, 1))
  t.match(tallyOf(twice, counters(2, 1)).doubled, [/0000000002/, /0000000001/, /token 5/, /grant 7/])
})

await t.test(
  'the leader is killed, the clients are served again, and nothing is lost or doubled',
  async (t) => {
    const home = homeOf(t)
    const signal = new AbortController().signal
    const lines: string[] = []
    const result = await runScenario(killLeader, {
      trials: 1,
      clients: 5,
      seed: 11,
      home,
      signal,
      onTrial: (trial) => void lines.push(trialLine(trial)),
    })
    t.match(result, { ok: true, scenario: 'kill-leader', seed: 11, failure: undefined })
    t.match(result.verdict, {
      lost: [],
      doubled: [],
      surprises: [],
      audit: { ok: true },
      history: { verdict: 'ok' },
    })
    t.ok(result.verdict!.answered > 50, `${result.verdict?.answered} requests were answered`)
    const [trial] = result.trials
    t.match(
      trial?.events.map(({ text }) => text),
      [/^n\d killed$/, 'all kinds answered', /^n\d started$/, /healthy/],
    )
    for (const kind of ['lock', 'next', 'gapless', 'read', 'license', 'all'] as const) {
      t.ok(trial!.silences[kind]! > 0, `${kind} was silent for ${trial?.silences[kind]} ms`)
    }
    t.match(lines, [/trial 1: n\d killed; without an answer, ms: lock [\d.]+, next /])
    const text = scenarioLines(result).join('\n')
    t.match(text, /requests answered \d.*, lost 0, doubled 0\n/)
    t.match(text, /audit: ok/)
    t.match(text, /history: ok \(\d/)
    t.match(text, /all held$/)
    t.strictSame(readdirSync(home), [], 'nothing is left behind')
  },
)

await t.test('a leader that was stopped finds reads in its sockets when it goes on', async (t) => {
  const said: string[] = []
  const say = (text: string) => async (): Promise<void> => void said.push(text)
  const load = { take: async () => ({}), answered: say('served') }
  const readers = { ask: say('ask'), answered: say('answered') }
  const system = {
    members: ['n1', 'n2'],
    load,
    leader: async () => 'n1',
    readersOf: async () => readers,
    pause: say('pause'),
    resume: say('resume'),
    whenHealthy: say('healthy'),
  } as unknown as ManagedSystem
  const signal = new AbortController().signal
  await pauseLeader.run(new Trial({ number: 1, random: new Random(1), system, signal }))
  t.strictSame(said, ['pause', 'served', 'ask', 'resume', 'answered', 'healthy', 'served'])
})

await t.test('a drill that fails says why, keeps the logs, and ends what it started', async (t) => {
  const home = homeOf(t)
  let closed = 0
  const system = {
    members: ['n1'],
    load: { take: async () => ({}), answered: async () => undefined },
    leader: async () => 'n1',
    kill: async () => {
      throw new Error('the victim cannot be killed')
    },
    close: async () => {
      closed++
    },
  } as unknown as ManagedSystem
  const options = { trials: 3, clients: 5, seed: 1, home, onTrial: () => undefined, open: async () => system }
  const result = await runScenario(killLeader, { ...options, signal: new AbortController().signal })
  t.match(result, { ok: false, failure: 'the victim cannot be killed', trials: [] })
  t.equal(closed, 1)
  t.match(
    scenarioLines(result).join('\n'),
    /FAILED: the victim cannot be killed\n {2}logs, data and history: .*\n {2}NOT ALL/,
  )
  t.match(readdirSync(home), [/^drill-kill-leader-/])

  const stop = new AbortController()
  const interrupted = { ...system, kill: async () => stop.abort() } as unknown as ManagedSystem
  const stopped = runScenario(killLeader, { ...options, open: async () => interrupted, signal: stop.signal })
  await t.rejects(stopped, { name: 'AbortError' })
  t.equal(closed, 2, 'Ctrl-C ends it in order, too')
  t.equal(readdirSync(home).length, 1, 'and leaves nothing')
})

await t.test('a network is made of namespaces with names of its own, and all of it is removed', async (t) => {
  const said: string[] = []
  const network = await HostNetwork.make(
    async (program, args) => {
      said.push([program, ...args].join(' '))
      return ''
    },
    ['n1', 'n2'],
    4242,
  )
  t.strictSame(network.commandFor('n2'), ['ip', 'netns', 'exec', 'tranca4242-n2'])
  t.match(network.addressOf('n2'), /^198\.1[89]\.\d+\.2$/)
  said.length = 0
  await network.cut('n1', 'n2')
  const neighbor = `ip -n tranca4242-n1 neigh replace ${network.addressOf('n2')} lladdr`
  t.strictSame(said, [`${neighbor} 02:74:72:00:00:ff dev eth0 nud permanent`], 'in one direction only')
  await network.heal()
  await network.heal()
  t.strictSame(
    said.slice(1),
    [`${neighbor} 02:74:72:00:00:02 dev eth0 nud permanent`],
    'what was cut is healed once',
  )
  said.length = 0
  await network.remove()
  const removed = [
    'ip link del tranca4242',
    ...['hub', 'n1', 'n2'].map((name) => `ip netns del tranca4242-${name}`),
  ]
  t.strictSame(said, removed)
})

await t.test('a network that cannot be made leaves nothing behind', async (t) => {
  const there = new Set<string>()
  const failing = HostNetwork.make(
    async (_, args) => {
      const [object, verb, name] = args
      if (object === 'netns' && verb === 'add') there.add(name!)
      if (object === 'netns' && verb === 'del') there.delete(name!)
      if (args.includes('neigh')) throw new Error('no neighbors here')
      return ''
    },
    ['n1', 'n2', 'n3'],
  )
  await t.rejects(failing, /no neighbors here/)
  t.equal(there.size, 0)
})

await t.test('who cannot make namespaces is told why, and what a killed drill left is removed', async (t) => {
  const quiet = async (): Promise<string> => ''
  t.match(await whyNoNetwork(quiet, 1_000), /made by root only \(this is user 1000\)/)
  const without = async (): Promise<string> => {
    throw new Error('ip netns list: spawn ip ENOENT')
  }
  t.match(await whyNoNetwork(without, 0), /spawn ip ENOENT; scripts\/system-packages.sh installs iproute2/)
  const said: string[] = []
  const dead = spawnSync(process.execPath, ['--version']).pid
  const listing = async (_: string, args: readonly string[]): Promise<string> => {
    said.push(args.join(' '))
    return args[1] === 'list' ? `tranca${dead}-n1 (id: 3)\ntranca${process.pid}-n1\nsomebody\n` : ''
  }
  t.equal(await whyNoNetwork(listing, 0), undefined)
  t.strictSame(
    said.filter((each) => each.includes('del')),
    [`netns del tranca${dead}-n1`, `netns del tranca${process.pid}-probe`],
  )
})

await t.test('a folder for histories that cannot be made is told before the first trial', async (t) => {
  const main = fileURLToPath(new URL('../src/drill/main.js', import.meta.url))
  const file = join(t.testdir({ file: 'data' }), 'file')
  const args = [main, 'kill-leader', '--histories', join(file, 'deep')]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 })
  t.equal(status, 2)
  t.equal(stdout, '')
  t.match(stderr, /^--histories: ".*deep", expected a folder that can be written: ENOTDIR.*\n.*--help/)
})

await t.test('without namespaces a network drill exits with its own code', async (t) => {
  const main = fileURLToPath(new URL('../src/drill/main.js', import.meta.url))
  const nowhere = { PATH: '/nonexistent' }
  const ended = spawnSync(process.execPath, [main, 'partition-leader'], { env: nowhere, encoding: 'utf8' })
  t.equal(ended.status, 69, ended.stderr)
  t.match(ended.stdout, /^partition-leader: not done: /)
})
