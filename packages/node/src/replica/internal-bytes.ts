import type { InternalCommand } from '@tranca/ledger'
import { encodeInternal, type InternalRequest, Writer } from '@tranca/protocol'

const writer = new Writer()

/** A command of the leader's own, as it stands in the log. */
export function internalBytes(command: InternalCommand): Buffer {
  // The same shapes; only the wire's lists are not marked as read-only.
  encodeInternal(writer, command as InternalRequest)
  return writer.take()
}
