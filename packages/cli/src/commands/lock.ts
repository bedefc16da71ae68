import type { Command } from 'commander'
import { group, type Kit, leaf } from '../command-kit.ts'
import type { Context } from '../context.ts'
import { DetachableSession } from '../detached.ts'
import { formatDuration, formatMoment, parseDuration } from '../durations.ts'
import { CliError } from '../errors.ts'
import { holdersText } from '../explain.ts'
import { wholeNumber } from '../numbers.ts'
import { collect, rowLimit } from '../pages.ts'
import { readSessions, withSessions } from '../state-file.ts'
import { addLockRun } from './lock-run.ts'
import { queueTable } from './queue-table.ts'

interface AcquireOptions {
  readonly ttl?: string
  readonly wait?: string
  readonly shared?: boolean
  readonly owner?: string
}

interface Released {
  readonly names: readonly string[]
  readonly token: number
  readonly session: number
}

export function addLock(kit: Kit, program: Command): void {
  const lock = group(kit, program, 'lock', 'help.lock')
  leaf(
    kit,
    lock,
    {
      name: 'list',
      help: 'help.lock.list',
      options: [
        ['--prefix <text>', 'option.prefix'],
        ['--codes', 'option.codes'],
        ['--limit <count>', 'option.limit', '1000'],
      ],
      shared: 'namespace',
      examples: [
        'tranca lock list',
        'tranca lock list --prefix jobs. -o json',
        'tranca lock list --codes --namespace homologation',
      ],
      exits: ['ok', 'usage', 'unreachable'],
    },
    async (context, options: { prefix?: string; codes?: boolean; limit?: string }) => {
      const limit = rowLimit(options.limit)
      const prefix = options.prefix ?? ''
      await (options.codes ? listCodes(context, prefix, limit) : listLocks(context, prefix, limit))
    },
  )
  leaf(
    kit,
    lock,
    {
      name: 'get',
      help: 'help.lock.get',
      args: [['<name>', 'argument.name']],
      shared: 'namespace',
      examples: [
        'tranca lock get jobs.nightly',
        'tranca lock get jobs.nightly -o json',
        'tranca lock get SA1000001 -n homologation',
      ],
      exits: ['ok', 'usage', 'unreachable'],
    },
    async (context, _options: object, name: string) => {
      const { out, namespace } = context
      const found = await context.ask({ op: 'lock.get', namespace, name })
      out.data(found, () => {
        out.table(
          ['holders', 'client', 'session', 'mode', 'token', 'count', 'since'],
          found.holders.map((holder) => [
            holder.owner,
            holder.client,
            holder.session,
            out.word(holder.mode),
            holder.token,
            holder.count,
            formatMoment(holder.sinceMs),
          ]),
        )
        queueTable(context, found.queue)
      })
    },
  )
  leaf(
    kit,
    lock,
    {
      name: 'acquire',
      help: 'help.lock.acquire',
      args: [['<names...>', 'argument.names']],
      options: [
        ['--ttl <duration>', 'option.ttl', '60s'],
        ['--wait <duration>', 'option.wait', '0s'],
        ['--shared', 'option.shared'],
        ['--owner <name>', 'option.owner'],
      ],
      shared: 'sessions',
      examples: [
        'tranca lock acquire month-end --ttl 5m',
        'tranca lock acquire stock.01 stock.02 --wait 30s',
        'tranca lock acquire report --shared -o json',
      ],
      exits: ['ok', 'refused', 'usage', 'unreachable', 'timeout'],
    },
    acquire,
  )
  leaf(
    kit,
    lock,
    {
      name: 'release',
      help: 'help.lock.release',
      args: [['<names...>', 'argument.names']],
      options: [['--token <number>', 'option.token']],
      shared: 'sessions',
      examples: [
        'tranca lock release month-end',
        'tranca lock release stock.01 stock.02',
        'tranca lock release report --token 42',
      ],
      exits: ['ok', 'refused', 'usage', 'unreachable'],
    },
    release,
  )
  addLockRun(kit, lock)
}

async function listLocks(context: Context, prefix: string, limit: number): Promise<void> {
  const { out, namespace } = context
  const { rows, more } = await context.withAdmin((admin) =>
    collect(limit, async (after: string | undefined, size) => {
      const cursor = after === undefined ? {} : { after }
      const page = await admin.request({ op: 'lock.list', namespace, prefix, limit: size, ...cursor })
      return { rows: page.locks, next: page.next }
    }),
  )
  out.data(rows, () => {
    out.table(
      ['name', 'mode', 'token', 'holders', 'queued', 'wait'],
      rows.map((lock) => [
        lock.name,
        lock.holders[0] && out.word(lock.holders[0].mode),
        lock.holders[0]?.token,
        holdersText(lock.holders, context.texts),
        lock.queued,
        lock.delayMs === undefined ? undefined : formatDuration(lock.delayMs),
      ]),
    )
  })
  if (more) out.warn('say.more', { limit })
}

