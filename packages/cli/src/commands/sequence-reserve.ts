import type { Command } from 'commander'
import { type Kit, leaf } from '../command-kit.ts'
import type { Context } from '../context.ts'
import { DetachableSession } from '../detached.ts'
import { formatMoment, parseDuration } from '../durations.ts'
import { CliError } from '../errors.ts'
import { type DetachedSession, type HeldThing, readSessions, withSessions } from '../state-file.ts'
import {
  type DefinitionOptions,
  definitionOf,
  definitionOptions,
  type ScopeOptions,
  scopeOf,
  scopeOptions,
} from './sequence-options.ts'

type Reserved = DetachedSession & { readonly held: Extract<HeldThing, { kind: 'reservation' }> }

interface Ended {
  readonly name: string
  readonly value: string
  readonly text: string
  readonly period: string
  readonly session: number
}

type ReserveOptions = ScopeOptions & DefinitionOptions & { readonly ttl?: string; readonly owner?: string }

/** `sequence reserve`, and the later calls that end what it began. */
export function addReservations(kit: Kit, sequence: Command): void {
  leaf(
    kit,
    sequence,
    {
      name: 'reserve',
      help: 'help.sequence.reserve',
      args: [['<name>', 'argument.sequence']],
      options: [
        ['--ttl <duration>', 'option.ttl', '60s'],
        ['--owner <name>', 'option.owner'],
        ...scopeOptions,
        ...definitionOptions,
      ],
      shared: 'sessions',
      examples: [
        'tranca sequence reserve invoices --ttl 5m',
        'tranca sequence reserve invoices --kind gapless --width 9',
        'tranca sequence reserve nf --company 01 --branch 0101 -o json',
      ],
      exits: ['ok', 'refused', 'usage', 'unreachable', 'timeout'],
    },
    reserve,
  )
  for (const verb of ['confirm', 'rollback'] as const) {
    leaf(
      kit,
      sequence,
      {
        name: verb,
        help: `help.sequence.${verb}`,
        args: [
          ['<name>', 'argument.sequence'],
          ['<value>', 'argument.value'],
        ],
        options: scopeOptions,
        shared: 'sessions',
        examples: [
          `tranca sequence ${verb} invoices 000000001`,
          `tranca sequence ${verb} nf 000000101 --company 01 --branch 0101`,
          `tranca sequence ${verb} invoices 000000001 -o json`,
        ],
        exits: ['ok', 'refused', 'usage', 'unreachable', 'timeout'],
      },
      (context, options: ScopeOptions, name: string, value: string) =>
        end(context, verb, options, name, value),
    )
  }
}

async function reserve(context: Context, options: ReserveOptions, name: string): Promise<void> {
  const { io, out, timeoutMs } = context
  const ttlMs = parseDuration(options.ttl ?? '60s')
  const owner = options.owner ?? context.owner
  const scope = scopeOf(options)
  const definition = definitionOf(options, 'gapless')
  const { left, reissued } = await withSessions(context.sessionFile, io.now(), async (sessions) => {
    const opened = await DetachableSession.open(context, ttlMs)
    try {
      const got = await opened.request(
        { op: 'sequence.reserve', owner, name, scope, ...definition },
        timeoutMs,
      )
      const { company, branch } = scope
      const { value, period } = got
      const text = got.prefix + value
      const kept = opened.leave(
        context,
        { kind: 'reservation', name, company, branch, period, value, text },
        owner,
      )
      return { sessions: [...sessions, kept], result: { left: kept, reissued: got.reissued } }
    } catch (error) {
      await opened.close(timeoutMs)
      throw error
    }
  })
  const { session, untilMs, held } = left
  if (held.kind !== 'reservation') return
  const { value, text, period } = held
  const until = formatMoment(untilMs)
  out.data({ name, value, text, period, session, owner, untilMs, reissued }, () => {
    out.line(text)
    out.say('say.reserved', { text, session, until, name, value })
    if (reissued) out.say('say.reissued')
  })
}

async function end(
  context: Context,
  verb: 'confirm' | 'rollback',
  options: ScopeOptions,
  name: string,
  value: string,
): Promise<void> {
  const { io, out, timeoutMs, sessionFile, namespace } = context
  // Looked for before anything is locked: a wrong name must not wait.
  find(readSessions(sessionFile))
  const ended = await withSessions<Ended | CliError>(sessionFile, io.now(), async (sessions) => {
    const left = find(sessions)
    const others = sessions.filter((each) => each !== left)
    const { company, branch, period, value: exact, text } = left.held
    try {
      const opened = await DetachableSession.reopen(context, left)
      try {
        const scope = { company, branch, period }
        await opened.request(
          { op: `sequence.${verb}`, owner: left.owner, name, scope, value: exact },
          timeoutMs,
        )
      } finally {
        await opened.close(timeoutMs)
      }
      return { sessions: others, result: { name, value: exact, text, period, session: left.session } }
    } catch (error) {
      // A session that is over cannot be asked again: forget it, and say that the number is lost.
      if (!(error instanceof CliError && error.code === 'sessionUnknown')) throw error
      return { sessions: others, result: new CliError('reservationLost', error.message, { name, value }) }
    }
  })
  if (ended instanceof Error) throw ended
  out.data(ended, () => {
    out.say(verb === 'confirm' ? 'say.confirmed' : 'say.rolledBack', { text: ended.text })
  })

  function find(sessions: readonly DetachedSession[]): Reserved {
    const found = sessions.filter((each): each is Reserved => {
      const { held, namespace: where } = each
      if (held.kind !== 'reservation' || where !== namespace || held.name !== name) return false
      const { company = held.company, branch = held.branch, period = held.period } = options
      const sameScope = held.company === company && held.branch === branch && held.period === period
      return sameScope && (held.value === value || held.text === value)
    })
    const detail = { name: `${name} ${value}`, file: sessionFile }
    if (found.length > 1) throw new CliError('AMBIGUOUS', `${detail.name} is reserved several times`, detail)
    if (found[0] === undefined)
      throw new CliError('NOTHING_HELD', `${detail.name} is not in ${sessionFile}`, detail)
    return found[0]
  }
}
