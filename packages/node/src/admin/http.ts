import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { TLSSocket } from 'node:tls'
import { parseAddress } from '../environment/transport.ts'
import type { Access } from '../security/access.ts'
import type { Credentials } from '../security/credentials.ts'
import { identityOf } from '../security/identity.ts'

export interface AdminPage {
  /** HTTP status. */
  readonly status: number
  readonly type: string
  readonly body: string
}

/** By exact path. Those that are open tell a load balancer, which has no credentials, what it must know. */
export interface AdminPages {
  readonly [path: string]: {
    readonly isOpen: boolean
    readonly make: () => AdminPage | Promise<AdminPage>
  }
}

export interface AdminServer {
  readonly port: number
  close(): Promise<void>
}

/**
 * Serves pages by exact path, GET and HEAD only. Health answers by meaning (leader, commit, disk),
 * not by an open port (domain section 7). With credentials: HTTPS. Where access is restricted, pages that are
 * not open ask for a client certificate or `Authorization: Bearer TOKEN`, of any role.
 */
export async function startAdminServer(
  address: string,
  pages: AdminPages,
  security: { readonly access: Access; readonly adminCredentials: Credentials | undefined },
): Promise<AdminServer> {
  const { host, port } = parseAddress(address)
  const server = serverFor(security.adminCredentials, (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0]!
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return send(response, { status: 405, type: 'text/plain', body: 'expected GET or HEAD\n' })
    }
    if (!page) {
      const body = `no page '${path}'; there are: ${Object.keys(pages).join(' ')}\n`
      return send(response, { status: 404, type: 'text/plain', body })
    }
    if (!page.isOpen && !isKnown(request, security.access)) {
      response.setHeader('www-authenticate', 'Bearer')
      const body = 'expected a client certificate, or a token: Authorization: Bearer TOKEN\n'
      return send(response, { status: 401, type: 'text/plain', body })
    }
    Promise.resolve()
      .then(page.make)
      .then(
        (made) => send(response, made),
        (error: unknown) => send(response, { status: 500, type: 'text/plain', body: `${String(error)}\n` }),
      )
  })
  server.headersTimeout = 5_000
  server.requestTimeout = 10_000
  server.maxConnections = 100
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function serverFor(credentials: Credentials | undefined, listener: RequestListener) {
  if (credentials === undefined) return createServer(listener)
  const options = { ...credentials.options, requestCert: true, rejectUnauthorized: false }
  const server = createSecureServer(options, listener)
  let version = credentials.version
  server.prependListener('connection', () => {
    if (credentials.refresh().version === version) return
    version = credentials.version
    server.setSecureContext(credentials.options)
  })
  return server
}

function isKnown(request: IncomingMessage, access: Access): boolean {
  const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? []
  const { socket } = request
  const certificate =
    socket instanceof TLSSocket && socket.authorized ? socket.getPeerX509Certificate() : undefined
  return access.principalOf(certificate && identityOf(certificate), token) !== undefined
}

function send(response: ServerResponse, page: AdminPage): void {
  response.writeHead(page.status, {
    'content-type': `${page.type}; charset=utf-8`,
    'cache-control': 'no-store',
  })
  response.end(page.body)
}
