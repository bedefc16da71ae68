import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type DevCluster, startDevCluster } from '../src/dev-cluster.ts'
import type { Io } from '../src/io.ts'
import { run } from '../src/run.ts'

/** The built program, as a user starts it. */
const BIN = fileURLToPath(new URL('../../bin/tranca.js', import.meta.url))

/** Generous: two slow cores that others use as well. */
const DEADLINE_MS = 60_000
const POLL_MS = 25
const LOG_LINES = 30

export interface Ran {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Started {
  readonly pid: number
  readonly stdout: () => string
  readonly stderr: () => string
  readonly ended: Promise<Ran>
  kill(signal: NodeJS.Signals): void
}

export interface Surroundings {
  readonly addresses?: readonly string[]
  /** State directory: sessions and the like of this test only. */
  readonly state: string
  readonly env?: Readonly<Record<string, string>>
}

/** Starts `tranca` with nothing of this machine's own surroundings. */
export function start(args: readonly string[], surroundings: Surroundings): Started {
  return startProcess(process.execPath, [BIN, ...args], surroundings)
}

export function startProcess(file: string, args: readonly string[], surroundings: Surroundings): Started {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: environmentOf(surroundings) })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = new Promise<Ran>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  return {
    pid: child.pid ?? -1,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    kill: (signal) => child.kill(signal),
  }
}

/** Runs `tranca` to its end. */
export function tranca(args: readonly string[], surroundings: Surroundings): Promise<Ran> {
  return start(args, surroundings).ended
}

/**
 * Runs with `-o json` inside of this process (the same code, without the start of a process) and parses what
 * it said; throws, with what it complained about, if it failed.
 */
export async function trancaJson<T>(args: readonly string[], surroundings: Surroundings): Promise<T> {
  const io = memoryIo(environmentOf(surroundings), () => Date.now())
  const code = await run([...args, '-o', 'json'], io)
  if (code !== 0) throw new Error(`tranca ${args.join(' ')}: exit code ${code}: ${io.err()}`)
  return JSON.parse(io.out()) as T
}

function environmentOf({ addresses, state, env }: Surroundings): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: state,
    USER: 'tester',
    XDG_STATE_HOME: state,
    ...(addresses === undefined ? {} : { TRANCA_ADDRESSES: addresses.join(',') }),
    TRANCA_TIMEOUT: '30s',
    ...env,
  }
}

/** Looks until `look` finds something; fails with `what` at the deadline. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const untilMs = performance.now() + DEADLINE_MS
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (performance.now() >= untilMs) throw new Error(`not within ${DEADLINE_MS} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** Time-outs for a machine whose disk and processor belong to others half of the time. */
export const calmTiming = { heartbeatMs: 100, electionMs: 1_500 }

export async function startTestCluster(
  directory: string,
  members = 3,
  vendorPublicKey?: string,
): Promise<DevCluster> {
  const cluster = await startDevCluster({
    directory,
    members,
    ports: 'free',
    timing: calmTiming,
    logLevel: 'info',
    vendorPublicKey,
  })
  try {
    await cluster.whenReady({ timeoutMs: DEADLINE_MS })
    return cluster
  } catch (error) {
    await cluster.close()
    throw error
  }
}

/** The ends of the members' logs, for a test that failed: its directory is removed afterwards. */
export function logsOf(cluster: DevCluster): string {
  return cluster.members
    .map(
      ({ name, log }) =>
        `${name}:\n${readFileSync(log, 'utf8').trimEnd().split('\n').slice(-LOG_LINES).join('\n')}`,
    )
    .join('\n')
}

/** An Io that keeps what is said. */
export function memoryIo(
  env: Readonly<Record<string, string>> = {},
  now = () => 1_795_262_400_000,
): Io & { out(): string; err(): string } {
  let out = ''
  let err = ''
  return {
    stdout: {
      write: (text) => {
        out += text
      },
      columns: 100,
    },
    stderr: {
      write: (text) => {
        err += text
      },
      columns: 100,
    },
    env,
    now,
    onSignal: () => () => undefined,
    out: () => out,
    err: () => err,
  }
}
