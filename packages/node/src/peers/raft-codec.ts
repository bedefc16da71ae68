import type { Append, Entry, EntryType, Message } from '@tranca/raft-ts'

/**
 * Raft messages between members, packed by hand: a fixed head, then what the type needs.
 *
 *     message = type(1) flags(1) from(4) to(4) term(6) index(6) logTerm(6) commit(6) contextLength(2) context
 *     append  = message entry*
 *     entry   = type(1) term(6) length(4) data          indexes follow from the head's
 *
 * A snapshot travels on a stream of its own (snapshot-stream.ts). Proposals and reads are never
 * forwarded: clients find the leader themselves.
 */
const TYPES = [
  'vote',
  'preVote',
  'voteResponse',
  'preVoteResponse',
  'append',
  'appendResponse',
  'heartbeat',
  'heartbeatResponse',
  'timeoutNow',
] as const

export type PeerMessage = Extract<Message, { type: (typeof TYPES)[number] }>

const ENTRY_TYPES: readonly EntryType[] = ['normal', 'confChange', 'confChangeV2']
const HEAD_SIZE = 36
const ENTRY_HEAD_SIZE = 11
const FLAG = 1

export function isPeerMessage(message: Message): message is PeerMessage {
  return (TYPES as readonly string[]).includes(message.type)
}

/** The parts of one message: heads are fresh, an entry's data is shared with the log. */
export function encodePeerMessage(message: PeerMessage): Uint8Array[] {
  const context =
    message.type === 'heartbeat' || message.type === 'heartbeatResponse'
      ? Buffer.from(message.context, 'utf8')
      : undefined
  const head = Buffer.allocUnsafe(HEAD_SIZE)
  head[0] = TYPES.indexOf(message.type)
  head[1] = flagOf(message) ? FLAG : 0
  head.writeUInt32BE(message.from, 2)
  head.writeUInt32BE(message.to, 6)
  head.writeUIntBE(message.term, 10, 6)
  let index = 0
  let logTerm = 0
  let commit = 0
  switch (message.type) {
    case 'vote':
    case 'preVote':
      index = message.index
      logTerm = message.logTerm
      break
    case 'append':
      index = message.index
      logTerm = message.logTerm
      commit = message.commit
      break
    case 'appendResponse':
      index = message.index
      logTerm = message.logTerm
      commit = message.rejectHint
      break
    case 'heartbeat':
      commit = message.commit
      break
    default:
  }
  head.writeUIntBE(index, 16, 6)
  head.writeUIntBE(logTerm, 22, 6)
  head.writeUIntBE(commit, 28, 6)
  head.writeUInt16BE(context?.length ?? 0, 34)
  const parts: Uint8Array[] = [head]
  if (context) parts.push(context)
  if (message.type === 'append') for (const entry of message.entries) pushEntry(parts, entry)
  return parts
}

function flagOf(message: PeerMessage): boolean {
  switch (message.type) {
    case 'vote':
    case 'preVote':
      return message.transfer
    case 'voteResponse':
    case 'preVoteResponse':
    case 'appendResponse':
      return message.reject
    default:
      return false
  }
}

function pushEntry(parts: Uint8Array[], entry: Entry): void {
  const head = Buffer.allocUnsafe(ENTRY_HEAD_SIZE)
  head[0] = ENTRY_TYPES.indexOf(entry.type)
  head.writeUIntBE(entry.term, 1, 6)
  head.writeUInt32BE(entry.data.length, 7)
  parts.push(head, entry.data)
}

/** @throws RangeError on anything but exactly one message */
export function decodePeerMessage(bytes: Buffer): PeerMessage {
  if (bytes.length < HEAD_SIZE)
    throw new RangeError(`message of ${bytes.length} bytes, expected ${HEAD_SIZE}`)
  const type = TYPES[bytes[0]!]
  const flag = bytes[1] === FLAG
  const envelope = {
    from: bytes.readUInt32BE(2),
    to: bytes.readUInt32BE(6),
    term: bytes.readUIntBE(10, 6),
  }
  const index = bytes.readUIntBE(16, 6)
  const logTerm = bytes.readUIntBE(22, 6)
  const commit = bytes.readUIntBE(28, 6)
  const end = HEAD_SIZE + bytes.readUInt16BE(34)
  if (end > bytes.length) throw new RangeError(`context of ${end - HEAD_SIZE} bytes passes the end`)
  if (type !== 'append' && end !== bytes.length) {
    throw new RangeError(`${bytes.length - end} bytes after a message of type '${type}'`)
  }
  const context = bytes.toString('utf8', HEAD_SIZE, end)
  switch (type) {
    case 'vote':
    case 'preVote':
      return { type, ...envelope, index, logTerm, transfer: flag }
    case 'voteResponse':
    case 'preVoteResponse':
      return { type, ...envelope, reject: flag }
    case 'append':
      return { type, ...envelope, index, logTerm, commit, entries: decodeEntries(bytes, end, index) }
    case 'appendResponse':
      return { type, ...envelope, index, reject: flag, rejectHint: commit, logTerm }
    case 'heartbeat':
      return { type, ...envelope, commit, context }
    case 'heartbeatResponse':
      return { type, ...envelope, context }
    case 'timeoutNow':
      return { type, ...envelope }
    default:
      throw new RangeError(`unknown message type ${bytes[0]}`)
  }
}

function decodeEntries(bytes: Buffer, start: number, previous: number): Append['entries'] {
  const entries: Entry[] = []
  let offset = start
  while (offset < bytes.length) {
    const dataStart = offset + ENTRY_HEAD_SIZE
    const type = ENTRY_TYPES[bytes[offset]!]
    if (type === undefined || dataStart > bytes.length) throw new RangeError(`bad entry at offset ${offset}`)
    const dataEnd = dataStart + bytes.readUInt32BE(offset + 7)
    if (dataEnd > bytes.length) throw new RangeError(`entry data at offset ${offset} passes the end`)
    entries.push({
      index: previous + entries.length + 1,
      term: bytes.readUIntBE(offset + 1, 6),
      type,
      data: bytes.subarray(dataStart, dataEnd),
    })
    offset = dataEnd
  }
  return entries
}
