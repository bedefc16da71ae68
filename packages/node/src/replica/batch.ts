import { NodeError } from '../errors.ts'

/**
 * What one log entry carries: all commands of one turn of the event loop, each with the
 * bytes that its client sent (docs/architecture.md, "How a request flows").
 *
 *     entry    = version(1) timeMs(8) wallMs(8) item*
 *     item     = 0x01 session(6) generation(4) length(4) request-bytes
 *              | 0x02 length(4) internal-command-bytes
 *
 * All integers are unsigned and big-endian, both times are float64.
 */
const VERSION = 1
const HEAD_SIZE = 17
const CLIENT = 1
const INTERNAL = 2
const CLIENT_HEAD_SIZE = 15
const INTERNAL_HEAD_SIZE = 5

export interface ClientItem {
  readonly kind: 'client'
  readonly session: number
  readonly generation: number
  /** The request as it came, without the frame's length. */
  readonly bytes: Uint8Array
}

export interface InternalItem {
  readonly kind: 'internal'
  readonly bytes: Uint8Array
}

export type BatchItem = ClientItem | InternalItem

/** Bytes that an item adds to an entry. */
export function itemSize(item: BatchItem): number {
  return (item.kind === 'client' ? CLIENT_HEAD_SIZE : INTERNAL_HEAD_SIZE) + item.bytes.length
}

/** Packs items[from..to) into the data of one entry. The only copy of a request's bytes before the log. */
export function encodeBatch(
  items: readonly BatchItem[],
  range: { from: number; to: number },
  time: { timeMs: number; wallMs: number },
): Buffer {
  let size = HEAD_SIZE
  for (let at = range.from; at < range.to; at++) size += itemSize(items[at]!)
  const out = Buffer.allocUnsafe(size)
  out[0] = VERSION
  out.writeDoubleBE(time.timeMs, 1)
  out.writeDoubleBE(time.wallMs, 9)
  let offset = HEAD_SIZE
  for (let at = range.from; at < range.to; at++) {
    const item = items[at]!
    if (item.kind === 'client') {
      out[offset] = CLIENT
      out.writeUIntBE(item.session, offset + 1, 6)
      out.writeUInt32BE(item.generation, offset + 7)
      out.writeUInt32BE(item.bytes.length, offset + 11)
      offset += CLIENT_HEAD_SIZE
    } else {
      out[offset] = INTERNAL
      out.writeUInt32BE(item.bytes.length, offset + 1)
      offset += INTERNAL_HEAD_SIZE
    }
    out.set(item.bytes, offset)
    offset += item.bytes.length
  }
  return out
}

export interface Batch {
  readonly timeMs: number
  readonly wallMs: number
  readonly items: readonly BatchItem[]
}

/** The times that an entry carries, without its items. */
export function batchTime(data: Uint8Array, index: number): { timeMs: number; wallMs: number } {
  if (data.length < HEAD_SIZE) throw unreadable(index, `${data.length} bytes, expected at least ${HEAD_SIZE}`)
  const view = new DataView(data.buffer, data.byteOffset, HEAD_SIZE)
  const [timeMs, wallMs] = [view.getFloat64(1), view.getFloat64(9)]
  // A deadline counted from no number would never come.
  if (!Number.isFinite(timeMs) || !Number.isFinite(wallMs)) {
    throw unreadable(index, `times ${timeMs} and ${wallMs}, expected two finite numbers`)
  }
  return { timeMs, wallMs }
}

/**
 * Reads an entry's data. Every entry was checked before it was proposed, so an unreadable one
 * was written by another version or damaged: the node must stop rather than skip it.
 *
 * @throws {NodeError} ENTRY_UNREADABLE
 */
export function decodeBatch(data: Uint8Array, index: number): Batch {
  const view = Buffer.from(data.buffer, data.byteOffset, data.length)
  if (view.length < HEAD_SIZE || view[0] !== VERSION) {
    throw unreadable(index, `version ${view[0]} in ${view.length} bytes, expected version ${VERSION}`)
  }
  const time = batchTime(data, index)
  const items: BatchItem[] = []
  let offset = HEAD_SIZE
  while (offset < view.length) {
    const kind = view[offset]
    const headSize = kind === CLIENT ? CLIENT_HEAD_SIZE : INTERNAL_HEAD_SIZE
    if ((kind !== CLIENT && kind !== INTERNAL) || offset + headSize > view.length) {
      throw unreadable(index, `item kind ${kind} at offset ${offset}, expected ${CLIENT} or ${INTERNAL}`)
    }
    const length = view.readUInt32BE(offset + headSize - 4)
    const start = offset + headSize
    const end = start + length
    if (end > view.length)
      throw unreadable(index, `item of ${length} bytes at offset ${offset} passes the end`)
    const bytes = view.subarray(start, end)
    items.push(
      kind === CLIENT
        ? {
            kind: 'client',
            session: view.readUIntBE(offset + 1, 6),
            generation: view.readUInt32BE(offset + 7),
            bytes,
          }
        : { kind: 'internal', bytes },
    )
    offset = end
  }
  return { ...time, items }
}

function unreadable(index: number, what: string): NodeError {
  return new NodeError('ENTRY_UNREADABLE', `log entry ${index}: ${what}`)
}
