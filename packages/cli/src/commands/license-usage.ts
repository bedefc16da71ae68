import type { Admin, ResultOf } from '@tranca/client'
import type { Command } from 'commander'
import { type Kit, type LeafSpec, leaf } from '../command-kit.ts'
import type { Context } from '../context.ts'
import { formatCsv } from '../csv.ts'
import { formatMoment } from '../durations.ts'
import { usage as wrongUsage } from '../errors.ts'
import { parseMoment } from '../moments.ts'
import { wholeNumber } from '../numbers.ts'
import { collect, rowLimit } from '../pages.ts'
import { sayValidity } from './validity-line.ts'

type Row = ResultOf<'license.usage'>['rows'][number]
type By = 'product' | 'user' | 'company' | 'hour'

const HOUR_MS = 3_600_000
const TOP_DEFAULT = 10
const TOP_MAX = 10_000
const views: readonly By[] = ['product', 'user', 'company', 'hour']

interface PeriodOptions {
  readonly from?: string
  readonly to?: string
}

interface ExportOptions {
  readonly export?: string
  readonly limit?: string
}

const periodOptions: NonNullable<LeafSpec['options']> = [
  ['--from <moment>', 'option.fromMoment', '24h'],
  ['--to <moment>', 'option.toMoment'],
]

export function addLicenseUsage(kit: Kit, license: Command): void {
  leaf(
    kit,
    license,
    {
      name: 'usage',
      help: 'help.license.usage',
      options: [
        ['--by <product|user|company|hour>', 'option.by', 'product'],
        ...periodOptions,
        ['--export <csv|json>', 'option.export'],
        ['--limit <count>', 'option.limit', '1000'],
      ],
      shared: 'nodes',
      examples: [
        'tranca license usage',
        'tranca license usage --by user --from 7d',
        'tranca license usage --by hour --from 2026-11-01 --to 2026-12-01 --export csv > november.csv',
      ],
      exits: ['ok', 'usage', 'unreachable'],
    },
    usage,
  )
  leaf(
    kit,
    license,
    {
      name: 'top',
      help: 'help.license.top',
      options: [
        ['--by <product|user|company|hour>', 'option.by', 'user'],
        ...periodOptions,
        ['--count <count>', 'option.top', String(TOP_DEFAULT)],
      ],
      shared: 'nodes',
      examples: [
        'tranca license top',
        'tranca license top --by company --from 30d --count 20',
        'tranca license top --by product -o json',
      ],
      exits: ['ok', 'usage', 'unreachable'],
    },
    top,
  )
  leaf(
    kit,
    license,
    {
      name: 'denials',
      help: 'help.license.denials',
      options: [['--limit <count>', 'option.limit', '1000']],
      shared: 'nodes',
      examples: [
        'tranca license denials',
        'tranca license denials --limit 20',
        'tranca license denials -o json',
      ],
      exits: ['ok', 'usage', 'unreachable'],
    },
    denials,
  )
  leaf(
    kit,
    license,
    {
      name: 'report',
      help: 'help.license.report',
      options: [...periodOptions, ['--export <csv|json>', 'option.export']],
      shared: 'nodes',
      examples: [
        'tranca license report',
        'tranca license report --from 30d --export csv > licenses.csv',
        'tranca license report --from 2026-11-01 --to 2026-12-01 -o json',
      ],
      exits: ['ok', 'usage', 'unreachable'],
    },
    report,
  )
}

function byOf(text: string | undefined, absent: By): By {
  const found = views.find((each) => each === (text ?? absent))
  if (found === undefined) throw wrongUsage(`--by: '${text}', expected ${views.join(', ')}`)
  return found
}

/** Whole hours: the one in which the period begins counts. */
function periodOf(options: PeriodOptions, nowMs: number): { readonly fromMs: number; readonly toMs: number } {
  const from = parseMoment('--from', options.from ?? '24h', nowMs)
  const toMs = options.to === undefined ? Math.ceil(nowMs) + 1 : parseMoment('--to', options.to, nowMs)
  const fromMs = Math.max(0, Math.floor(from / HOUR_MS) * HOUR_MS)
  if (toMs <= fromMs) throw wrongUsage('--to: it is not after --from')
  return { fromMs, toMs }
}