async function listCodes(context: Context, prefix: string, limit: number): Promise<void> {
  const { out, namespace } = context
  const { rows, more } = await context.withAdmin((admin) =>
    collect(limit, async (after: string | undefined, size) => {
      const cursor = after === undefined ? {} : { after }
      const page = await admin.request({ op: 'code.list', namespace, prefix, limit: size, ...cursor })
      return { rows: page.codes, next: page.next }
    }),
  )
  out.data(rows, () => {
    out.table(
      ['code', 'owner', 'client', 'session', 'since'],
      rows.map(({ code, holder }) => [
        code,
        holder.owner,
        holder.client,
        holder.session,
        formatMoment(holder.sinceMs),
      ]),
    )
  })
  if (more) out.warn('say.more', { limit })
}

async function acquire(context: Context, options: AcquireOptions, names: readonly string[]): Promise<void> {
  const { io, out, timeoutMs } = context
  const ttlMs = parseDuration(options.ttl ?? '60s')
  const waitMs = parseDuration(options.wait ?? '0s')
  const owner = options.owner ?? context.owner
  const mode = options.shared ? 'shared' : 'exclusive'
  const said = await withSessions(context.sessionFile, io.now(), async (sessions) => {
    const opened = await DetachableSession.open(context, ttlMs)
    try {
      const locks = names.map((name) => ({ name, mode }) as const)
      const { token } = await opened.request({ op: 'lock.acquire', owner, locks, waitMs }, waitMs + timeoutMs)
      const left = opened.leave(context, { kind: 'lock', names, token }, owner)
      const { session, untilMs } = left
      return { sessions: [...sessions, left], result: { names, token, session, owner, untilMs } }
    } catch (error) {
      await opened.close(timeoutMs)
      throw error
    }
  })
  const until = formatMoment(said.untilMs)
  out.data(said, () => {
    out.table(
      ['name', 'token', 'session', 'until'],
      names.map((name) => [name, said.token, said.session, until]),
    )
    out.say('say.acquired', { names: names.join(' '), token: said.token, session: said.session, until })
  })
}

async function release(
  context: Context,
  options: { token?: string },
  names: readonly string[],
): Promise<void> {
  const { io, out, timeoutMs, sessionFile, namespace } = context
  const token = wholeNumber('--token', options.token, 1, Number.MAX_SAFE_INTEGER)
  // Looked for before anything is locked: a wrong name must not wait.
  find(readSessions(sessionFile))
  const said = await withSessions<Released | CliError>(sessionFile, io.now(), async (sessions) => {
    const left = find(sessions)
    const others = sessions.filter((each) => each !== left)
    const opened = await DetachableSession.reopen(context, left).catch((error: unknown) => error as Error)
    if (opened instanceof Error) {
      // What is over need not be remembered; anything else may be tried again.
      if (!(opened instanceof CliError && opened.code === 'sessionUnknown')) throw opened
      return { sessions: others, result: opened }
    }
    const held = left.held.kind === 'lock' ? left.held : undefined
    try {
      await opened.request(
        { op: 'lock.release', owner: left.owner, names: held!.names, token: held!.token },
        timeoutMs,
      )
    } finally {
      await opened.close(timeoutMs)
    }
    return { sessions: others, result: { names: held!.names, token: held!.token, session: left.session } }
  })
  if (said instanceof Error) throw said
  out.data(said, () => out.say('say.released', { names: said.names.join(' ') }))

  function find(sessions: ReturnType<typeof readSessions>) {
    const wanted = [...names].sort().join('\n')
    const found = sessions.filter(
      ({ held, namespace: where }) =>
        held.kind === 'lock' &&
        where === namespace &&
        [...held.names].sort().join('\n') === wanted &&
        (token === undefined || held.token === token),
    )
    const detail = { name: names.join(' '), file: sessionFile }
    if (found.length > 1) throw new CliError('AMBIGUOUS', `${detail.name} is held several times`, detail)
    if (found[0] === undefined)
      throw new CliError('NOTHING_HELD', `${detail.name} is not in ${sessionFile}`, detail)
    return found[0]
  }
}
