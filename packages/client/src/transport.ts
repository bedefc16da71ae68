import net from 'node:net'

/**
 * How bytes reach a node. `dial` returns at once; what happens is told through the handlers, never from
 * inside of `dial`, `write` or `close`. After `close` no handler is called.
 */
export interface Transport {
  /** Others can read what is sent beyond this machine: no token goes there. */
  readonly isPlain?: boolean
  dial(address: string, handlers: WireHandlers): Wire
}

export interface WireHandlers {
  /** The connection stands. Nothing is written before. */
  onOpen(): void
  /** Bytes in order, cut anywhere. The chunk may be used only during the call. */
  onData(chunk: Buffer): void
  /** All that waited has been handed over, after there was more of it than a socket takes at once. */
  onDrain(): void
  /** The connection is gone or was never made. Called once, last. */
  onClose(error: Error | undefined): void
}

export interface Wire {
  /** Takes the bytes over: the caller never touches them again. */
  write(bytes: Buffer): void
  /** Bytes that `write` took and the system has not. */
  readonly backlog: number
  /** Ends the connection, after what was written if `gently`, else at once. */
  close(gently?: boolean): void
}

/** The port of the service when an address names none. */
export const defaultPort = 5555

/** `host`, `host:port`, `[v6]:port` or `v6`; throws a RangeError that names what is wrong. */
export function parseAddress(address: string): { host: string; port: number } {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(address)
  const plain = /^([^:[\]]+)(?::(\d+))?$/.exec(address)
  const match = bracketed ?? plain
  if (match?.[1] === undefined) {
    if (net.isIPv6(address)) return { host: address, port: defaultPort }
    throw new RangeError(`address ${JSON.stringify(address)}: expected host, host:port or [IPv6]:port`)
  }
  const port = match[2] === undefined ? defaultPort : Number(match[2])
  if (port < 1 || port > 65_535) {
    throw new RangeError(`address ${JSON.stringify(address)}: expected a port from 1 to 65535`)
  }
  return { host: match[1], port }
}

/** True for addresses that only this machine reaches. */
export function isLoopback(address: string): boolean {
  const { host } = parseAddress(address)
  return host === 'localhost' || host === '::1' || (net.isIPv4(host) && host.startsWith('127.'))
}

const lingerMs = 1_000

/** Of all connections: what it holds is used up before the next read of any of them. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024)

/** Plain TCP without Nagle's delay. */
export const tcpTransport: Transport = {
  isPlain: true,
  dial(address, handlers) {
    const { host, port } = parseAddress(address)
    let onData = (_chunk: Buffer): void => undefined
    const socket = net.connect({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 15_000,
      // Without it each read allocates 64 KiB and gives most of them back.
      onread: {
        buffer: readBuffer,
        callback(size, buffer) {
          onData(Buffer.from(buffer.buffer, buffer.byteOffset, size))
          return true
        },
      },
    })
    const { wire, receive } = wireOn(socket, 'connect', handlers)
    onData = receive
    return wire
  },
}

/** A socket of either kind as a wire. */
export function wireOf(
  socket: net.Socket,
  openEvent: 'connect' | 'secureConnect',
  handlers: WireHandlers,
): Wire {
  const { wire, receive } = wireOn(socket, openEvent, handlers)
  socket.on('data', receive)
  return wire
}

/** All but where the bytes come from. */
function wireOn(
  socket: net.Socket,
  openEvent: 'connect' | 'secureConnect',
  handlers: WireHandlers,
): { readonly wire: Wire; readonly receive: (chunk: Buffer) => void } {
  let failure: Error | undefined
  let live = true
  socket.on(openEvent, () => {
    if (live) handlers.onOpen()
  })
  socket.on('drain', () => {
    if (live) handlers.onDrain()
  })
  socket.on('error', (error) => {
    failure = error
  })
  socket.on('close', () => {
    if (!live) return
    live = false
    handlers.onClose(failure)
  })
  const receive = (chunk: Buffer): void => {
    if (live) handlers.onData(chunk)
  }
  const wire: Wire = {
    write(bytes) {
      if (live) socket.write(bytes)
    },
    get backlog() {
      return socket.writableLength
    },
    close(gently = false) {
      if (!live) return
      live = false
      if (!gently) {
        socket.destroy()
        return
      }
      // The other end may never close its side: that must not keep the process.
      socket.end()
      socket.unref()
      setTimeout(() => socket.destroy(), lingerMs).unref()
    },
  }
  return { wire, receive }
}
