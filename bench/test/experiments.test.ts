import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UsageError } from '@tranca/tool'
import t from 'tap'
import { parseArguments } from '../src/measure/arguments.ts'
import { experimentFamilies, experimentIds, runExperiments } from '../src/measure/experiments.ts'
import { bytesEach, type GrowthRow } from '../src/measure/growth/growth.ts'
import { growthLines } from '../src/measure/growth/print.ts'
import type { Measured } from '../src/measure/load.ts'
import type { MemberDownRow } from '../src/measure/recovery/member-down.ts'
import { memberDownLines, startLines } from '../src/measure/recovery/print.ts'
import { isWanted } from '../src/measure/rows.ts'

const MIB = 1024 * 1024

function measured(perSecond: number): Measured {
  const latency = { count: 10, meanMs: 1, p50Ms: 1.5, p99Ms: 2.5, p999Ms: 3, maxMs: 3 }
  const load = { processes: 2, cpuSeconds: 0.4, rssBytes: MIB }
  return { elapsedSeconds: 1, operations: perSecond, perSecond, latency, steps: {}, load }
}

await t.test('each experiment can be named, in full and with --quick', async (t) => {
  for (const quick of [false, true]) {
    const ids = experimentIds(quick)
    t.equal(new Set(ids).size, ids.length, 'each name once')
    for (const family of experimentFamilies)
      t.ok(
        ids.some((id) => isWanted(id, [family])),
        family,
      )
    for (const id of ids) {
      t.ok(isWanted(id, experimentFamilies), id)
      t.strictSame(parseArguments([...(quick ? ['--quick'] : []), '--only', id]).only, [id])
    }
  }
  for (const id of ['locks-held/1000000', 'sessions-idle/10000', 'sequences-kept/100000']) {
    t.ok(experimentIds(false).includes(id), id)
  }
  t.throws(() => parseArguments(['--quick', '--only', 'locks-held/1000000']), UsageError)
  t.strictSame(parseArguments(['--only', 'license-cost/10000']).only, ['license-cost/10000'])
  t.throws(() => parseArguments(['--only', 'locks-held/7']), { message: /no row; there are .*locks-held/ })
})

await t.test('memory of one is told where there are enough of them', async (t) => {
  t.equal(bytesEach(100 * MIB, 100 * MIB + 20_000_000, 20_000), 1_000)
  t.equal(bytesEach(100 * MIB, 90 * MIB, 20_000), 0, 'never less than nothing')
  t.equal(bytesEach(100 * MIB, 200 * MIB, 1_000), undefined)
  t.equal(bytesEach(undefined, 200 * MIB, 20_000), undefined)
})

await t.test('the tables of the experiments say what was seen', async (t) => {
  const none: GrowthRow = {
    id: 'locks-held/0',
    stock: 'locks-held',
    count: 0,
    madeSeconds: 0,
    quietSeconds: undefined,
    idleCpu: 0.05,
    rssBytes: [100 * MIB, undefined],
    leaderBytesEach: undefined,
    followerBytesEach: undefined,
    probe: measured(9_000),
    probeCpuUs: 150,
  }
  const full = {
    count: 100_000,
    madeSeconds: 2.5,
    quietSeconds: 3,
    leaderBytesEach: 900,
    followerBytesEach: 800,
  }
  const growth = growthLines([none, { ...none, ...full, id: 'locks-held/100000' }]).join('\n')
  t.match(growth, /\nlocks held +0 +- +- +0\.05 +100 - +- +9,000 +1\.50 +2\.50 +150\n/)
  t.match(growth, /\nlocks held +100,000 +2\.5 +3 +0\.05 +100 - +900 800 +9,000 /)
  const down: MemberDownRow = {
    id: 'member-down/96',
    missedMib: 96,
    missedEntries: 1_234,
    by: 'snapshot',
    before: measured(9_000),
    down: measured(9_500),
    back: measured(8_000),
    leaderBytesBefore: 100 * MIB,
    leaderBytesMax: 180 * MIB,
    leaderLogBytes: 48 * MIB,
    backSeconds: 1.25,
  }
  t.match(
    memberDownLines([down]).join('\n'),
    /\n96 MiB of log +1,234 +9,000 +9,500 +8,000 +100 +180 +48 +snapshot +1\.25\n/,
  )
  const start = { id: 'start-log/64', size: 64, entries: 500, logBytes: 80 * MIB, startSeconds: 1.5 }
  const lines = startLines([
    { ...start, joinSeconds: undefined },
    { ...start, id: 'start-state/1000', size: 1_000, joinSeconds: 0.75 },
  ]).join('\n')
  t.match(lines, /\n64 +500 +80 +1\.50\n/)
  t.match(lines, /\n1,000 +1\.50 +0\.75/)
  t.strictSame([...growthLines([]), ...memberDownLines([]), ...startLines([])], [], 'nothing of nothing')
})

await t.test('experiments leave nothing behind', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'tranca-experiments-'))
  t.teardown(() => rmSync(home, { recursive: true, force: true }))
  const failed: string[] = []
  const results = await runExperiments({
    only: ['locks-held', 'member-down', 'start-log', 'start-state'],
    quick: true,
    seconds: 0.1,
    warmSeconds: 0.05,
    loadProcesses: 1,
    home,
    signal: new AbortController().signal,
    onEvent: () => undefined,
    onFailure: ({ id, reason }) => failed.push(`${id}: ${reason}`),
  })
  t.strictSame(failed, [])
  t.strictSame(
    results.growth.map(({ stock, count }) => [stock, count > 0]),
    [
      ['locks-held', false],
      ['locks-held', true],
    ],
  )
  for (const { id, rssBytes, probe } of results.growth) {
    t.ok(rssBytes.length === 3 && rssBytes.every((bytes) => (bytes ?? 0) > 0), id)
    t.ok(probe.operations > 0, id)
  }
  const [down] = results.memberDown
  t.ok(down!.missedEntries > 0 && down!.backSeconds > 0)
  t.ok(down!.leaderBytesMax! > 0)
  t.strictSame(
    results.starts.map(({ joinSeconds }) => joinSeconds !== undefined),
    [false, true],
  )
  t.ok(results.starts.every(({ startSeconds }) => startSeconds > 0))
  t.strictSame(readdirSync(home), [])
})
