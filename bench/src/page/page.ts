import { millis, whole } from '../demo/text.ts'
import { resultLines } from '../measure/print.ts'
import type { BenchResult, RowResult } from '../measure/result.ts'
import { clientsText } from '../measure/rows.ts'
import type { PeerResult } from '../peers/result.ts'
import { escaped } from './escaped.ts'
import { experimentSections } from './experiments.ts'
import { type Line, linePlot } from './plot.ts'

const style = `
body { font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1, h2 { line-height: 1.2 } h2 { margin-top: 2.5rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .15rem .7rem; text-align: right; border-bottom: 1px solid #ddd } th:first-child, td:first-child { text-align: left }
.plots { display: flex; flex-wrap: wrap; gap: 1rem } .plots svg { flex: 0 1 29rem; min-width: 0 }
svg { font-size: 11px } .title { font-size: 13px; font-weight: 600 } .grid { stroke: #ddd }
pre { overflow-x: auto; font-size: 12px } svg, tr { break-inside: avoid }
@media (max-width: 40rem) { table { font-size: 12px } th, td { padding: .15rem .25rem } }
@media print { body { max-width: none; margin: 0; font-size: 11px } pre { white-space: pre-wrap } }
`

/** Everything that was measured as one page of its own: no script, nothing from a network. */
export function htmlPage(result: BenchResult): string {
  const { machine, startedAt, command } = result
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    `<title>Tranca, measured ${escaped(startedAt)}</title><style>${style}</style></head><body>`,
    '<h1>Tranca, measured</h1>',
    `<p><code>${escaped(command)}</code> at ${escaped(startedAt)}, on ${machine.cores} cores (${escaped(machine.model)}), ${escaped(machine.system)}, Node ${escaped(machine.node)}; load before: ${machine.loadBefore}. Nodes and load share the machine.</p>`,
    ...rowSections(result.rows),
    ...experimentSections(result),
    ...result.peers.map(peerSection),
    '<h2>As printed</h2>',
    `<pre>${escaped(resultLines(result).join('\n'))}</pre>`,
    '</body></html>',
    '',
  ].join('\n')
}

function rowSections(rows: readonly RowResult[]): string[] {
  if (rows.length === 0) return []
  const cells = rows.map((row) => [
    row.title,
    clientsText(row),
    row.perSecond < 100 ? row.perSecond.toFixed(1) : whole(row.perSecond),
    ...[row.latency.p50Ms, row.latency.p99Ms, row.latency.p999Ms].map(millis),
  ])
  const plots = [
    linePlot({
      title: 'operations a second',
      xName: 'clients',
      lines: linesOf(rows, (row) => row.perSecond),
    }),
    linePlot({ title: 'p50, ms', xName: 'clients', lines: linesOf(rows, (row) => row.latency.p50Ms) }),
    linePlot({ title: 'p99, ms', xName: 'clients', lines: linesOf(rows, (row) => row.latency.p99Ms) }),
  ]
  return [
    '<h2>By number of clients</h2>',
    `<div class="plots">${plots.join('\n')}</div>`,
    '<h2>Rows</h2>',
    table(['row', 'clients', 'a second', 'p50 ms', 'p99 ms', 'p99.9 ms'], cells),
  ]
}

/** One line for each work that was done with several numbers of clients, each with its own connection. */
function linesOf(rows: readonly RowResult[], value: (row: RowResult) => number): Line[] {
  const lines = new Map<string, { x: number; y: number }[]>()
  for (const row of rows) {
    if (row.connections !== row.clients) continue
    const points = lines.get(row.work) ?? []
    points.push({ x: row.clients, y: value(row) })
    lines.set(row.work, points)
  }
  return [...lines]
    .filter(([, points]) => points.length > 1)
    .map(([name, points]) => ({ name, points: points.sort((a, b) => a.x - b.x) }))
}

function peerSection({ name, version, settings, rows }: PeerResult): string {
  const cells = rows.map(({ title, clients, byThroughput, byP50, byP99 }) => [
    title,
    String(clients),
    ...[byThroughput, byP50, byP99].map((ratio) => ratio.toFixed(2)),
  ])
  const works = [...new Set(rows.map(({ work }) => work))]
  const lines = works.map((work) => ({
    name: work,
    points: rows
      .filter((row) => row.work === work)
      .map(({ clients, byThroughput }) => ({ x: clients, y: byThroughput })),
  }))
  return [
    `<h2>Beside ${escaped(name)} ${escaped(version)}</h2>`,
    `<p>${escaped(settings)}. In turns with Tranca; each ratio is Tranca's value to the peer's, the median of the rounds.</p>`,
    table(['work', 'clients', 'a second', 'p50', 'p99'], cells),
    `<div class="plots">${linePlot({ title: `operations a second, Tranca to ${name}`, xName: 'clients', lines })}</div>`,
  ].join('\n')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[], tag: 'th' | 'td'): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`
  return `<table>\n${[line(head, 'th'), ...rows.map((cells) => line(cells, 'td'))].join('\n')}\n</table>`
}
