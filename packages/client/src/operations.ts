import {
  encodeRequest,
  type FieldsOf,
  type Operation,
  type OperationName,
  operations,
  ProtocolError,
  type ResultOf,
  Writer,
} from '@tranca/protocol'
import { InvalidRequestError } from './errors.ts'

/** A request as a caller writes it: `op` and the operation's fields; those with a default may be left out. */
export type RequestOf<N extends OperationName> = { readonly op: N } & FieldsOf<N>

/** Any request, discriminated by `op`. */
export type AnyRequest = { [N in OperationName]: RequestOf<N> }[OperationName]

export type AnyOperation = Operation

export type { OperationName, ResultOf }

/** `undefined` if this version of the protocol has no operation of that name. */
export function operationNamed(name: string): AnyOperation | undefined {
  return Object.hasOwn(operations, name) ? operations[name as OperationName] : undefined
}

/**
 * Appends the request as a frame.
 *
 * @throws InvalidRequestError; then nothing was appended
 */
export function writeRequest(writer: Writer, id: number, acks: readonly number[], request: AnyRequest): void {
  try {
    encodeRequest(writer, request.op, id, acks, request)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    throw new InvalidRequestError(request.op, error.message, { detail: { ...error.detail }, cause: error })
  }
}

const scratch = new Writer()

/** Checks a request that cannot be sent yet, so that its caller hears at once what is wrong with it. */
export function checkEncodable(request: AnyRequest): void {
  try {
    writeRequest(scratch, Number.MAX_SAFE_INTEGER, [], request)
  } finally {
    scratch.clear()
  }
}
