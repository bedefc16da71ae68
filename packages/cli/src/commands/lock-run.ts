import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import type { Lock, Session, SessionLostError } from '@tranca/client'
import type { Command } from 'commander'
import { type Kit, leaf } from '../command-kit.ts'
import type { Context } from '../context.ts'
import { formatDuration, parseDuration } from '../durations.ts'
import { Exit, usage } from '../errors.ts'
import { exitCodes, SIGNAL_EXIT_BASE } from '../exit-codes.ts'

interface RunOptions {
  readonly ttl?: string
  readonly wait?: string
  readonly shared?: boolean
  readonly owner?: string
  readonly lockDelay?: string
  readonly grace?: string
}

/** Time between the end of the command by force and the moment at which the cluster may free the lock. */
const SPARE_MS = 500
const FORWARDED: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2']

export function addLockRun(kit: Kit, lock: Command): void {
  const run = leaf(
    kit,
    lock,
    {
      name: 'run',
      help: 'help.lock.run',
      args: [['<names...>', 'argument.names']],
      options: [
        ['--wait <duration>', 'option.wait'],
        ['--shared', 'option.shared'],
        ['--owner <name>', 'option.owner'],
        ['--ttl <duration>', 'option.runTtl', '15s'],
        ['--lock-delay <duration>', 'option.lockDelay', '0s'],
        ['--grace <duration>', 'option.grace', '2s'],
      ],
      shared: 'namespace',
      examples: [
        'tranca lock run month-end -- ./close-month.sh 2026-11',
        "tranca lock run jobs.nightly --wait 0s -- sh -c 'import --fence $TRANCA_TOKEN'",
        'tranca lock run stock.01 stock.02 --wait 5m --lock-delay 10s -- ./move-stock',
      ],
      exits: ['refused', 'usage', 'unreachable', 'timeout', 'lockLost', 'notExecutable', 'notFound', 'child'],
    },
    async (context, options: RunOptions, names: readonly string[]) => {
      if (kit.afterDashes.length === 0) throw usage('lock run: no command after --')
      throw new Exit(await lockRun(context, options, names, kit.afterDashes))
    },
  )
  run.usage('[options] <names...> -- <command> [arguments...]')
}

async function lockRun(
  context: Context,
  options: RunOptions,
  names: readonly string[],
  command: readonly string[],
): Promise<number> {
  const { io, out } = context
  const ttlMs = parseDuration(options.ttl ?? '15s')
  const graceMs = parseDuration(options.grace ?? '2s')
  const lockDelayMs = parseDuration(options.lockDelay ?? '0s')
  const wait = options.wait === undefined ? {} : { waitMs: parseDuration(options.wait) }
  // The session counts as lost so early that the command is gone before the cluster gives the lock away.
  const marginMs = graceMs + SPARE_MS
  if (marginMs * 2 > ttlMs) {
    throw usage(
      `--ttl ${formatDuration(ttlMs)}: expected at least ${formatDuration(marginMs * 2)} with --grace ${formatDuration(graceMs)}`,
    )
  }
  const stop = new AbortController()
  let stopSignal: NodeJS.Signals | undefined
  const quiet = io.onSignal(FORWARDED, (signal) => {
    stopSignal ??= signal
    stop.abort()
  })
  let session: Session
  let lock: Lock
  try {
    session = await context.connect({ ttlMs, marginMs, lockDelayMs, signal: stop.signal })
    try {
      lock = await session.owner(options.owner ?? context.owner).lock(names, {
        mode: options.shared ? 'shared' : 'exclusive',
        ...wait,
        signal: stop.signal,
      })
    } catch (error) {
      await session.close({ deadlineMs: context.timeoutMs })
      throw error
    }
  } catch (error) {
    if (stopSignal !== undefined) return SIGNAL_EXIT_BASE + constants.signals[stopSignal]
    throw error
  } finally {
    quiet()
  }
  const lost = watchSession(context, session, names)
  try {
    return await runChild(context, { session, lock, lost, graceMs, command })
  } finally {
    if (session.status !== 'ended') {
      // What holds it ends with the session anyway: a release that fails must not hide the command's code.
      const released = await lock.release().then(
        () => undefined,
        (error: Error) => error,
      )
      if (released !== undefined) {
        const ttl = formatDuration(ttlMs)
        out.warn('say.lockReleaseFailed', { names: names.join(' '), reason: released.message, ttl })
      }
      session.removeAllListeners()
      await session.close({ deadlineMs: context.timeoutMs })
    }
  }
}

function watchSession(
  context: Context,
  session: Session,
  names: readonly string[],
): Promise<SessionLostError> {
  const named = names.join(' ')
  session.on('atRisk', (remainingMs) => {
    context.out.warn('say.lockAtRisk', { names: named, remaining: formatDuration(remainingMs) })
  })
  return new Promise((resolve) => {
    session.once('lost', (error) => {
      context.out.warn('say.lockLost', { names: named, reason: error.message })
      resolve(error)
    })
  })
}

async function runChild(
  context: Context,
  run: {
    readonly session: Session
    readonly lock: Lock
    readonly lost: Promise<SessionLostError>
    readonly graceMs: number
    readonly command: readonly string[]
  },
): Promise<number> {
  const { io } = context
  const [file, ...args] = run.command
  const child = spawn(file!, args, {
    stdio: 'inherit',
    env: {
      ...io.env,
      TRANCA_LOCK: run.lock.names.join(','),
      TRANCA_TOKEN: String(run.lock.token),
      TRANCA_SESSION: String(run.session.id),
    },
  })
  // From a terminal, Ctrl-C reaches the command by itself.
  const forwarded = FORWARDED.filter((signal) => signal !== 'SIGINT' || process.stdin.isTTY !== true)
  const stopForwarding = io.onSignal(FORWARDED, (signal) => {
    if (forwarded.includes(signal)) child.kill(signal)
  })
  const ended = endOf(child)
  let killTimer: NodeJS.Timeout | undefined
  try {
    const first = await Promise.race([ended, run.lost])
    if (typeof first === 'number') return first
    child.kill('SIGTERM')
    killTimer = setTimeout(() => child.kill('SIGKILL'), run.graceMs)
    await ended
    return exitCodes.lockLost
  } finally {
    clearTimeout(killTimer)
    stopForwarding()
  }
}

/** The exit code as shells have it. */
function endOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'ENOENT' ? exitCodes.notFound : exitCodes.notExecutable)
    })
    child.once('exit', (code, signal) => {
      resolve(signal === null ? (code ?? exitCodes.internal) : SIGNAL_EXIT_BASE + constants.signals[signal])
    })
  })
}
