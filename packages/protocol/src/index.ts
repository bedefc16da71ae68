/**
 * The wire that clients and nodes share: frames, operations, causes, limits. No sockets in here.
 *
 * ```ts
 * // client
 * encodeRequest(writer, 'lock.acquire', 1, [], { owner: 'u1', locks: [{ name: 'SA1000001' }], waitMs: 5_000 })
 * socket.write(writer.take())
 *
 * // node
 * frames.feed(chunk)
 * for (let body = frames.next(); body !== undefined; body = frames.next()) {
 *   const request = decodeRequest(body)
 *   if (request.kind === 'unreadable') encodeRefused(writer, request.id, request.cause, request.detail)
 *   else if (request.kind === 'command') propose(body, request.operation)
 * }
 * encodeOk(writer, 'lock.acquire', 1, { token: 42, counts: [1] })
 *
 * // client again
 * decodeServerFrame(body, (id) => waiting.get(id)?.operation) // { kind: 'ok', id: 1, value: { token: 42, counts: [1] } }
 * ```
 *
 * The form of everything is in docs/protocol.md.
 */

export {
  type Cause,
  type ClientCause,
  causes,
  clientCauses,
  type LedgerCause,
  ledgerCauses,
  type NodeCause,
  nodeCauses,
} from './causes.ts'
export {
  ProtocolError,
  type ProtocolErrorCode,
  type ProtocolErrorDetail,
  protocolErrorCodes,
} from './errors.ts'
export { decodeServerFrame, encodeEvent, encodeOk, encodeRefused, type ServerFrame } from './frames/answer.ts'
export {
  type Change,
  type EventKind,
  eventKinds,
  type ServerEvent,
  type ServerEventInput,
} from './frames/events.ts'
export {
  type DecodedInternal,
  type DecodedRequest,
  decodeOperation,
  decodeRequest,
  encodeInternal,
  encodePing,
  encodePong,
  encodeRequest,
  type KeepAlive,
  type UnreadableRequest,
} from './frames/request.ts'
export {
  type InternalName,
  type InternalOperations,
  type InternalRequest,
  internalOperations,
} from './internal/index.ts'
export { limits } from './limits.ts'
export type { Operation, OperationKind } from './operation.ts'
export {
  type AdminName,
  type AdminRequest,
  type CommandName,
  type CommandRequest,
  type FieldsOf,
  type LocalName,
  type LocalRequest,
  type OperationName,
  type Operations,
  operationByCode,
  operationList,
  operations,
  type ReadName,
  type ReadRequest,
  type RequestOf,
  type ResultInputOf,
  type ResultOf,
} from './operations/index.ts'
export { agreeVersion, features, versions } from './versions.ts'
export { FrameReader } from './wire/frame-reader.ts'
export type { Value, ValueMap } from './wire/value.ts'
export { Writer } from './wire/writer.ts'
