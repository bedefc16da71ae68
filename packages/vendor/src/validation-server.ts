import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { checkValidationRequest, signValidation, type ValidationRequest } from '@tranca/license-key'
import { FieldError } from '@tranca/license-key/shape'
import { VendorError } from './errors.ts'
import { parseJson } from './files.ts'
import { REQUEST_SIZE_MAX, REQUEST_TIMEOUT_MS, SERVER_CONNECTIONS_MAX } from './limits.ts'
import { findInstallation, type Register } from './register.ts'
import { storeUsage } from './usage-store.ts'
import { validate } from './validate.ts'

export interface ValidationServerOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly privateKeyPem: string
  /** As it is now; asked for each request. */
  readonly register: () => Register
  readonly now: () => number
  /** Where usage that is sent is kept; undefined: it is not. */
  readonly usageDirectory?: string | undefined
  /** One line for each request. */
  readonly log: (line: string) => void
}

export interface ValidationServer {
  readonly host: string
  readonly port: number
  close(): Promise<void>
}

/**
 * Answers online validations: `POST` with a request as JSON gets 200 and a signed body, or 403 and
 * `{ error: { code, message } }`. Rejects with LISTEN_FAILED.
 */
export async function startValidationServer(options: ValidationServerOptions): Promise<ValidationServer> {
  const server = createServer((request, response) => {
    answer(request, options)
      .catch((error: unknown) => failed(error, options))
      .then(({ status, data }) => send(response, status, data))
      .catch(() => response.destroy())
  })
  server.requestTimeout = REQUEST_TIMEOUT_MS
  server.headersTimeout = REQUEST_TIMEOUT_MS
  server.maxConnections = SERVER_CONNECTIONS_MAX
  await listen(server, options)
  return {
    host: options.host,
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

interface Answer {
  readonly status: number
  readonly data: object
}

async function answer(incoming: IncomingMessage, options: ValidationServerOptions): Promise<Answer> {
  if (incoming.method !== 'POST') return complaint(405, 'methodNotAllowed', 'expected POST')
  const text = await bodyOf(incoming)
  if (text === undefined) {
    return complaint(413, 'tooLarge', `expected at most ${REQUEST_SIZE_MAX} bytes`)
  }
  let request: ValidationRequest
  try {
    request = checkValidationRequest(parseJson(text), '')
  } catch (error) {
    if (error instanceof FieldError) return complaint(400, 'badRequest', error.message)
    throw error
  }
  const validated = validate(options.register(), request, options.now())
  const who = `${request.installationId} serial ${request.serial} (${request.cluster})`
  options.log(`${who}: ${validated.ok ? 'validated' : validated.code}`)
  if (!validated.ok) return complaint(403, validated.code, validated.reason)
  keepUsage(request, options)
  return { status: 200, data: signValidation(validated.body, options.privateKeyPem) }
}

/** A full disk at the desk is no reason to let an installation down. */
function keepUsage({ installationId, usage }: ValidationRequest, options: ValidationServerOptions): void {
  const { usageDirectory } = options
  if (usageDirectory === undefined || usage === undefined || usage.length === 0) return
  const found = findInstallation(options.register(), installationId)
  const products = new Set(found?.license.products.map((product) => product.id))
  try {
    storeUsage(usageDirectory, installationId, usage, { nowMs: options.now(), products })
  } catch (error) {
    options.log(`usage of ${installationId} is not kept: ${error instanceof Error ? error.message : error}`)
  }
}

/** The text, or undefined when there is more than is read. */
async function bodyOf(incoming: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > REQUEST_SIZE_MAX) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/** What is wrong at the desk is for its log only. */
function failed(error: unknown, options: ValidationServerOptions): Answer {
  options.log(`cannot answer: ${error instanceof Error ? error.message : String(error)}`)
  return complaint(500, 'unavailable', 'ask again later')
}

function complaint(status: number, code: string, message: string): Answer {
  return { status, data: { error: { code, message } } }
}

function send(response: ServerResponse, status: number, data: object): void {
  // A request that was not read to its end leaves the connection unusable.
  const headers = { 'content-type': 'application/json', ...(status === 413 ? { connection: 'close' } : {}) }
  response.writeHead(status, headers).end(`${JSON.stringify(data)}\n`)
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const refused = (cause: Error): void => {
      const message = `cannot listen on ${host} port ${port}: ${cause.message}`
      reject(new VendorError('LISTEN_FAILED', message, { host, port }, { cause }))
    }
    server.once('error', refused)
    server.listen(port, host, () => {
      server.off('error', refused)
      resolve()
    })
  })
}
