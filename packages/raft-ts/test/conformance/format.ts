import {
  asV2,
  type ConfState,
  decodeConfChange,
  type Entry,
  type HardState,
  type Message,
  type ProgressStatus,
  type ReadState,
  type Ready,
  type Role,
  type SingleChange,
  type Snapshot,
} from '../../src/index.ts'
import { targetName, toWire, type WireMessage } from './wire.ts'

const decoder = new TextDecoder()
const encoder = new TextEncoder()

const roleNames = {
  follower: 'StateFollower',
  preCandidate: 'StatePreCandidate',
  candidate: 'StateCandidate',
  leader: 'StateLeader',
} as const satisfies Record<Role, string>

const progressNames = { probe: 'StateProbe', replicate: 'StateReplicate', snapshot: 'StateSnapshot' } as const
const entryNames = {
  normal: 'EntryNormal',
  confChange: 'EntryConfChange',
  confChangeV2: 'EntryConfChangeV2',
} as const
const changeLetters = { addNode: 'v', addLearner: 'l', removeNode: 'r', updateNode: 'u' } as const

export function roleName(role: Role): string {
  return roleNames[role]
}

export function formatReady(ready: Ready): string[] {
  const lines: string[] = []
  if (ready.softState !== undefined)
    lines.push(`Lead:${ready.softState.leader} State:${roleName(ready.softState.role)}`)
  if (ready.hardState !== undefined) lines.push(`HardState ${formatHardState(ready.hardState)}`)
  if (ready.readStates.length > 0)
    lines.push(`ReadStates [${ready.readStates.map(formatReadState).join(' ')}]`)
  if (ready.entries.length > 0) lines.push('Entries:', ...ready.entries.map(formatEntry))
  if (ready.snapshot !== undefined) lines.push(`Snapshot ${formatSnapshot(ready.snapshot)}`)
  if (ready.committedEntries.length > 0)
    lines.push('CommittedEntries:', ...ready.committedEntries.map(formatEntry))
  const messages = [...ready.messages, ...ready.messagesAfterAppend]
  if (messages.length > 0) lines.push('Messages:', ...messages.flatMap((m) => formatMessage(m)))
  return lines.length === 0 ? ['<empty Ready>'] : [`Ready MustSync=${ready.mustSync}:`, ...lines]
}

export function formatMessage(m: Message, indent = ''): string[] {
  return formatWire(toWire(m), indent)
}

export function formatWire(w: WireMessage, indent = ''): string[] {
  const lines: string[] = []
  let line = `${indent}${targetName(w.from)}->${targetName(w.to)} ${w.type} Term:${w.term} Log:${w.logTerm}/${w.index}`
  if (w.reject) line += ` Rejected (Hint: ${w.rejectHint})`
  if (w.commit !== 0) line += ` Commit:${w.commit}`
  if (w.vote !== 0) line += ` Vote:${w.vote}`
  if (w.entries.length === 1) {
    line += ` Entries:[${formatEntry(w.entries[0]!)}]`
  } else if (w.entries.length > 1) {
    lines.push(`${line} Entries:[`)
    for (const entry of w.entries) lines.push(`${indent}  ${formatEntry(entry)}`)
    line = `${indent}]`
  }
  if (w.snapshot !== undefined && w.snapshot.index !== 0) {
    lines.push(line)
    line = `${indent}  Snapshot: ${formatSnapshot(w.snapshot)}`
  }
  if (w.responses.length > 0) {
    lines.push(`${line} Responses:[`)
    for (const response of w.responses) lines.push(...formatMessage(response, `${indent}  `))
    line = `${indent}]`
  }
  lines.push(line)
  return lines
}

export function formatEntry(entry: Entry): string {
  const data =
    entry.type === 'normal'
      ? JSON.stringify(decoder.decode(entry.data))
      : formatChanges(asV2(decodeConfChange(entry)).changes)
  return `${entry.term}/${entry.index} ${entryNames[entry.type]}${data === '' ? '' : ` ${data}`}`
}

function formatChanges(changes: readonly SingleChange[]): string {
  return changes.map(({ type, nodeId }) => `${changeLetters[type]}${nodeId}`).join(' ')
}

export function formatHardState({ term, vote, commit }: HardState): string {
  return `Term:${term}${vote === 0 ? '' : ` Vote:${vote}`} Commit:${commit}`
}

function formatSnapshot({ index, term, confState }: Snapshot): string {
  return `Index:${index} Term:${term} ConfState:${formatConfState(confState)}`
}

export function formatConfState(state: ConfState): string {
  const list = (ids: readonly number[]) => `[${ids.join(' ')}]`
  return (
    `Voters:${list(state.voters)} VotersOutgoing:${list(state.votersOutgoing)} ` +
    `Learners:${list(state.learners)} LearnersNext:${list(state.learnersNext)} AutoLeave:${state.autoLeave}`
  )
}

function formatReadState({ index, context }: ReadState): string {
  return `{${index} [${encoder.encode(context).join(' ')}]}`
}

export function formatProgress(progress: ProgressStatus): string {
  let line = `${progress.id}: ${progressNames[progress.state]} match=${progress.match} next=${progress.next}`
  if (progress.isLearner) line += ' learner'
  if (progress.isPaused) line += ' paused'
  if (progress.pendingSnapshot > 0) line += ` pendingSnap=${progress.pendingSnapshot}`
  if (!progress.recentActive) line += ' inactive'
  if (progress.inflightCount > 0)
    line += ` inflight=${progress.inflightCount}${progress.inflightFull ? '[full]' : ''}`
  return line
}
