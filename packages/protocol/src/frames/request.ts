import { ProtocolError } from '../errors.ts'
import {
  type InternalName,
  type InternalRequest,
  internalByCode,
  internalOperations,
} from '../internal/index.ts'
import { limits } from '../limits.ts'
import type { Operation, OperationKind } from '../operation.ts'
import {
  type AdminRequest,
  type CommandRequest,
  type FieldsOf,
  type LocalRequest,
  type OperationName,
  operationByCode,
  operations,
  type ReadRequest,
} from '../operations/index.ts'
import { list } from '../schema/containers.ts'
import { count } from '../schema/scalars.ts'
import { Malformed } from '../wire/malformed.ts'
import { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'
import { tags } from './tags.ts'

interface RequestHead<K extends OperationKind, O> {
  readonly kind: K
  readonly id: number
  /** Ids whose answers the client has received. */
  readonly acks: readonly number[]
  readonly operation: O
}

/** A request that was understood, by who does its work. */
export type DecodedRequest =
  | RequestHead<'command', CommandRequest>
  | RequestHead<'read', ReadRequest>
  | RequestHead<'admin', AdminRequest>
  | RequestHead<'local', LocalRequest>

/** A request that was not understood: what to answer, and whether the connection can live on. */
export interface UnreadableRequest {
  readonly kind: 'unreadable'
  /** 0 if not even the id could be read: then nobody can match an answer, and the connection should end. */
  readonly id: number
  readonly cause: 'malformed' | 'unknownOperation'
  readonly detail: { readonly [field: string]: string | number }
}

export interface KeepAlive {
  readonly kind: 'ping' | 'pong'
  readonly nonce: number
}

/** A command of the leader's own, from the log. */
export interface DecodedInternal {
  readonly kind: 'internal'
  readonly operation: InternalRequest
}

const noAcks: readonly number[] = Object.freeze([])
const acksList = list(count, { max: limits.acksMax })
const reader = new Reader(new Uint8Array(0))

/**
 * Reads one frame from a client. Pure; never throws for bytes, whatever they are.
 *
 * @param view the body of one frame: exactly these bytes may be stored and read again by {@link decodeOperation}
 */
export function decodeRequest(view: Uint8Array): DecodedRequest | KeepAlive | UnreadableRequest {
  let id = 0
  let field = 'op'
  try {
    reader.reset(view)
    reader.left = reader.arrayHeader('a request: an array')
    const code = item(reader, 'an operation code')
    if (code === tags.ping || code === tags.pong) {
      field = 'nonce'
      const nonce = item(reader, 'a nonce')
      return { kind: code === tags.ping ? 'ping' : 'pong', nonce }
    }
    field = 'id'
    id = item(reader, 'a request id')
    field = 'acks'
    const acks = readAcks(reader)
    const operation = operationByCode(code)
    if (operation === undefined) {
      return { kind: 'unreadable', id, cause: 'unknownOperation', detail: { op: code } }
    }
    field = ''
    const request = operation.request.read(reader)
    reader.finish()
    return { kind: operation.kind, id, acks, operation: request } as DecodedRequest
  } catch (error) {
    return unreadable(id, malformed(error, field))
  }
}

/**
 * Reads bytes that a leader took into the log: a request as {@link decodeRequest} accepted it, or a command
 * from {@link encodeInternal}. The result is the same on every node.
 *
 * @throws ProtocolError `STORED_REQUEST_UNREADABLE`: the log has what this version does not know, or is damaged
 */
export function decodeOperation(bytes: Uint8Array): DecodedRequest | DecodedInternal {
  const internal = decodeInternal(bytes)
  if (internal !== undefined) return internal
  const request = decodeRequest(bytes)
  switch (request.kind) {
    case 'ping':
    case 'pong':
      throw unreadableStored('op', request.kind, 'a request')
    case 'unreadable': {
      const { field = 'op', value = request.detail.op, expected = 'a known operation' } = request.detail
      throw unreadableStored(String(field), String(value), String(expected))
    }
    default:
      return request
  }
}

function decodeInternal(bytes: Uint8Array): DecodedInternal | undefined {
  try {
    reader.reset(bytes)
    reader.left = reader.arrayHeader()
    const operation = internalByCode(item(reader, 'an operation code'))
    if (operation === undefined) return undefined
    const command = operation.request.read(reader)
    reader.finish()
    return { kind: 'internal', operation: command as InternalRequest }
  } catch (error) {
    const { field, value, expected } = malformed(error, 'op')
    throw unreadableStored(field, value, expected)
  }
}

function unreadableStored(field: string, value: string, expected: string): ProtocolError {
  return new ProtocolError(
    'STORED_REQUEST_UNREADABLE',
    `a stored request cannot be read: ${field} is ${value}, expected ${expected}`,
    { field, value, expected },
  )
}

function item(from: Reader, expected: string): number {
  if (from.left <= 0) throw new Malformed('', 'nothing', expected)
  from.left--
  const at = from.pos
  const value = from.integer(expected)
  if (value < 0) throw from.unexpected(at, expected)
  return value
}

function readAcks(from: Reader): readonly number[] {
  if (from.left <= 0) return noAcks
  from.left--
  if (from.maybeNil()) return noAcks
  if (from.buffer[from.pos] === 0x90 && from.pos < from.end) {
    from.pos++
    return noAcks
  }
  return acksList.read(from)
}

function malformed(error: unknown, field: string): Malformed {
  if (!(error instanceof Malformed)) throw error
  return field === '' ? error : error.within(field)
}

function unreadable(id: number, { field, value, expected }: Malformed): UnreadableRequest {
  return { kind: 'unreadable', id, cause: 'malformed', detail: { field: field || 'frame', value, expected } }
}

/**
 * Writes one request as a frame.
 *
 * @throws ProtocolError `INVALID_VALUE` (with field, value, expected) or `FRAME_TOO_LARGE`; then nothing was written
 */
export function encodeRequest<N extends OperationName>(
  writer: Writer,
  name: N,
  id: number,
  acks: readonly number[],
  fields: FieldsOf<N>,
): void {
  const operation: Operation = operations[name]
  writer.beginFrame()
  try {
    const size = operation.request.size(fields)
    writer.arrayHeader(3 + size)
    writer.integer(operation.code)
    writer.integer(id)
    writer.arrayHeader(acks.length)
    for (let i = 0; i < acks.length; i++) writer.integer(acks[i]!)
    operation.request.write(writer, fields, size)
    writer.endFrame()
  } catch (error) {
    writer.abortFrame()
    throw invalidValue(error, name)
  }
}

/** Writes a command of the leader's own as it stands in the log: no length before it. */
export function encodeInternal<C extends InternalRequest>(writer: Writer, command: C): void {
  const operation: Operation = internalOperations[command.op as InternalName]
  const size = operation.request.size(command)
  try {
    writer.arrayHeader(1 + size)
    writer.integer(operation.code)
    operation.request.write(writer, command, size)
  } catch (error) {
    throw invalidValue(error, command.op)
  }
}

export function encodePing(writer: Writer, nonce: number): void {
  writeKeepAlive(writer, tags.ping, nonce)
}

/** The answer to a ping carries its nonce. */
export function encodePong(writer: Writer, nonce: number): void {
  writeKeepAlive(writer, tags.pong, nonce)
}

function writeKeepAlive(writer: Writer, tag: number, nonce: number): void {
  writer.beginFrame()
  writer.arrayHeader(2)
  writer.integer(tag)
  writer.integer(nonce)
  writer.endFrame()
}

/** What a caller sees when a value does not fit its schema. */
export function invalidValue(error: unknown, name: string): unknown {
  if (!(error instanceof Malformed)) return error
  const { field, value, expected } = error
  return new ProtocolError(
    'INVALID_VALUE',
    `${name}: ${field || 'value'} is ${value}, expected ${expected}`,
    {
      field,
      value,
      expected,
    },
  )
}
