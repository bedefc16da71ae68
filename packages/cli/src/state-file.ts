import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { CliError } from './errors.ts'
import { takeProcessLock } from './process-lock.ts'

/**
 * A session that outlives the process that opened it: one call of the program takes, a later one gives back.
 * Its key is the capability to resume it, so the file is for its owner only.
 */
export interface DetachedSession {
  readonly namespace: string
  readonly addresses: readonly string[]
  readonly session: number
  /** Hexadecimal. */
  readonly key: string
  /** The last request number used: the next one must be larger. */
  readonly lastId: number
  readonly ttlMs: number
  /** Wall clock until which it certainly holds if nobody resumes it. */
  readonly untilMs: number
  readonly owner: string
  readonly held: HeldThing
}

export type HeldThing =
  | { readonly kind: 'lock'; readonly names: readonly string[]; readonly token: number }
  | {
      readonly kind: 'reservation'
      readonly name: string
      readonly company: string
      readonly branch: string
      readonly period: string
      readonly value: string
      readonly text: string
    }

interface StateFile {
  readonly version: 1
  readonly sessions: readonly DetachedSession[]
}

const LOCK_WAIT_MS = 10_000
const LOCK_POLL_MS = 20
/** What ended so long ago is forgotten. */
const FORGET_AFTER_MS = 24 * 3_600_000

/** `--session-file`, TRANCA_SESSION_FILE, or `sessions.json` in the user's state directory (XDG). */
export function sessionFilePath(
  given: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const named = given ?? env.TRANCA_SESSION_FILE
  if (named !== undefined && named !== '') return named
  return join(stateDirectory(env), 'sessions.json')
}

export function stateDirectory(env: Readonly<Record<string, string | undefined>>): string {
  const home = env.HOME !== undefined && env.HOME !== '' ? env.HOME : homedir()
  const base =
    env.XDG_STATE_HOME !== undefined && env.XDG_STATE_HOME !== ''
      ? env.XDG_STATE_HOME
      : join(home, '.local', 'state')
  return join(base, 'tranca')
}

/** Reads, lets `change` work on it, writes what it returns: alone, among all processes that use the file. */
export async function withSessions<T>(
  file: string,
  nowMs: number,
  change: (
    sessions: readonly DetachedSession[],
  ) => Promise<{ readonly sessions: readonly DetachedSession[]; readonly result: T }>,
): Promise<T> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const lock = await waitForLock(`${file}.lock`)
  try {
    const before = readSessions(file)
    const { sessions, result } = await change(before)
    const kept = sessions.filter((each) => each.untilMs + FORGET_AFTER_MS > nowMs)
    if (kept.length > 0) writeSessions(file, kept)
    else rmSync(file, { force: true })
    return result
  } finally {
    lock.release()
  }
}

/** @throws CliError `STATE_UNREADABLE` */
export function readSessions(file: string): readonly DetachedSession[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw unreadable(file, (error as Error).message)
  }
  let state: StateFile
  try {
    state = JSON.parse(text) as StateFile
  } catch (error) {
    throw unreadable(file, (error as Error).message)
  }
  if (state?.version !== 1 || !Array.isArray(state.sessions)) {
    throw unreadable(file, 'expected version 1 and a list of sessions')
  }
  return state.sessions
}

/** In one step, so that a crash leaves the old file or the new one. */
function writeSessions(file: string, sessions: readonly DetachedSession[]): void {
  const state: StateFile = { version: 1, sessions }
  const fresh = `${file}.${process.pid}.new`
  writeFileSync(fresh, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
  chmodSync(fresh, 0o600)
  renameSync(fresh, file)
}

async function waitForLock(file: string): Promise<{ release(): void }> {
  const untilMs = performance.now() + LOCK_WAIT_MS
  for (;;) {
    const lock = takeProcessLock(file)
    if (typeof lock !== 'number') return lock
    if (performance.now() >= untilMs) {
      throw new CliError('STATE_BUSY', `${file} has been held by process ${lock} for ${LOCK_WAIT_MS} ms`, {
        file,
        pid: lock,
      })
    }
    await delay(LOCK_POLL_MS)
  }
}

function unreadable(file: string, reason: string): CliError {
  return new CliError('STATE_UNREADABLE', `${file} is not a session file: ${reason}`, { file, reason })
}
