import type { ResultOf } from '@tranca/client'
import type { Command } from 'commander'
import { group, type Kit, leaf } from '../command-kit.ts'
import type { Context } from '../context.ts'
import { formatCsv } from '../csv.ts'
import { formatDuration, formatMoment } from '../durations.ts'
import { usage } from '../errors.ts'
import { wholeNumber } from '../numbers.ts'
import { collect, rowLimit } from '../pages.ts'
import {
  type DefinitionOptions,
  definitionOf,
  definitionOptions,
  type ScopeOptions,
  scopeOf,
  scopeOptions,
} from './sequence-options.ts'
import { addReservations } from './sequence-reserve.ts'

type Gap = ResultOf<'sequence.gaps'>['gaps'][number]

export function addSequence(kit: Kit, program: Command): void {
  const sequence = group(kit, program, 'sequence', 'help.sequence')
  leaf(
    kit,
    sequence,
    {
      name: 'list',
      help: 'help.sequence.list',
      options: [
        ['--prefix <text>', 'option.prefix'],
        ['--limit <count>', 'option.limit', '1000'],
      ],
      shared: 'namespace',
      examples: [
        'tranca sequence list',
        'tranca sequence list --prefix nf -o json',
        'tranca sequence list -n homologation',
      ],
      exits: ['ok', 'usage', 'unreachable'],
    },
    list,
  )
  leaf(
    kit,
    sequence,
    {
      name: 'get',
      help: 'help.sequence.get',
      args: [['<name>', 'argument.sequence']],
      options: scopeOptions,
      shared: 'namespace',
      examples: [
        'tranca sequence get invoices',
        'tranca sequence get nf --company 01 --branch 0101 --period 2026',
        'tranca sequence get invoices -o json',
      ],
      exits: ['ok', 'refused', 'usage', 'unreachable'],
    },
    get,
  )
  leaf(
    kit,
    sequence,
    {
      name: 'next',
      help: 'help.sequence.next',
      args: [['<name>', 'argument.sequence']],
      options: [['--count <count>', 'option.count', '1'], ...scopeOptions, ...definitionOptions],
      shared: 'namespace',
      examples: [
        'tranca sequence next tickets --kind fast --width 9',
        'tranca sequence next tickets --count 100',
        'tranca sequence next batches --company 01 --branch 0101 --kind fast --reset year',
      ],
      exits: ['ok', 'refused', 'usage', 'unreachable', 'timeout'],
    },
    next,
  )
  addReservations(kit, sequence)
  leaf(
    kit,
    sequence,
    {
      name: 'set',
      help: 'help.sequence.set',
      args: [
        ['<name>', 'argument.sequence'],
        ['<value>', 'argument.value'],
      ],
      options: [['--reason <text>', 'option.reason'], ...scopeOptions, ...definitionOptions],
      shared: 'namespace',
      examples: [
        "tranca sequence set invoices 000001200 --reason 'largest number in the old system'",
        "tranca sequence set nf 000000100 --company 01 --branch 0101 --reason 'numbers taken over'",
        "tranca sequence set codes 00A --kind gapless --digits soma1 --width 3 --reason 'start after import'",
      ],
      exits: ['ok', 'refused', 'usage', 'unreachable', 'timeout'],
    },
    set,
  )
  leaf(
    kit,
    sequence,
    {
      name: 'gaps',
      help: 'help.sequence.gaps',
      args: [['<name>', 'argument.sequence']],
      options: [
        ...scopeOptions,
        ['--export <csv|json>', 'option.export'],
        ['--limit <count>', 'option.limit', '1000'],
      ],
      shared: 'namespace',
      examples: [
        'tranca sequence gaps invoices',
        'tranca sequence gaps nf --company 01 --branch 0101 --period 2026 --export csv > gaps.csv',
        'tranca sequence gaps invoices --export json',
      ],
      exits: ['ok', 'refused', 'usage', 'unreachable'],
    },
    gaps,
  )
  leaf(
    kit,
    sequence,
    {
      name: 'declare',
      help: 'help.sequence.declare',
      args: [
        ['<name>', 'argument.sequence'],
        ['<from>', 'argument.from'],
        ['[to]', 'argument.to'],
      ],
      options: [['--reason <text>', 'option.reason'], ...scopeOptions],
      shared: 'namespace',
      examples: [
        "tranca sequence declare invoices 000000017 --reason 'form spoiled by the printer'",
        "tranca sequence declare invoices 000000017 000000019 --reason 'three forms lost in transit'",
        "tranca sequence declare nf 000000003 --company 01 --branch 0101 --reason 'canceled before sending'",
      ],
      exits: ['ok', 'refused', 'usage', 'unreachable', 'timeout'],
    },
    declare,
  )
}

async function list(context: Context, options: { prefix?: string; limit?: string }): Promise<void> {
  const { out, namespace } = context
  const limit = rowLimit(options.limit)
  const prefix = options.prefix ?? ''
  const { rows, more } = await context.withAdmin((admin) =>
    collect(limit, async (after: string | undefined, size) => {
      const cursor = after === undefined ? {} : { after }
      const page = await admin.request({ op: 'sequence.list', namespace, prefix, limit: size, ...cursor })
      return { rows: page.sequences, next: page.next }
    }),
  )
  out.data(rows, () => {
    out.table(
      ['name', 'company', 'branch', 'period', 'kind', 'last', 'next', 'free', 'reserved', 'gaps'],
      rows.map(({ name, scope, spec, last, next: coming, free, reserved, gaps: count }) => [
        name,
        scope.company,
        scope.branch,
        scope.period,
        spec.kind,
        last === undefined ? undefined : spec.prefix + last,
        coming === '' ? undefined : spec.prefix + coming,
        free,
        reserved,
        count,
      ]),
    )
  })
  if (more) out.warn('say.more', { limit })
}

