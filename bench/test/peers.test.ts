import { spawnSync } from 'node:child_process'
import { readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UsageError } from '@tranca/tool'
import t from 'tap'
import { parseArguments as parseDrill } from '../src/drill/arguments.ts'
import { gapLine } from '../src/drill/print.ts'
import { parseArguments } from '../src/measure/arguments.ts'
import { bare } from '../src/peers/bare/bare.ts'
import { Frames, frameOf } from '../src/peers/bare/frames.ts'
import { runCommand } from '../src/peers/command.ts'
import { rowResult } from '../src/peers/compare.ts'
import { PeerError } from '../src/peers/errors.ts'
import { LoadProgram, parseReport } from '../src/peers/load-program.ts'
import { peerLines } from '../src/peers/print.ts'
import type { SideRound } from '../src/peers/result.ts'
import { peerRows } from '../src/peers/rows.ts'

const times = { meanMs: 2, p50Ms: 1.5, p99Ms: 4, p999Ms: 5, maxMs: 6 }
const line = JSON.stringify({ operations: 500, elapsedMs: 250, cpuSeconds: 0.2, silenceMs: 7, ...times })

function round(perSecond: number, p50Ms: number, p99Ms: number): SideRound {
  const latency = { ...times, count: perSecond, p50Ms, p99Ms }
  return { perSecond, latency, serverCpuSeconds: 0.5, loadCpuSeconds: 0.1 }
}

await t.test('peers are named with commas or one by one, and their rows by --only', async (t) => {
  t.same(parseArguments([]).peers, [])
  t.same(parseArguments(['--peer', 'etcd,redis', '--peer', 'etcd']).peers, ['etcd', 'redis'])
  t.same(parseArguments(['--peer', 'etcd', '--only', 'lock/256,hand-over']).only, ['lock/256', 'hand-over'])
  t.throws(() => parseArguments(['--peer', 'consul']), { constructor: UsageError, message: /consul/ })
  t.throws(() => parseArguments(['--peer', 'etcd', '--only', 'gapless']), UsageError)
})

await t.test('a line of a load program becomes a report', async (t) => {
  t.same(parseReport(line), {
    perSecond: 2_000,
    latency: { count: 500, ...times },
    cpuSeconds: 0.2,
    silenceMs: 7,
  })
})

await t.test('what is no report is refused with the field', async (t) => {
  t.throws(() => parseReport('panic: runtime error'), { code: 'PEER_FAILED', message: /expected JSON/ })
  t.throws(() => parseReport(line.replace('"p99Ms":4', '"p99Ms":null')), { message: /p99Ms/ })
  t.throws(() => parseReport(line.replace('"operations":500', '"operations":0')), { message: /did nothing/ })
  t.throws(() => parseReport('null'), PeerError)
})

await t.test('ratios are medians of rounds, Tranca to the peer', async (t) => {
  const [row] = peerRows
  const ours = [round(1_000, 1, 4), round(3_000, 1, 2), round(2_000, 3, 2)]
  const theirs = [round(500, 2, 4), round(1_000, 2, 8), round(100, 2, 1)]
  const result = rowResult(row!, 'whatever it does', ours, theirs)
  t.equal(result.byThroughput, 3)
  t.equal(result.byP50, 0.5)
  t.equal(result.byP99, 1)
  const lines = peerLines([{ name: 'etcd', version: '3.4', settings: 'three members', rows: [result] }])
  t.match(lines.join('\n'), /lock pairs +1 +2,000 +500 +3\.00 /)
  t.match(lines.join('\n'), /lock pairs, with etcd: whatever it does\./)
})

await t.test('a load program is asked line by line, and its end is told with its last words', async (t) => {
  const answer = `process.stdin.once('data', () => console.log('${line}'))`
  const job = { addresses: 'a:1', work: 'lock', clients: 2 } as const
  const program = await LoadProgram.open(
    [process.execPath, '-e', `console.log('{"ready":true}'); ${answer}`],
    job,
  )
  t.equal((await program.run({ warmMs: 0, recordMs: 1 })).perSecond, 2_000)
  program.close()
  await t.rejects(program.run({ warmMs: 0, recordMs: 1 }), { code: 'PEER_FAILED' })
  await t.rejects(LoadProgram.open([process.execPath, '-e', 'throw new Error("no quorum")'], job), {
    message: /no quorum/,
  })
  await t.rejects(LoadProgram.open(['there-is-no-such-program'], job), { message: /ENOENT/ })
})

await t.test('a command that fails is told with its words', async (t) => {
  const { signal } = new AbortController()
  await t.rejects(runCommand(['bash', '-c', 'echo no apt here >&2; exit 3'], { timeoutMs: 60_000, signal }), {
    code: 'PEER_FAILED',
    message: /failed \(3\): no apt here/,
  })
})

