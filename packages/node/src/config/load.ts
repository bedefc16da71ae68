import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { LineCounter, parseDocument } from 'yaml'
import { isLoopback } from '../environment/transport.ts'
import { NodeError } from '../errors.ts'
import { type Config, configSchema } from './schema.ts'

/**
 * Reads a node's configuration (YAML, of which JSON is a part).
 * Every complaint names file, line, field, value and what was expected; all of them at once.
 *
 * @throws {NodeError} CONFIG_INVALID, INSECURE_LISTENER
 */
export function loadConfig(file: string): Config {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new NodeError('CONFIG_INVALID', `${file}: cannot be read: ${(cause as Error).message}`, { cause })
  }
  return parseConfig(text, file)
}

/** As {@link loadConfig}, from text; `file` is named in complaints, and paths are relative to its folder. */
export function parseConfig(text: string, file: string): Config {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const broken = document.errors[0]
  if (broken) {
    const { line, col } = lines.linePos(broken.pos[0])
    throw new NodeError('CONFIG_INVALID', `${file}:${line}:${col}: ${broken.message}`)
  }
  const raw: unknown = document.toJS()
  const parsed = configSchema.safeParse(raw)
  if (!parsed.success) {
    const complaints = parsed.error.issues.map((issue) => {
      const node = nearestNode(document, issue.path)
      const place = node === undefined ? file : `${file}:${lines.linePos(node).line}`
      const field = issue.path.join('.') || '(whole file)'
      return `${place}: ${field}: ${issue.message}${valueAt(raw, issue.path)}`
    })
    throw new NodeError('CONFIG_INVALID', complaints.join('\n'))
  }
  const config = withPathsFrom(dirname(file), parsed.data)
  refuseContradictions(config, file)
  return config
}

/** Paths of a configuration are relative to its file. */
function withPathsFrom(directory: string, config: Config): Config {
  const data = resolve(directory, config.data)
  const { license, tls } = config
  const from = <F extends { ca: string; cert: string; key: string }>(files: F): F => ({
    ...files,
    ca: resolve(directory, files.ca),
    cert: resolve(directory, files.cert),
    key: resolve(directory, files.key),
  })
  const secured = tls && {
    ...from(tls),
    ...(tls.client && { client: from(tls.client) }),
    ...(tls.admin && { admin: from(tls.admin) }),
  }
  const placed = { ...config, data, ...(secured && { tls: secured }) }
  if (license === undefined) return placed
  const vendorPublicKey = resolve(directory, license.vendorPublicKey)
  const borrowKey = license.borrowKey === undefined ? undefined : resolve(directory, license.borrowKey)
  return { ...placed, license: { ...license, vendorPublicKey, ...(borrowKey && { borrowKey }) } }
}

function nearestNode(
  document: ReturnType<typeof parseDocument>,
  path: readonly PropertyKey[],
): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node = document.getIn(path.slice(0, length), true) as
      | { range?: [number, number, number] }
      | undefined
    if (node?.range) return node.range[0]
  }
  return undefined
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): string {
  let value = raw
  for (const key of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[key]
  if (value === undefined || typeof value === 'object') return ''
  return ` (value: ${JSON.stringify(value)})`
}

function refuseContradictions(config: Config, file: string): void {
  const seen = new Map<string | number, string>()
  for (const member of config.members) {
    for (const [field, value] of Object.entries(member)) {
      const other = seen.get(value)
      if (other !== undefined) {
        throw new NodeError(
          'CONFIG_INVALID',
          `${file}: members: ${field} ${JSON.stringify(value)} of '${member.name}' is also used by ${other}`,
        )
      }
      seen.set(value, `'${member.name}' (${field})`)
    }
  }
  const self = config.members.find((member) => member.id === config.id)
  const listening = listenAddresses(config)
  if (!self && (!config.listen.client || !config.listen.peer)) {
    throw new NodeError(
      'CONFIG_INVALID',
      `${file}: id: ${config.id} is not among members (${config.members.map((member) => member.id).join(', ')}), so listen.client and listen.peer must be given`,
    )
  }
  if (config.timing.electionMs < 4 * config.timing.heartbeatMs) {
    throw new NodeError(
      'CONFIG_INVALID',
      `${file}: timing.electionMs: ${config.timing.electionMs}, expected at least four times heartbeatMs (${config.timing.heartbeatMs})`,
    )
  }
  if (config.tls && config.insecure) {
    throw new NodeError(
      'CONFIG_INVALID',
      `${file}: insecure: true, though there is tls: expected one of them`,
    )
  }
  if (config.tls) return
  const open = Object.entries(listening).find(([, address]) => address !== undefined && !isLoopback(address))
  if (open === undefined) return
  const [field, address] = open
  if (!config.insecure) {
    throw new NodeError(
      'INSECURE_LISTENER',
      `${file}: listen.${field}: '${address}' is reached from other machines, without encryption or authentication; configure 'tls' ('tranca cert init' makes certificates), write 'insecure: true' to allow it, or use a loopback address`,
    )
  }
  if (config.access.tokens.length > 0) {
    throw new NodeError(
      'INSECURE_LISTENER',
      `${file}: listen.${field}: tokens would travel to '${address}' in plain text: configure 'tls', or remove access.tokens`,
    )
  }
}

/** Where this node listens: as `listen` says, else as `members` does. */
export function listenAddresses(config: Config): {
  client: string
  peer: string
  admin: string | undefined
} {
  const self = config.members.find((member) => member.id === config.id)
  return {
    client: config.listen.client ?? self?.client ?? '',
    peer: config.listen.peer ?? self?.peer ?? '',
    admin: config.listen.admin,
  }
}