function exportOf(text: string | undefined): 'csv' | 'json' | undefined {
  if (text === undefined || text === 'csv' || text === 'json') return text
  throw wrongUsage(`--export: '${text}', expected csv or json`)
}

async function read(
  admin: Admin,
  period: { readonly fromMs: number; readonly toMs: number },
  by: By,
  limit: number,
): Promise<{ readonly rows: readonly Row[]; readonly more: boolean; readonly usageDays: number }> {
  let usageDays = 0
  const found = await collect(limit, async (after: string | undefined, size) => {
    const cursor = after === undefined ? {} : { after }
    const page = await admin.request({ op: 'license.usage', ...period, by, limit: size, ...cursor })
    usageDays = page.usageDays
    return { rows: page.rows, next: page.next }
  })
  return { ...found, usageDays }
}

type UsageOptions = PeriodOptions & ExportOptions & { readonly by?: string }

async function usage(context: Context, options: UsageOptions): Promise<void> {
  const { out, io } = context
  const by = byOf(options.by, 'product')
  const wanted = exportOf(options.export)
  const period = periodOf(options, io.now())
  // An export that stops in the middle would be taken for the whole.
  const isWhole = wanted !== undefined && options.limit === undefined
  const limit = isWhole ? Number.MAX_SAFE_INTEGER : rowLimit(options.limit)
  const { rows, more, usageDays } = await context.withAdmin((admin) => read(admin, period, by, limit))
  if (wanted === 'csv') out.raw(usageCsv(by, rows))
  else if (wanted === 'json') out.raw(`${JSON.stringify(rows, null, 2)}\n`)
  else {
    out.data(rows, () => {
      usageTable(context, by, rows)
      out.line('')
      out.line(context.texts.get('say.usageKept', { days: usageDays }))
    })
  }
  if (more) out.warn('say.more', { limit })
}

type TopOptions = PeriodOptions & { readonly by?: string; readonly count?: string }

async function top(context: Context, options: TopOptions): Promise<void> {
  const { out, io } = context
  const by = byOf(options.by, 'user')
  const count = wholeNumber('--count', options.count, 1, TOP_MAX) ?? TOP_DEFAULT
  const period = periodOf(options, io.now())
  const { rows } = await context.withAdmin((admin) => read(admin, period, by, Number.MAX_SAFE_INTEGER))
  const most = rows.toSorted((a, b) => b.unitMs - a.unitMs || b.checkouts - a.checkouts).slice(0, count)
  out.data(most, () => usageTable(context, by, most))
}

function usageTable({ out }: Context, by: By, rows: readonly Row[]): void {
  out.table(
    [by, 'name', 'unitHours', 'checkouts', 'peak', 'connections', 'denied', 'causes'],
    rows.map((row) => [
      by === 'hour' ? formatMoment(Date.parse(row.key)) : row.key,
      row.name === row.key ? undefined : row.name,
      hours(row.unitMs),
      row.checkouts,
      row.peak,
      row.peakConnections,
      row.denied,
      causesText(row.denials),
    ]),
  )
}

/** The titles are for programs: the same in every language. */
function usageCsv(by: By, rows: readonly Row[]): string {
  return formatCsv(
    [by, 'name', 'unitMs', 'checkouts', 'peak', 'peakConnections', 'denied', 'denials'],
    rows.map((row) => [
      row.key,
      row.name,
      row.unitMs,
      row.checkouts,
      row.peak,
      row.peakConnections,
      row.denied,
      causesText(row.denials),
    ]),
  )
}

function hours(unitMs: number): string {
  return (unitMs / HOUR_MS).toFixed(1)
}

/** `exhausted 3, overMax 1`: the most frequent first. */
function causesText(denials: Readonly<Record<string, number>>): string {
  return Object.entries(denials)
    .toSorted(([, a], [, b]) => b - a)
    .map(([cause, count]) => `${cause} ${count}`)
    .join(', ')
}

