import type { GrowthRow } from '../measure/growth/growth.ts'
import type { StartRow } from '../measure/recovery/restart.ts'
import type { BenchResult } from '../measure/result.ts'
import { type Line, linePlot } from './plot.ts'

const MIB = 1024 * 1024

/** Plots of what has clusters of its own; their tables are among what is printed. */
export function experimentSections({ growth, starts }: BenchResult): string[] {
  const byLog = starts.filter(({ joinSeconds }) => joinSeconds === undefined)
  const byState = starts.filter(({ joinSeconds }) => joinSeconds !== undefined)
  return [
    ...section('By what is held meanwhile', [
      growthPlot(growth, 'lock pairs a second, 64 clients', ({ probe }) => probe.perSecond),
      growthPlot(growth, 'p50 of a pair, ms', ({ probe }) => probe.latency.p50Ms),
      growthPlot(growth, 'p99 of a pair, ms', ({ probe }) => probe.latency.p99Ms),
      growthPlot(growth, "leader's resident MiB", ({ rssBytes }) => (rssBytes[0] ?? 0) / MIB),
    ]),
    ...section('Started again after SIGKILL', [
      sizePlot({
        title: 'seconds until it serves',
        xName: 'MiB of log',
        lines: [startLine('start', byLog, (row) => row.startSeconds)],
      }),
      sizePlot({
        title: 'seconds until it serves; until a new one is level',
        xName: 'locks held',
        lines: [
          startLine('start', byState, (row) => row.startSeconds),
          startLine('snapshot', byState, (row) => row.joinSeconds ?? 0),
        ],
      }),
    ]),
  ]
}

/** Nothing without a plot. */
function section(title: string, plots: readonly string[]): string[] {
  const shown = plots.filter((plot) => plot !== '')
  return shown.length === 0 ? [] : [`<h2>${title}</h2>`, `<div class="plots">${shown.join('\n')}</div>`]
}

/** One line for each kind that is held. */
function growthPlot(rows: readonly GrowthRow[], title: string, value: (row: GrowthRow) => number): string {
  const lines = [...new Set(rows.map(({ stock }) => stock))].map((stock): Line => {
    const points = rows.filter((row) => row.stock === stock).map((row) => ({ x: row.count, y: value(row) }))
    return { name: stock, points }
  })
  return sizePlot({ title, xName: 'how many', lines })
}

function startLine(name: string, rows: readonly StartRow[], value: (row: StartRow) => number): Line {
  return { name, points: rows.map((row) => ({ x: row.size, y: value(row) })) }
}

/** Only lines with two points at least, and none at zero: the axis is logarithmic. */
function sizePlot(options: Parameters<typeof linePlot>[0]): string {
  const lines = options.lines
    .map(({ name, points }) => ({ name, points: points.filter(({ x }) => x > 0) }))
    .filter(({ points }) => points.length > 1)
  return linePlot({ ...options, lines })
}
