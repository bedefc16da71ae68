import { millis, table, whole } from '../demo/text.ts'
import { median } from '../measure/median.ts'
import type { PeerResult, PeerRowResult, SideRound } from './result.ts'

/** The tables of what was done in turns, for people. */
export function peerLines(results: readonly PeerResult[]): string[] {
  return results.flatMap(({ name, version, settings, rows }) => [
    '',
    `Tranca and ${name} ${version} (${settings}), in turns:`,
    ...table(head(name), rows.map(cells)),
    ...operations(name, rows),
  ])
}

function head(name: string): string[] {
  return [
    'work',
    'clients',
    'a second',
    name,
    'ratio',
    'p50 ms',
    name,
    'ratio',
    'p99 ms',
    name,
    'ratio',
    'us each',
    name,
  ]
}

function cells({ title, clients, ours, theirs, byThroughput, byP50, byP99 }: PeerRowResult): string[] {
  const of = (side: readonly SideRound[], value: (round: SideRound) => number): number =>
    median(side.map(value))
  const both = (value: (round: SideRound) => number, text: (value: number) => string): string[] =>
    [ours, theirs].map((side) => text(of(side, value)))
  return [
    title,
    String(clients),
    ...both((round) => round.perSecond, whole),
    byThroughput.toFixed(2),
    ...both((round) => round.latency.p50Ms, millis),
    byP50.toFixed(2),
    ...both((round) => round.latency.p99Ms, millis),
    byP99.toFixed(2),
    ...both(microsEach, (us) => (Number.isFinite(us) ? whole(us) : '-')),
  ]
}

/** Processor time of all servers for one operation. */
function microsEach({ serverCpuSeconds, latency }: SideRound): number {
  return serverCpuSeconds === undefined ? Number.NaN : (serverCpuSeconds / latency.count) * 1e6
}

function operations(name: string, rows: readonly PeerRowResult[]): string[] {
  const seen = new Map(rows.map(({ title, operation }) => [title, operation]))
  return [
    ...[...seen].map(([title, operation]) => `${title}, with ${name}: ${operation}.`),
    'Medians of the rounds; each ratio is the median of the ratios of one round each, Tranca to the peer. us each:',
    'processor time of all servers for one operation.',
  ]
}
