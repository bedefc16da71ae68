import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseKeyFile, verifyKey } from '@tranca/license-key'
import { UsageError } from '@tranca/tool'
import fc from 'fast-check'
import t from 'tap'
import { parseArguments } from '../src/measure/arguments.ts'
import { Histogram } from '../src/measure/histogram.ts'
import type { LoadReport } from '../src/measure/job.ts'
import { measureLedgerCost } from '../src/measure/ledger-cost.ts'
import { issueBenchKey } from '../src/measure/license-key.ts'
import { type Measured, merged, processesFor } from '../src/measure/load.ts'
import { median } from '../src/measure/median.ts'
import { resultLines, stageLines } from '../src/measure/print.ts'
import type { BenchResult, RowResult } from '../src/measure/result.ts'
import { allRows, isWanted } from '../src/measure/rows.ts'
import { ratioOf, runBench } from '../src/measure/run.ts'
import { stageTimes } from '../src/measure/stages.ts'
import { share } from '../src/measure/works/license.ts'
import { htmlPage } from '../src/page/page.ts'
import { quantile } from '../src/record/latency.ts'

function measured(perSecond: number, p50Ms: number): Measured {
  const latency = { count: 10, meanMs: p50Ms, p50Ms, p99Ms: 2, p999Ms: 3, maxMs: 3 }
  const load = { processes: 2, cpuSeconds: 0.4, rssBytes: 2 ** 26 }
  return { elapsedSeconds: 1, operations: perSecond, perSecond, latency, steps: { first: latency }, load }
}

function rowResult(id: string, clients: number, connections: number): RowResult {
  const node = {
    role: 'follower',
    cpuSeconds: 0.25,
    rssBytes: 2 ** 26,
    logBytes: 2 ** 25,
  }
  return {
    id,
    title: 'lock acquire + release',
    work: 'lock',
    clients,
    connections,
    ...measured(1_000, 1.5),
    nodes: [
      { ...node, name: 'n2', role: 'leader', cpuSeconds: 0.5 },
      { ...node, name: 'n1' },
      { ...node, name: 'n3' },
    ],
    entries: 12,
    stages: undefined,
    othersCpuSeconds: 0.1,
  }
}

function sampleResult(change: Partial<BenchResult> = {}): BenchResult {
  const system = { system: 'linux', node: '20.19.0', loadBefore: 0 }
  return {
    format: 1,
    name: 'tranca-bench',
    startedAt: '2026-11-21T12:00:00.000Z',
    elapsedSeconds: 9,
    command: 'npm run bench -- --quick',
    machine: { cores: 2, model: 'some processor', memoryBytes: 2 ** 33, ...system },
    settings: {
      quick: true,
      stages: false,
      seconds: 1,
      warmSeconds: 0.5,
      clients: [1, 256],
      loadProcesses: 2,
    },
    cluster: { version: '0.1.0', members: 3, startedHere: true, sync: 'data' },
    rows: [rowResult('lock/256', 256, 256), rowResult('lock/1x256', 256, 1)],
    ratios: [],
    peers: [],
    growth: [],
    memberDown: [],
    starts: [],
    licenseCost: [],
    failed: [],
    skipped: [],
    ...change,
  }
}

await t.test('what the leader tells is taken off the time of a request', async (t) => {
  const before = { commands: 100, seconds: { queue: 1, log: 1, replicate: 1, apply: 1, answer: 1 } }
  const after = {
    commands: 300,
    seconds: { queue: 1.2, log: 1.1, replicate: 1.4, apply: 1.02, answer: 1.02 },
  }
  const times = stageTimes(before, after, { clients: 64, requestsPerSecond: 12_800 })
  const rounded = Object.entries(times!).map(([name, ms]) => [name, Math.round(ms * 1_000) / 1_000])
  t.same(Object.fromEntries(rounded), {
    requestMs: 5,
    queueMs: 1,
    logMs: 0.5,
    replicateMs: 2,
    applyMs: 0.1,
    answerMs: 0.1,
    restMs: 1.8,
  })
  t.equal(stageTimes(after, after, { clients: 64, requestsPerSecond: 1 }), undefined, 'no commands')
  const [lines] = [stageLines([{ ...rowResult('lock/64', 64, 64), stages: times }])]
  t.match(lines.join('\n'), /lock\/64 +5\.00 +1\.80 +1\.00 +2\.00/)
  t.same(stageLines([rowResult('lock/64', 64, 64)]), [])
  const rows = [{ ...rowResult('lock/64', 64, 64), stages: times }]
  const asked = sampleResult({ rows })
  t.notMatch(htmlPage(asked), /replicate/, 'only if it was asked for')
  t.match(htmlPage({ ...asked, settings: { ...asked.settings, stages: true } }), /replicate/)
  t.match(parseArguments(['--stages']), { only: ['lock'], clients: [1, 64, 256] })
})

