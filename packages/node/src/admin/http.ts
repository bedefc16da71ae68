import { createServer, type ServerResponse } from 'node:http'
import { parseAddress } from '../environment/transport.ts'

export interface AdminPage {
  /** HTTP status. */
  readonly status: number
  readonly type: string
  readonly body: string
}

export interface AdminServer {
  readonly port: number
  close(): Promise<void>
}

/**
 * Serves pages by exact path, GET and HEAD only. Health answers by meaning (leader, commit, disk),
 * not by an open port (domain section 7).
 */
export async function startAdminServer(
  address: string,
  pages: Readonly<Record<string, () => AdminPage | Promise<AdminPage>>>,
): Promise<AdminServer> {
  const { host, port } = parseAddress(address)
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0]!
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return send(response, { status: 405, type: 'text/plain', body: 'expected GET or HEAD\n' })
    }
    if (!page) {
      const body = `no page '${path}'; there are: ${Object.keys(pages).join(' ')}\n`
      return send(response, { status: 404, type: 'text/plain', body })
    }
    Promise.resolve()
      .then(page)
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

function send(response: ServerResponse, page: AdminPage): void {
  response.writeHead(page.status, {
    'content-type': `${page.type}; charset=utf-8`,
    'cache-control': 'no-store',
  })
  response.end(page.body)
}
