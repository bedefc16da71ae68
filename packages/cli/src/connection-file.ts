import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isAlive } from './process-lock.ts'
import { stateDirectory } from './state-file.ts'

/** Where the development cluster of this user runs: written by `tranca dev`, read by all other commands. */
interface DevConnection {
  readonly version: 1
  readonly addresses: readonly string[]
  readonly directory: string
  /** Files, if it has TLS; the certificate is an administrator's. */
  readonly tls?: DevConnectionTls | undefined
  /** Of the `tranca dev` process; when it is gone the file counts for nothing. */
  readonly pid: number
}

interface DevConnectionTls {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

type Environment = Readonly<Record<string, string | undefined>>

export function writeDevConnection(
  env: Environment,
  connection: Pick<DevConnection, 'addresses' | 'directory' | 'tls'>,
): { remove(): void } {
  const file = path(env)
  const former = read(file)
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const write = (content: DevConnection): void => {
    const fresh = `${file}.${process.pid}.new`
    writeFileSync(fresh, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
    renameSync(fresh, file)
  }
  write({ version: 1, ...connection, pid: process.pid })
  return {
    remove() {
      // Another development cluster may have written it since.
      if (read(file)?.pid !== process.pid) return
      // One that ran before is there for the commands again.
      if (former !== undefined && former.pid !== process.pid && isAlive(former.pid)) write(former)
      else rmSync(file, { force: true })
    },
  }
}

/** How a development cluster that runs now is reached. */
export function devConnection(env: Environment): Pick<DevConnection, 'addresses' | 'tls'> | undefined {
  const connection = read(path(env))
  return connection !== undefined && isAlive(connection.pid) ? connection : undefined
}

function path(env: Environment): string {
  return join(stateDirectory(env), 'dev.json')
}

function read(file: string): DevConnection | undefined {
  try {
    const connection = JSON.parse(readFileSync(file, 'utf8')) as DevConnection
    return connection?.version === 1 && Array.isArray(connection.addresses) ? connection : undefined
  } catch {
    // Not there, or not ours: the defaults hold.
    return undefined
  }
}
