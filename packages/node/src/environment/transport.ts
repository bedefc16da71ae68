import { createConnection, createServer, isIPv4, type Server, type Socket } from 'node:net'
import type { Identity } from '../security/identity.ts'
import { adopt, ownReads } from './own-reads.ts'

/**
 * A stream between two processes. Bytes arrive in order or the stream closes;
 * nothing else is promised. The simulator brings its own.
 */
export interface Stream {
  /** Queues bytes; the buffer belongs to the stream from here on. */
  write(bytes: Uint8Array): void
  /** Bytes accepted by `write` and not yet handed to the system. */
  readonly backlog: number
  readonly remote: string
  /** Whom the other end's certificate names, once the stream is open. Never there without TLS. */
  readonly identity?: Identity | undefined
  onData: ((chunk: Buffer) => void) | undefined
  /** Called once; `code` is the system's word, such as ECONNREFUSED or ECONNRESET, empty for an orderly end. */
  onClose: ((code: string) => void) | undefined
  onDrain: (() => void) | undefined
  pause(): void
  resume(): void
  close(): void
}

export interface Listener {
  readonly port: number
  close(): Promise<void>
}

/** Where streams come from. Addresses are `host:port`. */
export interface Transport {
  listen(address: string, onStream: (stream: Stream) => void): Promise<Listener>
  /** The stream may be written to at once; a refusal arrives as `onClose('ECONNREFUSED')`. */
  dial(address: string, onOpen: () => void): Stream
}

export interface Address {
  readonly host: string
  readonly port: number
}

/** Splits `host:port`, `[v6]:port`. Throws a RangeError that names what was wrong. */
export function parseAddress(text: string): Address {
  const at = text.lastIndexOf(':')
  const port = Number(text.slice(at + 1))
  if (at < 1 || !Number.isInteger(port) || port < 0 || port > 65535) {
    throw new RangeError(`address '${text}': expected host:port with a port from 0 to 65535`)
  }
  return { host: text.slice(0, at).replace(/^\[|\]$/g, ''), port }
}

/** True for addresses that only this machine reaches (nothing listens beyond them unasked). */
export function isLoopback(address: string): boolean {
  const { host } = parseAddress(address)
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}

/** A socket of either kind as a stream. Whoever makes it brings what was read to `receive`. */
export class SocketStream implements Stream {
  onData: ((chunk: Buffer) => void) | undefined
  onClose: ((code: string) => void) | undefined
  onDrain: (() => void) | undefined
  readonly remote: string
  identity: Identity | undefined
  readonly #socket: Socket
  #code = ''

  constructor(socket: Socket, remote: string) {
    this.#socket = socket
    this.remote = remote
    socket.setNoDelay(true)
    socket.on('drain', () => this.onDrain?.())
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#code = error.code ?? 'ERROR'
    })
    socket.on('end', () => socket.destroy())
    socket.on('close', () => this.onClose?.(this.#code))
  }

  readonly receive = (chunk: Buffer): void => this.onData?.(chunk)

  get backlog(): number {
    return this.#socket.writableLength
  }

  write(bytes: Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  close(): void {
    this.#socket.destroy()
  }
}

/** Binds a server whose sockets, open or still in their handshake, are in `open`. */
export async function listenOn(
  server: Server,
  { host, port }: Address,
  open: ReadonlySet<Socket>,
): Promise<Listener> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, 1024, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      }),
  }
}

/** TCP, as shipped. */
export const tcpTransport: Transport = {
  async listen(address, onStream) {
    const { host, port } = parseAddress(address)
    const open = new Set<Socket>()
    const server = createServer({ noDelay: true, pauseOnConnect: true }, (accepted) => {
      const remote = `${accepted.remoteAddress}:${accepted.remotePort}`
      const socket = adopt(accepted, (chunk) => stream.receive(chunk)) ?? accepted
      const stream = new SocketStream(socket, remote)
      open.add(socket)
      socket.on('close', () => open.delete(socket))
      if (socket === accepted) socket.on('data', stream.receive).resume()
      onStream(stream)
    })
    return listenOn(server, { host, port }, open)
  },
  dial(address, onOpen) {
    const options = { ...parseAddress(address), noDelay: true }
    const socket = createConnection({ ...options, ...ownReads((chunk) => stream.receive(chunk)) })
    socket.on('connect', onOpen)
    const stream = new SocketStream(socket, address)
    return stream
  },
}