await t.test('what a license adds to a request is told from the rows with and without one', async (t) => {
  const plain = { ...rowResult('request/64', 64, 64), ...measured(3_000, 20.5), work: 'request' }
  const licensed = { ...rowResult('x', 64, 64), ...measured(2_900, 21.75), work: 'request-licensed' }
  const told = (rows: RowResult[]): string => resultLines(sampleResult({ rows })).join('\n')
  const beside = { ...rowResult('y', 64, 64), ...measured(3_000, 20.75), work: 'request-beside' }
  t.match(
    told([plain, licensed]),
    /a license before the work adds 1\.25 ms to a request at p50, 0\.00 ms at p99/,
  )
  t.match(
    told([plain, beside]),
    /a license beside the work adds 0\.25 ms to a request at p50, 0\.00 ms at p99/,
  )
  t.notMatch(told([plain]), /adds/)
})

/** Names of the elements in order, each closed by its own end; what HTML leaves open is closed at once. */
function elementsOf(page: string): string[] {
  const open: string[] = []
  const names: string[] = []
  for (const [tag, end, name, rest] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)([^>]*)>/g)) {
    if (end === '/') {
      const last = open.pop()
      if (last !== name) throw new Error(`${tag} closes ${last}`)
      continue
    }
    names.push(name!)
    if (!rest!.endsWith('/') && name !== 'meta') open.push(name!)
  }
  if (open.length > 0) throw new Error(`left open: ${open.join(', ')}`)
  return names
}

