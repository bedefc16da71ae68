import { createHash } from 'node:crypto'
import { type CommandRequest, encodeRequest, Writer } from '@tranca/protocol'
import { limits } from '../limits.ts'
import type { Principal } from './access.ts'

type KeyedRequest = Extract<CommandRequest, { readonly key: Uint8Array }>

const HEADER_SIZE = 4

/**
 * Ties a session to who opened it: the ledger gets, in place of the client's key, one that only this principal
 * can make from it. Whoever replays the key under another name finds another session, or none. And what lies
 * in logs and snapshots is of no use to a client.
 *
 * The name decides, not the role or the kind of credential: both may be changed while sessions live.
 */
export function bindSessionKey<R extends KeyedRequest>(
  request: { readonly id: number; readonly acks: readonly number[]; readonly operation: R },
  principal: Principal,
): { readonly operation: R; readonly bytes: Buffer } {
  const { id, acks, operation } = request
  const key = createHash('sha256')
    .update(`tranca session\0${principal.name}\0`)
    .update(operation.key)
    .digest()
    .subarray(0, limits.sessionKeySize)
  const bound = { ...operation, key }
  const writer = new Writer()
  encodeRequest(writer, operation.op, id, acks, bound as never)
  return { operation: bound, bytes: writer.take().subarray(HEADER_SIZE) }
}
