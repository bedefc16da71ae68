import { table, whole } from '../../demo/text.ts'
import type { MemberDownRow } from './member-down.ts'
import type { StartRow } from './restart.ts'

const MIB = 1024 * 1024

/** The table for people; nothing without rows. */
export function memberDownLines(rows: readonly MemberDownRow[]): string[] {
  if (rows.length === 0) return []
  const cells = rows.map((row) => [
    `${whole(row.missedMib)} MiB of log`,
    whole(row.missedEntries),
    ...[row.before, row.down, row.back].map(({ perSecond }) => whole(perSecond)),
    ...[row.leaderBytesBefore, row.leaderBytesMax, row.leaderLogBytes].map(mibText),
    row.by,
    row.backSeconds.toFixed(2),
  ])
  return ['', 'A follower is down, and comes back', ...table(downHead, cells), '', ...downLegend]
}

const downHead = [
  'missed',
  'entries',
  'pairs/s before',
  'down',
  'back',
  "leader's MiB before",
  'at most',
  'log MiB',
  'by',
  'level after s',
]

const downLegend = [
  'pairs/s: locks acquired and released by 64 clients, with all members, without one, and from the moment in which it',
  "is started again. leader's MiB: resident, before and at most while it was away. log MiB: of the leader, on disk,",
  'when it comes back. by: what the leader sends it. level: from the start of its process, with that load.',
]

/** The tables for people; nothing without rows. */
export function startLines(rows: readonly StartRow[]): string[] {
  const byLog = rows.filter(({ joinSeconds }) => joinSeconds === undefined)
  const byState = rows.filter(({ joinSeconds }) => joinSeconds !== undefined)
  const lines: string[] = []
  if (byLog.length > 0) {
    const cells = byLog.map((row) => [
      whole(row.size),
      whole(row.entries),
      mibText(row.logBytes),
      row.startSeconds.toFixed(2),
    ])
    lines.push(
      '',
      'One member, killed and started again, without a checkpoint: against the log that it reads',
    )
    lines.push(...table(['MiB written', 'entries', 'log MiB', 'serves after s'], cells))
  }
  if (byState.length > 0) {
    const cells = byState.map((row) => [
      whole(row.size),
      row.startSeconds.toFixed(2),
      row.joinSeconds?.toFixed(2) ?? '-',
    ])
    lines.push(
      '',
      'The same with checkpoints as shipped, against what it holds; then a new member, which gets a snapshot',
    )
    lines.push(...table(['locks held', 'serves after s', 'new one level after s'], cells))
  }
  return lines
}

function mibText(bytes: number | undefined): string {
  return bytes === undefined ? '-' : whole(bytes / MIB)
}
