import { millis, table, whole } from '../demo/text.ts'
import { peerLines } from '../peers/print.ts'
import { growthLines } from './growth/print.ts'
import { memberDownLines, startLines } from './recovery/print.ts'
import type { BenchResult, Ratio, RowResult } from './result.ts'
import { clientsText } from './rows.ts'

const MIB = 1024 * 1024

/** The tables for people. */
export function resultLines(result: BenchResult): string[] {
  const { machine, settings, cluster } = result
  const lines = [
    `${machine.cores} cores (${machine.model}), ${whole(machine.memoryBytes / MIB)} MiB, ${machine.system}, Node ${machine.node}; load before: ${machine.loadBefore}`,
  ]
  if (result.rows.length > 0) {
    lines.push(
      `${cluster.members} nodes of version ${cluster.version}, ${syncText(result)}; each row ${settings.seconds} s after ${settings.warmSeconds} s of warm-up`,
      '',
      ...table(head, result.rows.map(rowCells)),
      '',
      ...legend,
    )
  }
  if (settings.stages) lines.push(...stageLines(result.rows))
  lines.push(...addedLines(result.rows))
  for (const ratio of result.ratios) lines.push('', ...ratioLines(ratio))
  lines.push(...peerLines(result.peers))
  lines.push(...growthLines(result.growth))
  lines.push(...memberDownLines(result.memberDown), ...startLines(result.starts))
  if (result.licenseCost.length > 0) lines.push('', ...costLines(result))
  if (result.skipped.length > 0) {
    lines.push('')
    for (const reason of new Set(result.skipped.map((row) => row.reason))) {
      const ids = result.skipped.filter((row) => row.reason === reason).map((row) => row.id)
      lines.push(`left out: ${ids.join(', ')} (${reason})`)
    }
  }
  for (const row of result.failed) lines.push('', `FAILED ${row.id}: ${row.reason}`)
  return lines
}

/** Where the time of a request goes, row by row. */
export function stageLines(rows: readonly RowResult[]): string[] {
  const cells = rows.flatMap(({ id, stages: times }) => {
    if (times === undefined) return []
    const { requestMs, restMs, queueMs, replicateMs, applyMs, answerMs, logMs } = times
    return [[id, ...[requestMs, restMs, queueMs, replicateMs, applyMs, answerMs, logMs].map(millis)]]
  })
  if (cells.length === 0) return []
  const stageHead = [
    'ms of a request',
    'whole',
    'client, wire',
    'queue',
    'replicate',
    'apply',
    'answer',
    '(log)',
  ]
  return ['', ...table(stageHead, cells), '', ...stageLegend]
}

const stageLegend = [
  'Means. queue: until an entry takes the command; replicate: until a quorum has the entry on disk and the leader',
  "knows; apply: the entry in the ledger; answer: until it is with the system; (log): until the leader's own disk",
  'has it, beside replicate. client, wire: the rest, with the wait for a turn of a process at either end.',
]

const head = [
  'row',
  'clients',
  'a second',
  'p50 ms',
  'p99 ms',
  'p99.9 ms',
  'CPU s of nodes',
  'us each',
  'MiB of nodes',
  'log MiB',
  'load CPU s',
  'others',
]

const legend = [
  'p50, p99, p99.9: of the whole operation (a pair is two requests, one after the other). CPU s of nodes: the',
  "leader's first, in the time that was recorded; us each: of all nodes together, for one operation. MiB of nodes:",
  "resident, the leader's first. log MiB: of the leader, on disk. others: CPU s that the rest of the machine took",
  'meanwhile; where that is much, the row says little.',
]

function syncText({ cluster }: BenchResult): string {
  return cluster.sync === 'data'
    ? 'data sync on, all on this machine together with the load'
    : 'not started here'
}

function rowCells(row: RowResult): string[] {
  const cpus = row.nodes.map((node) => node.cpuSeconds).filter((value) => value !== undefined)
  const all = cpus.reduce((sum, value) => sum + value, 0)
  const { latency } = row
  return [
    row.title,
    clientsText(row),
    row.perSecond < 100 ? row.perSecond.toFixed(1) : whole(row.perSecond),
    millis(latency.p50Ms),
    millis(latency.p99Ms),
    millis(latency.p999Ms),
    cpus.length === 0 ? '-' : cpus.map(seconds).join(' '),
    cpus.length === 0 || row.operations === 0 ? '-' : whole((all / row.operations) * 1e6),
    row.nodes.map((node) => (node.rssBytes === undefined ? '-' : whole(node.rssBytes / MIB))).join(' '),
    row.nodes[0]?.logBytes === undefined ? '-' : whole(row.nodes[0].logBytes / MIB),
    seconds(row.load.cpuSeconds),
    row.othersCpuSeconds === undefined ? '-' : seconds(row.othersCpuSeconds),
  ]
}

/** When the license is checked out. */
const licensedRequests: ReadonlyMap<RowResult['work'], string> = new Map([
  ['request-licensed', 'before the work'],
  ['request-beside', 'beside the work'],
])

/** The system counts in hundredths. */
function seconds(value: number): string {
  return value.toFixed(value < 1 ? 2 : 1)
}

/** What a license adds to a request that does something, too. */
function addedLines(rows: readonly RowResult[]): string[] {
  const plain = rows.find(({ work }) => work === 'request')
  if (plain === undefined) return []
  const lines = rows.flatMap(({ work, latency }) => {
    const where = licensedRequests.get(work)
    if (where === undefined) return []
    const added = (quantile: 'p50Ms' | 'p99Ms'): string => millis(latency[quantile] - plain.latency[quantile])
    return [`a license ${where} adds ${added('p50Ms')} ms to a request at p50, ${added('p99Ms')} ms at p99`]
  })
  return lines.length === 0 ? [] : ['', ...lines]
}

function ratioLines({ title, clients, rounds, byThroughput, byFirstStepP50, byNodeCpu }: Ratio): string[] {
  const parts = [
    `${byThroughput.toFixed(2)} by pairs a second`,
    `${byFirstStepP50.toFixed(2)} by p50 of the request`,
    ...(byNodeCpu === undefined ? [] : [`${byNodeCpu.toFixed(2)} by processor time of the nodes`]),
  ]
  return [
    `${title} at ${clients} clients, in turns: ${parts.join(', ')} (medians of ${rounds.length} rounds)`,
  ]
}

function costLines(result: BenchResult): string[] {
  return [
    'Licenses in the ledger alone: in one process, without wire and log; best of ten rounds',
    ...table(
      ['units in use', 'checkout + checkin ns', 'lock pair ns', 'bytes of a unit'],
      result.licenseCost.map((cost) => [
        whole(cost.unitsInUse),
        whole(cost.checkoutCheckinNs),
        whole(cost.lockPairNs),
        whole(cost.bytesPerUnit),
      ]),
    ),
  ]
}