await t.test('the script of system packages says what is missing and which groups there are', async (t) => {
  const script = fileURLToPath(new URL('../../../scripts/system-packages.sh', import.meta.url))
  const unknown = spawnSync('bash', [script, '--check', 'consul'], { encoding: 'utf8' })
  t.equal(unknown.status, 2)
  t.match(unknown.stderr, /no group is called consul; there are base, etcd, zookeeper and redis/)
  const checked = spawnSync('/bin/bash', [script, '--check', 'etcd', 'redis'], { encoding: 'utf8' })
  t.match(checked.stdout, /^system packages(: nothing is missing| missing: [a-z -]+)\n$/)
  t.equal(checked.status, checked.stdout.includes('nothing') ? 0 : 1)
})

await t.test('a drill takes peers with the two faults that are done to them', async (t) => {
  t.same(parseDrill(['kill-leader', '--peer', 'etcd,etcd-tuned']).peers, ['etcd', 'etcd-tuned'])
  t.same(parseDrill(['kill-leader']).peers, [])
  t.throws(() => parseDrill(['kill-leader', '--peer', 'redis']), { code: 'USAGE', message: /redis/ })
  t.throws(() => parseDrill(['drain', '--peer', 'etcd']), { code: 'USAGE', message: /not with drain/ })
  const forAnHour = ['kill-leader', '--minutes', '60', '--peer', 'etcd']
  t.throws(() => parseDrill(forAnHour), { code: 'USAGE', message: /^--minutes: not with --peer/ })
})

await t.test("a peer's silence is told with Tranca's of the same run", async (t) => {
  const about = { name: 'etcd', version: '3.4', settings: 'as shipped', fault: 'kill-leader' } as const
  const told = gapLine({ ...about, gapsMs: [900, 1_000, 1_100], medianMs: 1_000 }, 50)
  t.match(told, /no answer for 1,000 ms, median of 3 trials; Tranca 50\.0 ms, 0\.05 of it/)
})

await t.test('a drill says before its first trial that a peer cannot be installed here', async (t) => {
  const folder = t.testdir({})
  for (const name of ['bash', 'id']) {
    const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim()
    symlinkSync(found, join(folder, name))
  }
  const main = fileURLToPath(new URL('../src/drill/main.js', import.meta.url))
  // Neither etcd nor apt-get is on this path, whatever the machine has.
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'kill-leader', '--peer', 'etcd'], {
    env: { PATH: folder },
    encoding: 'utf8',
  })
  t.equal(status, 69)
  t.equal(stdout, '')
  t.match(stderr, /system packages missing: .*etcd-server/)
})

await t.test('the floor replicates and syncs what it answers, and needs nothing of the system', async (t) => {
  const directory = t.testdir({})
  const { signal } = new AbortController()
  t.equal(bare.needsPackages, false)
  const servers = await bare.start(directory, signal)
  t.teardown(() => servers.close())
  t.equal(servers.pids().length, 3)
  const command = await bare.build(directory, signal)
  for (const work of ['lock', 'sequence'] as const) {
    const program = await LoadProgram.open(command, { addresses: servers.addresses, work, clients: 30 })
    const { perSecond, latency } = await program.run({ warmMs: 20, recordMs: 200 })
    t.ok(perSecond > 0 && latency.p50Ms > 0 && latency.p99Ms >= latency.p50Ms, work)
    // A second run finds the clients idle, and wakes them.
    t.ok((await program.run({ warmMs: 0, recordMs: 100 })).latency.count > 0)
    program.close()
  }
  await t.rejects(
    LoadProgram.open(command, { addresses: servers.addresses, work: 'hand-over', clients: 1 }),
    {
      message: /hand-over is no work/,
    },
  )
  // Followers first got an empty frame each, by which it was seen that they serve.
  const [leader, ...followers] = ['bare1', 'bare2', 'bare3'].map((name) =>
    readFileSync(`${directory}/${name}`),
  )
  const written = leader!.subarray(0, 8_192)
  t.ok(written.includes(Buffer.alloc(48, 7)), 'the requests of clients')
  for (const log of followers) t.ok(log.subarray(4, 4 + written.length).equals(written))
})

await t.test('frames of the floor are cut out of a stream, however it comes', (t) => {
  const all = Buffer.concat([
    frameOf([Buffer.from('ab'), Buffer.from('c')]),
    frameOf([]),
    frameOf([Buffer.from('d')]),
  ])
  for (let cut = 0; cut <= all.length; cut++) {
    const frames = new Frames()
    const found = [all.subarray(0, cut), all.subarray(cut)].flatMap((part) => frames.take(part))
    t.same(
      found.map((frame) => frame.subarray(4).toString()),
      ['abc', '', 'd'],
    )
  }
  t.end()
})