await t.test('the page is whole, needs no network, and shows what was measured', async (t) => {
  const rows = [1, 16, 256].map((clients) => rowResult(`lock/${clients}`, clients, clients))
  const latency = rows[0]!.latency
  const round = { perSecond: 10, latency, serverCpuSeconds: 1, loadCpuSeconds: 1 }
  const peer = { id: 'lock/64', title: 'lock pairs', work: 'lock', clients: 64, operation: 'Lock' } as const
  const ratios = { ours: [round], theirs: [round], byThroughput: 4.25, byP50: 0.5, byP99: 0.25 }
  const settings = 'three <members> & more'
  const peers = [{ name: 'etcd', version: '3.4', settings, rows: [{ ...peer, ...ratios }] } as const]
  const page = htmlPage(sampleResult({ rows, peers }))
  const names = elementsOf(page)
  t.equal(names.filter((name) => name === 'svg').length, 4)
  t.notMatch(page, /https?:|<script|<link|src=|@import|url\(/)
  t.match(page, '<td>4.25</td>')
  t.match(page, 'three &lt;members&gt; &amp; more')
  t.match(page, /<td>1,000<\/td>/)
  t.notMatch(page, /NaN|undefined/)
  const started = { entries: 9, logBytes: 1, startSeconds: 1, joinSeconds: undefined }
  const starts = [8, 64].map((size) => ({ id: `start-log/${size}`, size, ...started }))
  const grown = htmlPage(sampleResult({ rows: [], starts }))
  t.equal(elementsOf(grown).filter((name) => name === 'svg').length, 1, 'plots without points are left out')
  t.match(grown, /Started again after SIGKILL/)
  t.notMatch(grown, /By what is held/)
  t.equal(elementsOf(htmlPage(sampleResult({ rows: [] }))).includes('svg'), false)
})

await t.test('arguments are taken as help says, and no others', async (t) => {
  t.match(parseArguments([]), {
    quick: false,
    clients: [1, 16, 64, 256, 1_000],
    seconds: 3,
    warmSeconds: 1,
    only: undefined,
    addresses: undefined,
    json: undefined,
  })
  t.match(parseArguments(['--quick']), { clients: [1, 64, 256], seconds: 0.3, warmSeconds: 0.15 })
  const given = '--quick --json f.json --only lock,license/16 --clients 1,16 --seconds 2 --addresses a:1,b:2'
  t.match(parseArguments(given.split(' ')), {
    json: 'f.json',
    only: ['lock', 'license/16'],
    clients: [1, 16],
    seconds: 2,
    addresses: ['a:1', 'b:2'],
  })
  for (const [wrong, named] of [
    [['--speed'], /speed/],
    [['extra'], /extra/],
    [['--clients', '0'], /--clients: "0", expected a whole number from 1 to/],
    [['--clients', '1,,2'], /--clients/],
    [['--clients', '1.5'], /whole number/],
    [['--seconds', 'x'], /--seconds: "x"/],
    [['--only', 'luck'], /--only: "luck" is no row; there are lock, sequence/],
    [['--only', 'lock/3'], /--only: "lock\/3" is no row/],
    [['--addresses', ''], /--addresses/],
    [['--addresses', 'a:1,b:70000'], /--addresses: address "b:70000": expected a port/],
    [['--addresses', 'a:1', '--stages'], /--stages: not with --addresses/],
    [['--peer', 'etcd', '--stages'], /--stages: not with --peer/],
    [['--peer', 'etcd', '--clients', '64'], /--clients: not with --peer; .*--only.* lock\/64/],
  ] as const) {
    t.throws(() => parseArguments(wrong), UsageError, wrong.join(' '))
    t.throws(() => parseArguments(wrong), { message: named }, wrong.join(' '))
  }
})

await t.test('rows are chosen by family or by name', async (t) => {
  const ids = allRows([1, 64]).map((row) => row.id)
  t.equal(new Set(ids).size, ids.length, 'each name once')
  const wanted = (only: string[] | undefined) => ids.filter((id) => isWanted(id, only))
  t.strictSame(wanted(undefined), ids)
  t.strictSame(wanted(['lock']), ['lock/1', 'lock/64', 'lock/1x256', 'lock/p64', 'lock/p256'])
  t.strictSame(
    allRows([]).flatMap(({ id, job }) => (job.shape === 'pipeline' ? [`${id} ${job.clients}`] : [])),
    ['lock/p64 64', 'lock/p256 256', 'sequence/p64 64', 'sequence/p256 256'],
  )
  t.strictSame(wanted(['license/64', 'hand-over/2']), ['hand-over/2', 'license/64'])
  t.strictSame(wanted(['ratio']), [])
})

await t.test('a histogram tells quantiles as a sorted list does, within one part in a hundred', async (t) => {
  const times = fc.array(fc.double({ min: 0, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 300 })
  fc.assert(
    fc.property(times, times, (here, there) => {
      const parts = [here, there].map((list) => {
        const histogram = new Histogram()
        for (const ms of list) histogram.record(ms)
        return histogram
      })
      const whole = new Histogram()
      for (const part of parts) whole.add(part.data())
      const sorted = Float64Array.from([...here, ...there]).sort()
      const { count, p50Ms, p99Ms, p999Ms, maxMs } = whole.quantiles()
      const near = (got: number, ms: number): boolean => Math.abs(got - ms) <= ms / 100 + 0.001
      return (
        count === sorted.length &&
        near(p50Ms, quantile(sorted, 0.5)) &&
        near(p99Ms, quantile(sorted, 0.99)) &&
        near(p999Ms, quantile(sorted, 0.999)) &&
        near(maxMs, quantile(sorted, 1))
      )
    }),
    { verbose: 1, ...seed() },
  )
  t.ok(Number.isNaN(new Histogram().quantiles().p50Ms), 'nothing has no median')
})

await t.test('what several processes did adds up', async (t) => {
  const report = (elapsedMs: number, times: readonly number[]): LoadReport => {
    const histogram = new Histogram()
    for (const ms of times) histogram.record(ms)
    const steps = [{ name: 'acquire', times: histogram.data() }]
    return { elapsedMs, operations: histogram.data(), steps, cpuSeconds: 0.25, rssBytes: 100 }
  }
  const sum = merged([report(500, [1, 2]), report(1_000, [3])])
  t.match(sum, { operations: 3, perSecond: 5, elapsedSeconds: 1 })
  t.match(sum.load, { processes: 2, cpuSeconds: 0.5, rssBytes: 200 })
  t.match(sum.steps, { acquire: { count: 3, maxMs: 3 } })
  t.equal(processesFor({ work: 'lock', clients: 1, shape: 'connections' }, 2), 1)
  t.equal(processesFor({ work: 'lock', clients: 64, shape: 'connections' }, 2), 1, 'one is enough')
  t.equal(processesFor({ work: 'lock', clients: 256, shape: 'connections' }, 2), 2)
  t.equal(processesFor({ work: 'lock', clients: 256, shape: 'owners' }, 2), 1, 'one connection')
  t.equal(processesFor({ work: 'lock', clients: 256, shape: 'pipeline' }, 2), 1, 'one connection')
  t.equal(processesFor({ work: 'hand-over', clients: 64, shape: 'connections' }, 2), 1, 'one clock')
})

await t.test('shares of users and units add up to all of them', async (t) => {
  for (const clients of [1, 7, 256]) {
    let sum = 0
    for (let index = 0; index < clients; index++) sum += share(10_000, clients, index)
    t.equal(sum, 10_000)
  }
})

await t.test('a ratio above one says that the first is dearer', async (t) => {
  const dear = { measured: measured(1_000, 3), cpuSeconds: 1 }
  const cheap = { measured: measured(1_500, 2), cpuSeconds: 1 }
  const { byThroughput, byFirstStepP50, byNodeCpu } = ratioOf(dear, cheap)
  t.strictSame([byThroughput, byFirstStepP50, byNodeCpu], [1.5, 1.5, 1.5])
  t.equal(ratioOf({ measured: measured(1, 1), cpuSeconds: undefined }, cheap).byNodeCpu, undefined)
  t.strictSame([median([3, 1, 2]), median([1, 2])], [2, 1.5])
})

await t.test('the table says what was measured, and what was not', async (t) => {
  const ratio = { byThroughput: 1.1, byFirstStepP50: 1.2, byNodeCpu: undefined }
  const head = { id: 'ratio/license-lock', title: 'checkout : acquire', clients: 256 }
  const text = resultLines(
    sampleResult({
      ratios: [{ ...head, rounds: [ratio, ratio], ...ratio }],
      licenseCost: [{ unitsInUse: 10_000, checkoutCheckinNs: 4_000, lockPairNs: 2_000, bytesPerUnit: 900 }],
      failed: [{ id: 'read/1', title: 'read', reason: 'broken' }],
      skipped: [{ id: 'license/1', title: 'license', reason: 'no key' }],
    }),
  ).join('\n')
  for (const part of [
    /2 cores \(some processor\), 8,192 MiB/,
    /3 nodes of version 0\.1\.0, data sync on/,
    /\nlock acquire \+ release +256 +1,000 +1\.50 +2\.00 +3\.00 +0\.50 0\.25 0\.25 +1,000 +64 64 64 +32 +0\.40 +0\.10\n/,
    /\nlock acquire \+ release +1x256 /,
    /checkout : acquire at 256 clients, in turns: 1\.10 by pairs a second, 1\.20 by p50 of the request \(/,
    /in the ledger alone: in one process/,
    /\n10,000 +4,000 +2,000 +900\n/,
    /left out: license\/1 \(no key\)/,
    /FAILED read\/1: broken/,
  ]) {
    t.match(text, part)
  }
  t.notMatch(resultLines(sampleResult({ rows: [] })).join('\n'), /clients/, 'no table without rows')
})

await t.test('the key of the benchmark is one that a node accepts', async (t) => {
  const { publicKeyPem, keyFile } = issueBenchKey(Date.UTC(2026, 10, 21))
  const read = parseKeyFile(keyFile)
  t.ok(read.ok && verifyKey(read.key, publicKeyPem).ok)
})

await t.test('the ledger alone is measured in a process of its own', async (t) => {
  const cost = await measureLedgerCost(100)
  t.equal(cost.unitsInUse, 100)
  for (const value of [cost.checkoutCheckinNs, cost.lockPairNs]) t.ok(value > 0)
})

await t.test('a whole run against a cluster of its own leaves nothing behind', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'tranca-bench-'))
  t.teardown(() => rmSync(home, { recursive: true, force: true }))
  const events: string[] = []
  const result = await runBench({
    arguments: parseArguments(
      '--only lock/2,sequence/p64,hand-over/2,license/2 --clients 2 --seconds 0.2'.split(' '),
    ),
    command: 'the test',
    home,
    signal: new AbortController().signal,
    onEvent: (text) => events.push(text),
    onRow: ({ id }) => events.push(`${id} done`),
  })
  t.strictSame(result.failed, [])
  t.strictSame(result.skipped, [])
  t.strictSame(
    result.rows.map(({ id }) => id),
    ['lock/2', 'sequence/p64', 'hand-over/2', 'license/2'],
  )
  for (const row of result.rows) {
    t.ok(row.operations > 0 && row.perSecond > 0 && row.entries > 0, row.id)
    t.equal(row.nodes.length, 3)
    t.equal(row.nodes[0]?.role, 'leader')
    t.ok(row.nodes.every((node) => (node.rssBytes ?? 0) > 0))
    t.ok((row.nodes[0]?.logBytes ?? 0) > 0)
  }
  t.strictSame(Object.keys(result.rows[0]?.steps ?? {}), ['acquire', 'release'])
  t.match(JSON.parse(JSON.stringify(result)), {
    format: 1,
    name: 'tranca-bench',
    command: 'the test',
    settings: { seconds: 0.2, clients: [2] },
    cluster: { members: 3, startedHere: true, sync: 'data' },
    rows: [{ id: 'lock/2', latency: { p50Ms: Number, p99Ms: Number, p999Ms: Number } }],
  })
  t.ok(events.includes('lock/2 done'))
  t.strictSame(readdirSync(home), [])
})

function seed(): { readonly seed: number } | Record<string, never> {
  const given = process.env.TRANCA_SEED
  return given === undefined ? {} : { seed: Number(given) }
}
