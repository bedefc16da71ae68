import { readFileSync } from 'node:fs'
import type { ConnectOptions } from '@tranca/client'
import { usage } from './errors.ts'

/** The options about trust, as they were written; `undefined` = not given. */
export interface NetworkFlags {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly tokenFile?: string
  readonly serverName?: string
}

/** The part of the connection that is about trust, as the client library takes it. */
export type NetworkOptions = Pick<ConnectOptions, 'tls' | 'auth'>

/**
 * Reads the files that the options, or the environment's variables, name. TLS is used as soon as one of its
 * options is given. A token comes from a file only: command lines are seen by all users of a machine.
 *
 * @param otherwise what holds if nothing at all is given
 * @throws CliError `USAGE`; it never quotes what is in a file
 */
export function networkOptions(
  options: NetworkFlags,
  env: Readonly<Record<string, string | undefined>>,
  otherwise?: NetworkFlags,
): NetworkOptions {
  const chosen = (given: string | undefined, variable: string): string | undefined =>
    given ?? (env[variable] || undefined)
  const file = (flag: string, given: string | undefined, variable: string): string | undefined => {
    const name = chosen(given, variable)
    return name === undefined ? undefined : read(flag, name)
  }
  const names = Object.keys(variables) as (keyof NetworkFlags)[]
  const isGiven = names.some((name) => chosen(options[name], variables[name]) !== undefined)
  if (!isGiven && otherwise !== undefined) return networkOptions(otherwise, {})
  const ca = file('--ca', options.ca, variables.ca)
  const cert = file('--cert', options.cert, variables.cert)
  const key = file('--key', options.key, variables.key)
  const auth = file('--token-file', options.tokenFile, variables.tokenFile)?.trim()
  const serverName = chosen(options.serverName, variables.serverName)
  if ((cert === undefined) !== (key === undefined)) throw usage('--cert and --key: one goes with the other')
  const hasTls = [ca, cert, serverName].some((each) => each !== undefined)
  return { ...(hasTls && { tls: { ca, cert, key, serverName } }), auth }
}

const variables: Readonly<Record<keyof NetworkFlags, string>> = {
  ca: 'TRANCA_CA',
  cert: 'TRANCA_CERT',
  key: 'TRANCA_KEY',
  tokenFile: 'TRANCA_TOKEN_FILE',
  serverName: 'TRANCA_SERVER_NAME',
}

function read(flag: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw usage(`${flag}: ${file}: ${(error as Error).message}`)
  }
}
