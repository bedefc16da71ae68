import type { Socket } from 'node:net'
import { connect, createServer, type TLSSocket } from 'node:tls'
import type { Logger } from 'pino'
import { limits } from '../limits.ts'
import type { Credentials } from '../security/credentials.ts'
import { identityOf } from '../security/identity.ts'
import { listenOn, parseAddress, SocketStream, type Transport } from './transport.ts'

/**
 * TLS 1.3 over TCP. Both ends check that the other's certificate comes from an authority that they believe;
 * whether it names the right one is for whoever uses the stream (`Stream.identity`), because members are
 * known by number, and their addresses may change.
 *
 * @param options.mutual a client must bring a certificate; else it may. A bad one is refused in either case.
 */
export function tlsTransport(
  credentials: Credentials,
  options: { readonly mutual: boolean; readonly logger: Logger },
): Transport {
  const { mutual, logger } = options
  return {
    listen(address, onStream) {
      const open = new Set<Socket>()
      const server = createServer({
        ...credentials.options,
        requestCert: true,
        rejectUnauthorized: mutual,
        handshakeTimeout: limits.helloTimeoutMs,
      })
      server.maxConnections = limits.connectionsMax
      let version = credentials.version
      // Before the handshake begins: it is the first that can use new files.
      server.prependListener('connection', (socket: Socket) => {
        open.add(socket)
        socket.on('close', () => open.delete(socket))
        if (credentials.refresh().version === version) return
        version = credentials.version
        server.setSecureContext(credentials.options)
      })
      server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
        logger.warn({ remote: remoteOf(socket), code: error.code }, 'TLS connection refused')
        socket.destroy()
      })
      server.on('secureConnection', (socket) => {
        const remote = remoteOf(socket)
        const stream = new SocketStream(socket, remote)
        socket.on('data', stream.receive)
        const certificate = socket.getPeerX509Certificate()
        if (certificate !== undefined && !socket.authorized) {
          const reason = String(socket.authorizationError)
          logger.warn({ remote, reason }, 'certificate refused')
          return stream.close()
        }
        stream.identity = certificate && identityOf(certificate)
        onStream(stream)
      })
      return listenOn(server, parseAddress(address), open)
    },
    dial(address, onOpen) {
      const { host, port } = parseAddress(address)
      const socket: TLSSocket = connect({
        host,
        port,
        secureContext: credentials.refresh().context,
        rejectUnauthorized: true,
        checkServerIdentity: () => undefined,
      })
      const stream = new SocketStream(socket, address)
      socket.on('data', stream.receive)
      socket.on('secureConnect', () => {
        const certificate = socket.getPeerX509Certificate()
        stream.identity = certificate && identityOf(certificate)
        onOpen()
      })
      return stream
    },
  }
}

/** Unknown where the socket is gone already. */
function remoteOf({ remoteAddress, remotePort }: Socket): string {
  return remoteAddress === undefined ? 'unknown' : `${remoteAddress}:${remotePort}`
}
