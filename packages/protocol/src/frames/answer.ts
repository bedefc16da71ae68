import type { Cause } from '../causes.ts'
import { ProtocolError } from '../errors.ts'
import { limits } from '../limits.ts'
import type { Operation } from '../operation.ts'
import { type OperationName, operations, type ResultInputOf } from '../operations/index.ts'
import { Malformed } from '../wire/malformed.ts'
import { Reader } from '../wire/reader.ts'
import { readValueMap, type ValueMap, writeValue } from '../wire/value.ts'
import type { Writer } from '../wire/writer.ts'
import { eventByCode, eventByName, type ServerEvent, type ServerEventInput } from './events.ts'
import { invalidValue } from './request.ts'
import { tags } from './tags.ts'

/** One frame from a node, as a client reads it. */
export type ServerFrame =
  | { readonly kind: 'ok'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'refused'; readonly id: number; readonly cause: string; readonly detail: ValueMap }
  | { readonly kind: 'event'; readonly event: ServerEvent }
  | { readonly kind: 'ping' | 'pong'; readonly nonce: number }
  /** An answer to an id that nobody waits for (any more). */
  | { readonly kind: 'orphan'; readonly id: number }
  /** A frame or event of a newer node: to be passed over. */
  | { readonly kind: 'unknown' }
  /** Bytes that cannot be read. If the id could be, the request of that id is the one concerned; else 0. */
  | {
      readonly kind: 'unreadable'
      readonly id: number
      readonly detail: { readonly field: string; readonly value: string; readonly expected: string }
    }

const reader = new Reader(new Uint8Array(0))

/**
 * Writes the answer to a request that was done. An answer larger than a frame becomes the refusal
 * `answerTooLarge`.
 *
 * @throws ProtocolError `INVALID_VALUE` if the result does not fit the operation's schema
 */
export function encodeOk<N extends OperationName>(
  writer: Writer,
  name: N,
  id: number,
  value: ResultInputOf<N>,
): void {
  const operation: Operation = operations[name]
  writer.beginFrame()
  try {
    const size = operation.result.size(value)
    writer.arrayHeader(2 + size)
    writer.integer(tags.ok)
    writer.integer(id)
    operation.result.write(writer, value, size)
    writer.endFrame()
  } catch (error) {
    writer.abortFrame()
    if (!isTooLarge(error)) throw invalidValue(error, name)
    encodeRefused(writer, id, 'answerTooLarge', { max: limits.frameSizeMax })
  }
}

/** Writes the answer to a request that was not done. A detail that does not fit is left out. */
export function encodeRefused(writer: Writer, id: number, cause: Cause, detail: object = {}): void {
  writer.beginFrame()
  try {
    writer.arrayHeader(4)
    writer.integer(tags.refused)
    writer.integer(id)
    writer.text(cause)
    writeValue(writer, detail)
    writer.endFrame()
  } catch (error) {
    writer.abortFrame()
    if (!isTooLarge(error)) throw invalidValue(error, cause)
    encodeRefused(writer, id, cause)
  }
}

export function encodeEvent(writer: Writer, event: ServerEventInput): void {
  const known = eventByName(event.event)
  if (known === undefined) throw new ProtocolError('INVALID_VALUE', `there is no event ${event.event}`)
  writer.beginFrame()
  try {
    const size = known.row.size(event)
    writer.arrayHeader(2 + size)
    writer.integer(tags.event)
    writer.integer(known.code)
    known.row.write(writer, event, size)
    writer.endFrame()
  } catch (error) {
    writer.abortFrame()
    throw invalidValue(error, event.event)
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof ProtocolError && error.code === 'FRAME_TOO_LARGE'
}

/**
 * Reads one frame from a node. Never throws for bytes, whatever they are.
 *
 * @param opOf the operation that was asked under an id; `undefined` = nobody waits for it
 */
export function decodeServerFrame(
  view: Uint8Array,
  opOf: (id: number) => Operation | undefined,
): ServerFrame {
  let id = 0
  try {
    reader.reset(view)
    reader.left = reader.arrayHeader('a frame: an array')
    const tag = item(reader, 'a tag')
    switch (tag) {
      case tags.ok: {
        id = item(reader, 'an id')
        const operation = opOf(id)
        if (operation === undefined) return { kind: 'orphan', id }
        const value = operation.result.read(reader)
        reader.finish()
        return { kind: 'ok', id, value }
      }
      case tags.refused: {
        id = item(reader, 'an id')
        if (reader.left <= 0) throw new Malformed('cause', 'nothing', 'a cause')
        const cause = reader.text('a cause')
        const detail = reader.left > 1 && !reader.maybeNil() ? readValueMap(reader) : {}
        return { kind: 'refused', id, cause, detail }
      }
      case tags.event: {
        const known = eventByCode(item(reader, 'a kind of event'))
        if (known === undefined) return { kind: 'unknown' }
        const fields = known.row.read(reader) as object
        reader.finish()
        return { kind: 'event', event: { event: known.name, ...fields } as ServerEvent }
      }
      case tags.ping:
        return { kind: 'ping', nonce: item(reader, 'a nonce') }
      case tags.pong:
        return { kind: 'pong', nonce: item(reader, 'a nonce') }
      default:
        return { kind: 'unknown' }
    }
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    const { field, value, expected } = error
    return { kind: 'unreadable', id, detail: { field: field || 'frame', value, expected } }
  }
}

function item(from: Reader, expected: string): number {
  if (from.left <= 0) throw new Malformed('', 'nothing', expected)
  from.left--
  const at = from.pos
  const value = from.integer(expected)
  if (value < 0) throw from.unexpected(at, expected)
  return value
}
