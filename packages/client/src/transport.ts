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
  /** The connection is gone or was never made. Called once, last. */
  onClose(error: Error | undefined): void
}

export interface Wire {
  /** Takes the bytes over: the caller never touches them again. */
  write(bytes: Buffer): void
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

/** Plain TCP without Nagle's delay. */
export const tcpTransport: Transport = {
  isPlain: true,
  dial(address, handlers) {
    const { host, port } = parseAddress(address)
    const socket = net.connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 15_000 })
    return wireOf(socket, 'connect', handlers)
  },
}

/** A socket of either kind as a wire. */
export function wireOf(
  socket: net.Socket,
  openEvent: 'connect' | 'secureConnect',
  handlers: WireHandlers,
): Wire {
  let failure: Error | undefined
  let live = true
  socket.on(openEvent, () => {
    if (live) handlers.onOpen()
  })
  socket.on('data', (chunk: Buffer) => {
    if (live) handlers.onData(chunk)
  })
  socket.on('error', (error) => {
    failure = error
  })
  socket.on('close', () => {
    if (!live) return
    live = false
    handlers.onClose(failure)
  })
  return {
    write(bytes) {
      if (live) socket.write(bytes)
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
}
