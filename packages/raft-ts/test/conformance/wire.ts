import {
  APPEND_THREAD,
  APPLY_THREAD,
  type Entry,
  type Message,
  type MessageType,
  type NodeId,
  type Snapshot,
} from '../../src/index.ts'

/** A message as scripts see it: flat, with every field that any message has. */
export interface WireMessage {
  readonly type: string
  readonly from: NodeId
  readonly to: NodeId
  readonly term: number
  readonly logTerm: number
  readonly index: number
  readonly reject: boolean
  readonly rejectHint: number
  readonly commit: number
  readonly vote: NodeId
  readonly context: string
  readonly entries: readonly Entry[]
  readonly snapshot: Snapshot | undefined
  readonly responses: readonly Message[]
}

export const wireNames = {
  vote: 'MsgVote',
  preVote: 'MsgPreVote',
  voteResponse: 'MsgVoteResp',
  preVoteResponse: 'MsgPreVoteResp',
  append: 'MsgApp',
  appendResponse: 'MsgAppResp',
  heartbeat: 'MsgHeartbeat',
  heartbeatResponse: 'MsgHeartbeatResp',
  snapshot: 'MsgSnap',
  propose: 'MsgProp',
  readIndex: 'MsgReadIndex',
  readIndexResponse: 'MsgReadIndexResp',
  transferLeader: 'MsgTransferLeader',
  timeoutNow: 'MsgTimeoutNow',
  storageAppend: 'MsgStorageAppend',
  storageAppendResponse: 'MsgStorageAppendResp',
  storageApply: 'MsgStorageApply',
  storageApplyResponse: 'MsgStorageApplyResp',
} as const satisfies Record<MessageType, string>

/** Messages that scripts know and a node gives itself by calls instead. */
export const localNames = new Set([
  'MsgHup',
  'MsgBeat',
  'MsgUnreachable',
  'MsgSnapStatus',
  'MsgCheckQuorum',
  'MsgStorageAppend',
  'MsgStorageApply',
])

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const TRANSFER_CONTEXT = 'CampaignTransfer'

export function emptyWire(type: string, from: NodeId, to: NodeId, term: number): WireMessage {
  return {
    type,
    from,
    to,
    term,
    logTerm: 0,
    index: 0,
    reject: false,
    rejectHint: 0,
    commit: 0,
    vote: 0,
    context: '',
    entries: [],
    snapshot: undefined,
    responses: [],
  }
}

/** The context of a read travels as the data of an entry. */
function contextEntry(context: string): Entry {
  return { index: 0, term: 0, type: 'normal', data: encoder.encode(context) }
}

export function toWire(m: Message): WireMessage {
  const base = emptyWire(wireNames[m.type], m.from, m.to, m.term)
  switch (m.type) {
    case 'vote':
    case 'preVote':
      return { ...base, index: m.index, logTerm: m.logTerm, context: m.transfer ? TRANSFER_CONTEXT : '' }
    case 'voteResponse':
    case 'preVoteResponse':
      return { ...base, reject: m.reject }
    case 'append':
      return { ...base, index: m.index, logTerm: m.logTerm, entries: m.entries, commit: m.commit }
    case 'appendResponse':
      return { ...base, index: m.index, logTerm: m.logTerm, reject: m.reject, rejectHint: m.rejectHint }
    case 'heartbeat':
      return { ...base, commit: m.commit, context: m.context }
    case 'heartbeatResponse':
      return { ...base, context: m.context }
    case 'snapshot':
      return { ...base, snapshot: m.snapshot }
    case 'propose':
      return { ...base, entries: m.entries }
    case 'readIndex':
      return { ...base, entries: [contextEntry(m.context)] }
    case 'readIndexResponse':
      return { ...base, index: m.index, entries: [contextEntry(m.context)] }
    case 'transferLeader':
      return { ...base, from: m.transferee }
    case 'timeoutNow':
      return base
    case 'storageAppend': {
      const { hardState, entries, snapshot, responses } = m
      const vote = hardState?.vote ?? 0
      const commit = hardState?.commit ?? 0
      return { ...base, vote, commit, entries, snapshot, responses }
    }
    case 'storageAppendResponse':
      return { ...base, index: m.index, logTerm: m.logTerm, snapshot: m.snapshot }
    case 'storageApply':
      return { ...base, entries: m.entries, responses: m.responses }
    case 'storageApplyResponse':
      return { ...base, entries: m.entries }
    default:
      return m satisfies never
  }
}

export function fromWire(w: WireMessage): Message {
  const { from, to, term, index, logTerm, reject, rejectHint, commit, context, entries } = w
  switch (w.type) {
    case 'MsgVote':
    case 'MsgPreVote': {
      const type = w.type === 'MsgVote' ? 'vote' : 'preVote'
      return { type, from, to, term, index, logTerm, transfer: context === TRANSFER_CONTEXT }
    }
    case 'MsgVoteResp':
    case 'MsgPreVoteResp':
      return { type: w.type === 'MsgVoteResp' ? 'voteResponse' : 'preVoteResponse', from, to, term, reject }
    case 'MsgApp':
      return { type: 'append', from, to, term, index, logTerm, entries, commit }
    case 'MsgAppResp':
      return { type: 'appendResponse', from, to, term, index, reject, rejectHint, logTerm }
    case 'MsgHeartbeat':
      return { type: 'heartbeat', from, to, term, commit, context }
    case 'MsgHeartbeatResp':
      return { type: 'heartbeatResponse', from, to, term, context }
    case 'MsgSnap':
      if (w.snapshot === undefined) throw new Error('MsgSnap without a snapshot')
      return { type: 'snapshot', from, to, term, snapshot: w.snapshot }
    case 'MsgProp':
      return { type: 'propose', from, to, term, entries }
    case 'MsgReadIndex':
      return { type: 'readIndex', from, to, term, context: contextOf(w) }
    case 'MsgReadIndexResp':
      return { type: 'readIndexResponse', from, to, term, index, context: contextOf(w) }
    case 'MsgTransferLeader':
      return { type: 'transferLeader', from, to, term, transferee: from }
    case 'MsgTimeoutNow':
      return { type: 'timeoutNow', from, to, term }
    case 'MsgStorageAppendResp':
      return { type: 'storageAppendResponse', from, to, term, index, logTerm, snapshot: w.snapshot }
    case 'MsgStorageApplyResp':
      return { type: 'storageApplyResponse', from, to, term, entries }
    default:
      throw new Error(`unknown message type ${w.type}`)
  }
}

function contextOf(w: WireMessage): string {
  const entry = w.entries[0]
  return entry === undefined ? w.context : decoder.decode(entry.data)
}

export function targetName(id: NodeId): string {
  if (id === 0) return 'None'
  if (id === APPEND_THREAD) return 'AppendThread'
  if (id === APPLY_THREAD) return 'ApplyThread'
  return id.toString(16)
}
