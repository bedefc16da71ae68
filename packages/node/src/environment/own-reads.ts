import { type OnReadOpts, type Server, Socket, type SocketConstructorOpts } from 'node:net'

/** Takes the bytes of one read over. */
type Receive = (chunk: Buffer) => void

/** Of all sockets: what it holds is copied out before the next read of any of them. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024)

/**
 * For sockets whose reads arrive in one buffer that all of them share. Without it each read allocates 64 KiB, gives
 * most of them back, and passes through a stream; what it brings is some hundred bytes.
 */
export function ownReads(receive: Receive): { readonly onread: OnReadOpts } {
  return {
    onread: {
      buffer: readBuffer,
      callback(size) {
        const chunk = Buffer.allocUnsafe(size)
        readBuffer.copy(chunk, 0, 0, size)
        receive(chunk)
        return true
      },
    },
  }
}

/** What Node keeps inside of a socket, as far as it is used here. */
interface Inside {
  _handle: { readonly useUserBuffer?: unknown } | null
  _server: Server | null
  server: Server | null
}

/**
 * Moves an accepted connection to a socket that reads as {@link ownReads} says: the public interface of Node 20 has
 * that for dialed sockets only. The server must have `pauseOnConnect`, so that nothing was read before.
 *
 * @returns `undefined` if this version of Node cannot do it; then the accepted socket is as it was
 */
export function adopt(accepted: Socket, receive: Receive): Socket | undefined {
  const from = accepted as unknown as Inside
  const { _handle: handle, _server: server } = from
  if (typeof handle?.useUserBuffer !== 'function') return undefined
  const options = { handle, readable: true, writable: true, manualStart: true, ...ownReads(receive) }
  const socket = new Socket(options as SocketConstructorOpts)
  const to = socket as unknown as Inside
  if (to._handle !== handle) return undefined
  // The server counts its open connections by the sockets that name it.
  to._server = server
  to.server = server
  from._handle = null
  from._server = null
  socket.resume()
  return socket
}
