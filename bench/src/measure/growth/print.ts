import { millis, table, whole } from '../../demo/text.ts'
import type { GrowthRow } from './growth.ts'

const MIB = 1024 * 1024

const names = {
  'locks-held': 'locks held',
  'sessions-idle': 'idle sessions',
  'sequences-kept': 'counters',
} as const satisfies Record<GrowthRow['stock'], string>

/** The table for people; nothing without rows. */
export function growthLines(rows: readonly GrowthRow[]): string[] {
  if (rows.length === 0) return []
  return [
    '',
    'What a cluster holds that nobody uses at the moment, and locks of others, acquired and released by 64 clients',
    ...table(head, rows.map(cellsOf)),
    '',
    'made s: to make what the row before had not; quiet s: how long the nodes were busy with it afterwards. idle:',
    'processor seconds of all nodes in a second without a request, after that.',
    "MiB: resident, the leader's first. bytes each: growth of that since the first row, of the leader and of a",
    'follower, for one; it holds all that a process takes for other reasons, too. us of nodes: processor time of all',
    'nodes for one pair.',
  ]
}

const head = [
  'held meanwhile',
  'count',
  'made s',
  'quiet s',
  'idle',
  'MiB of nodes',
  'bytes each',
  'pairs a second',
  'p50 ms',
  'p99 ms',
  'us of nodes',
]

function cellsOf(row: GrowthRow): string[] {
  const { probe, leaderBytesEach, followerBytesEach } = row
  const each = [leaderBytesEach, followerBytesEach].map((bytes) => (bytes === undefined ? '-' : whole(bytes)))
  return [
    names[row.stock],
    whole(row.count),
    row.count === 0 ? '-' : row.madeSeconds.toFixed(1),
    row.quietSeconds === undefined ? '-' : whole(row.quietSeconds),
    shown(row.idleCpu, (cpu) => cpu.toFixed(2)),
    row.rssBytes.map((bytes) => (bytes === undefined ? '-' : whole(bytes / MIB))).join(' '),
    row.leaderBytesEach === undefined ? '-' : each.join(' '),
    whole(probe.perSecond),
    millis(probe.latency.p50Ms),
    millis(probe.latency.p99Ms),
    shown(row.probeCpuUs, whole),
  ]
}

/** Where the system does not tell, a value is not a number. */
function shown(value: number, text: (value: number) => string): string {
  return Number.isNaN(value) ? '-' : text(value)
}
