import { statSync } from 'node:fs'
import { publicKeyOf } from '@tranca/license-key'
import type { Command } from 'commander'
import { type Desk, leaf, say, show } from '../command-kit.ts'
import { VendorError } from '../errors.ts'
import { exitCodeOf, exitCodes } from '../exit-codes.ts'
import { readPrivateKey } from '../files.ts'
import type { Io } from '../io.ts'
import type { Register } from '../register.ts'
import { readRegister } from '../register-file.ts'
import { startValidationServer } from '../validation-server.ts'

/** tranca-vendor serve --port N [--host ADDRESS] [--usage DIR] */
export function addServe(io: Io, program: Command): void {
  leaf<{ port: string; host?: string; usage?: string }>(
    io,
    program,
    {
      name: 'serve',
      about:
        'Answers online validations over HTTP until it is stopped. It speaks plain HTTP: put a proxy with TLS ' +
        'before it, which is what nodes on other machines insist on.',
      shared: ['register', 'privateKey'],
      required: [['--port <n>', 'where it listens; 0 for any free port']],
      options: [
        ['--host <address>', 'of which interface (127.0.0.1)'],
        ['--usage <directory>', 'keeps the usage that installations send; without it, it is not kept'],
      ],
      examples: [
        'tranca-vendor serve --port 8080',
        'tranca-vendor serve --port 8080 --private-key desk/vendor-private.pem --register desk/register.json',
        'tranca-vendor serve --port 8080 --usage desk/usage',
      ],
      exits: ['ok', 'usage', 'file', 'damaged', 'listen'],
    },
    (desk, options) => {
      const privateKeyPem = readPrivateKey(options.privateKey)
      // An unusable key is a mistake of today, not of the first request.
      publicKeyOf(privateKeyPem)
      const register = registerReader(options.register)
      register()
      const port = portOf(options.port)
      const host = options.host ?? '127.0.0.1'
      const log = (line: string): void => say(desk, line)
      startValidationServer({
        host,
        port,
        privateKeyPem,
        register,
        now: () => io.now(),
        log,
        usageDirectory: options.usage,
      })
        .then((server) => {
          const url = `http://${host.includes(':') ? `[${host}]` : host}:${server.port}/`
          show(desk, { url }, () => `${url}\n`)
        })
        .catch((error: unknown) => failed(desk, error))
    },
  )
}

/** The register as it is now: read again only when another desk has saved it. */
function registerReader(file: string): () => Register {
  let seen: { mark: string; register: Register } | undefined
  return () => {
    const { mtimeMs = 0, size = 0, ino = 0 } = statSync(file, { throwIfNoEntry: false }) ?? {}
    const mark = `${ino} ${size} ${mtimeMs}`
    if (seen?.mark !== mark) seen = { mark, register: readRegister(file) }
    return seen.register
  }
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port >= 0 && port <= 65_535) return port
  throw new VendorError('USAGE', `--port is ${text}; expected a number from 0 to 65535`, { port: text })
}

/** Too late for the exit code of the command line: the process is told what to end with. */
function failed(desk: Desk, error: unknown): void {
  const known = error instanceof VendorError ? error : undefined
  const message = error instanceof Error ? error.message : String(error)
  const { code, detail } = known ?? { code: 'INTERNAL', detail: {} }
  desk.io.stderr.write(
    desk.json ? `${JSON.stringify({ error: { code, message, detail } })}\n` : `tranca-vendor: ${message}\n`,
  )
  desk.io.fail?.(known === undefined ? exitCodes.internal : exitCodeOf[known.code])
}