async function denials(context: Context, options: { limit?: string }): Promise<void> {
  const { out } = context
  const limit = rowLimit(options.limit)
  const { rows, more } = await context.withAdmin((admin) =>
    collect(limit, async (after: number | undefined, size) => {
      const cursor = after === undefined ? {} : { after }
      const page = await admin.request({ op: 'license.denials', limit: size, ...cursor })
      return { rows: page.denials, next: page.next }
    }),
  )
  out.data(rows, () => {
    out.table(
      ['since', 'cause', 'feature', 'product', 'user', 'group', 'company', 'host', 'owner', 'client'],
      rows.map((each) => [
        formatMoment(each.atMs),
        out.word(each.cause),
        each.feature,
        each.product === 0 ? undefined : each.product,
        each.user,
        each.group,
        each.company,
        each.host,
        each.owner,
        each.client,
      ]),
    )
  })
  if (more) out.warn('say.more', { limit })
}

async function report(context: Context, options: PeriodOptions & ExportOptions): Promise<void> {
  const { out, io, texts } = context
  const wanted = exportOf(options.export)
  const period = periodOf(options, io.now())
  const { fromMs } = period
  const toMs = Math.min(period.toMs, io.now())
  const { list, used } = await context.withAdmin(async (admin) => {
    const { rows } = await read(admin, period, 'product', Number.MAX_SAFE_INTEGER)
    return {
      list: await admin.request({ op: 'license.list' }),
      used: new Map(rows.map((row) => [row.key, row])),
    }
  })
  const products = [...new Set([...list.products.map((each) => String(each.product)), ...used.keys()])].map(
    (key) => {
      const views = list.products.filter((each) => String(each.product) === key)
      const row = used.get(key)
      return {
        product: Number(key),
        name: views[0]?.name ?? row?.name ?? '',
        // Homologation has the units of production once more, beside the contract.
        total: views.reduce((sum, each) => sum + (each.installation === 'homologation' ? 0 : each.total), 0),
        usedNow: views.reduce((sum, each) => sum + each.used, 0),
        peak: row?.peak ?? 0,
        peakConnections: row?.peakConnections ?? 0,
        averageUnits: Math.round(((row?.unitMs ?? 0) / Math.max(1, toMs - fromMs)) * 100) / 100,
        unitMs: row?.unitMs ?? 0,
        checkouts: row?.checkouts ?? 0,
        denied: row?.denied ?? 0,
        denials: row?.denials ?? {},
      }
    },
  )
  const data = { fromMs, toMs, validity: list.validity, peaks: list.peaks, products }
  if (wanted === 'json') {
    out.raw(`${JSON.stringify(data, null, 2)}\n`)
    return
  }
  if (wanted === 'csv') {
    const titles = [
      'product',
      'name',
      'total',
      'usedNow',
      'peak',
      'peakConnections',
      'averageUnits',
      'unitMs',
    ]
    out.raw(
      formatCsv(
        [...titles, 'checkouts', 'denied', 'denials'],
        products.map((each) => [
          each.product,
          each.name,
          each.total,
          each.usedNow,
          each.peak,
          each.peakConnections,
          each.averageUnits,
          each.unitMs,
          each.checkouts,
          each.denied,
          causesText(each.denials),
        ]),
      ),
    )
    return
  }
  out.data(data, () => {
    sayValidity(context, list.validity)
    out.line('')
    const { units, connections, sessions } = list.peaks
    out.line(texts.get('say.period', { from: formatMoment(fromMs), to: formatMoment(toMs) }))
    out.line(texts.get('say.peaks', { units, connections, sessions }))
    out.line('')
    out.table(
      ['product', 'name', 'total', 'used', 'peak', 'average', 'unitHours', 'checkouts', 'denied', 'causes'],
      products.map((each) => [
        each.product,
        each.name,
        each.total,
        each.usedNow,
        each.peak,
        each.averageUnits,
        hours(each.unitMs),
        each.checkouts,
        each.denied,
        causesText(each.denials),
      ]),
    )
  })
}
