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
 * @throws CliError `USAGE`; it never quotes what is in a file
 */
export function networkOptions(
  options: NetworkFlags,
  env: Readonly<Record<string, string | undefined>>,
): NetworkOptions {
  const chosen = (given: string | undefined, variable: string): string | undefined =>
    given ?? (env[variable] || undefined)
  const file = (flag: string, given: string | undefined, variable: string): string | undefined => {
    const name = chosen(given, variable)
    return name === undefined ? undefined : read(flag, name)
  }
  const ca = file('--ca', options.ca, 'TRANCA_CA')
  const cert = file('--cert', options.cert, 'TRANCA_CERT')
  const key = file('--key', options.key, 'TRANCA_KEY')
  const auth = file('--token-file', options.tokenFile, 'TRANCA_TOKEN_FILE')?.trim()
  const serverName = chosen(options.serverName, 'TRANCA_SERVER_NAME')
  if ((cert === undefined) !== (key === undefined)) throw usage('--cert and --key: one goes with the other')
  const hasTls = [ca, cert, serverName].some((each) => each !== undefined)
  return { ...(hasTls && { tls: { ca, cert, key, serverName } }), auth }
}

function read(flag: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw usage(`${flag}: ${file}: ${(error as Error).message}`)
  }
}