async function get(context: Context, options: ScopeOptions, name: string): Promise<void> {
  const { out, namespace } = context
  const found = await context.ask({ op: 'sequence.get', namespace, name, scope: scopeOf(options) })
  out.data(found, () => {
    const { scope, spec, last, next: coming, free, reserved, gaps: count } = found
    out.table(
      ['name', 'company', 'branch', 'period', 'kind', 'last', 'next', 'free', 'reserved', 'gaps'],
      [
        [
          name,
          scope.company,
          scope.branch,
          scope.period,
          spec.kind,
          last,
          coming,
          free,
          reserved.length,
          count,
        ],
      ],
    )
    if (reserved.length === 0) return
    out.line('')
    out.table(
      ['value', 'owner', 'client', 'session', 'expires'],
      reserved.map((each) => [
        spec.prefix + each.value,
        each.owner,
        each.client,
        each.session,
        each.expiresInMs === undefined ? undefined : formatDuration(each.expiresInMs),
      ]),
    )
  })
}

type NextOptions = ScopeOptions & DefinitionOptions & { readonly count?: string }

async function next(context: Context, options: NextOptions, name: string): Promise<void> {
  const { out, owner, timeoutMs } = context
  const count = wholeNumber('--count', options.count, 1, 10_000) ?? 1
  const definition = definitionOf(options, 'fast')
  const result = await context.withSession((session) =>
    session.request(
      {
        op: 'sequence.next',
        owner,
        name,
        scope: scopeOf(options),
        count,
        ...definition,
      },
      { deadlineMs: timeoutMs },
    ),
  )
  const { prefix, first, last, period } = result
  out.data({ name, first: prefix + first, last: prefix + last, count: result.count, period, prefix }, () => {
    out.line(result.count === 1 ? prefix + first : `${prefix}${first} ${prefix}${last}`)
  })
}

type SetOptions = ScopeOptions & DefinitionOptions & { readonly reason?: string }

async function set(context: Context, options: SetOptions, name: string, value: string): Promise<void> {
  const { out, owner, timeoutMs } = context
  const reason = needReason(options.reason)
  const { spec } = definitionOf(options, 'gapless')
  const result = await context.withSession((session) =>
    session.request(
      { op: 'sequence.set', owner, name, scope: scopeOf(options), value, reason, ...(spec && { spec }) },
      { deadlineMs: timeoutMs },
    ),
  )
  out.data({ name, value: result.value }, () => out.say('say.set', { name, value: result.value }))
}

type GapsOptions = ScopeOptions & { readonly export?: string; readonly limit?: string }

async function gaps(context: Context, options: GapsOptions, name: string): Promise<void> {
  const { out, namespace } = context
  const wanted = options.export
  if (wanted !== undefined && wanted !== 'csv' && wanted !== 'json') {
    throw usage(`--export: '${wanted}', expected csv or json`)
  }
  // An export that stops in the middle would be taken for the whole.
  const limit =
    wanted !== undefined && options.limit === undefined ? Number.MAX_SAFE_INTEGER : rowLimit(options.limit)
  const given = options.company !== undefined || options.branch !== undefined || options.period !== undefined
  const { rows, more } = await context.withAdmin((admin) =>
    collect(limit, async (after: string | undefined, size) => {
      const page = await admin.request({
        op: 'sequence.gaps',
        namespace,
        name,
        limit: size,
        ...(given ? { scope: scopeOf(options) } : {}),
        ...(after === undefined ? {} : { after }),
      })
      return { rows: page.gaps, next: page.next }
    }),
  )
  if (wanted === 'csv') out.raw(csvOf(rows))
  else if (wanted === 'json') out.raw(`${JSON.stringify(rows, null, 2)}\n`)
  else {
    out.data(rows, () => {
      out.table(
        ['company', 'branch', 'period', 'from', 'to', 'count', 'kind', 'since', 'owner', 'client', 'reason'],
        rows.map((gap) => [
          gap.scope.company,
          gap.scope.branch,
          gap.scope.period,
          gap.from,
          gap.to,
          gap.count,
          out.word(gap.kind),
          formatMoment(gap.wallMs),
          gap.owner,
          gap.client,
          gap.reason,
        ]),
      )
    })
  }
  if (more) out.warn('say.more', { limit })
}

/** The titles are for programs: the same in every language. */
function csvOf(rows: readonly Gap[]): string {
  const titles = [
    'name',
    'company',
    'branch',
    'period',
    'from',
    'to',
    'count',
    'kind',
    'at',
    'owner',
    'client',
    'reason',
  ]
  return formatCsv(
    titles,
    rows.map((gap) => [
      gap.name,
      gap.scope.company,
      gap.scope.branch,
      gap.scope.period,
      gap.from,
      gap.to,
      gap.count,
      gap.kind,
      new Date(gap.wallMs).toISOString(),
      gap.owner,
      gap.client,
      gap.reason,
    ]),
  )
}

async function declare(
  context: Context,
  options: ScopeOptions & { readonly reason?: string },
  name: string,
  from: string,
  last: string | undefined,
): Promise<void> {
  const { out, owner, timeoutMs } = context
  const to = last ?? from
  const reason = needReason(options.reason)
  const { count } = await context.withSession((session) =>
    session.request(
      { op: 'sequence.gap', owner, name, scope: scopeOf(options), from, to, reason },
      { deadlineMs: timeoutMs },
    ),
  )
  out.data({ name, from, to, count, reason }, () => out.say('say.declared', { name, from, to, count }))
}

function needReason(reason: string | undefined): string {
  if (reason !== undefined && reason !== '') return reason
  throw usage('--reason: missing; it is kept in the gap ledger')
}
