import type { Command } from 'commander'
import { group, type Kit, leaf } from '../command-kit.ts'
import type { Context } from '../context.ts'
import { formatDuration, formatMoment } from '../durations.ts'
import { Exit } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { licenseFields, ruleText } from '../explain-license.ts'
import { wholeNumber } from '../numbers.ts'
import { collect, rowLimit } from '../pages.ts'
import { addLicenseAdmin } from './license-admin.ts'
import { addLicenseBorrow } from './license-borrow.ts'
import {
  type HolderOptions,
  holdersWanted,
  installationOf,
  unitsOf,
  type WhoOptions,
  wantedOf,
  whoOf,
  whoOptions,
} from './license-options.ts'
import { addLicenseUsage } from './license-usage.ts'
import { sayValidity } from './validity-line.ts'

export function addLicense(kit: Kit, program: Command): void {
  const license = group(kit, program, 'license', 'help.license')
  leaf(
    kit,
    license,
    {
      name: 'list',
      help: 'help.license.list',
      options: [['--installation <type>', 'option.installation']],
      shared: 'nodes',
      examples: [
        'tranca license list',
        'tranca license list --installation production',
        'tranca license list -o json',
      ],
      exits: ['ok', 'usage', 'unreachable'],
    },
    list,
  )
  leaf(
    kit,
    license,
    {
      name: 'grants',
      help: 'help.license.grants',
      options: [
        ['--product <number>', 'option.product'],
        ['--user <name>', 'option.user'],
        ['--limit <count>', 'option.limit', '1000'],
      ],
      shared: 'nodes',
      examples: [
        'tranca license grants',
        'tranca license grants --product 4000',
        'tranca license grants --user ana -o json',
      ],
      exits: ['ok', 'usage', 'unreachable'],
    },
    grants,
  )
  leaf(
    kit,
    license,
    {
      name: 'explain',
      help: 'help.license.explain',
      args: [['<wanted>', 'argument.wanted']],
      options: [
        ...whoOptions,
        ['--units <count>', 'option.units', '1'],
        ['--installation <type>', 'option.installation'],
        ['--session <id>', 'option.asSession'],
        ['--owner <name>', 'option.owner'],
      ],
      shared: 'nodes',
      examples: [
        'tranca license explain fiscal --user ana --group 01',
        'tranca license explain 4000 --user ana --host ws-12',
        'tranca license explain 4091 --host db-1 --units 8 -o json',
      ],
      exits: ['ok', 'refused', 'usage', 'unreachable'],
    },
    explain,
  )
  addLicenseUsage(kit, license)
  addLicenseAdmin(kit, license)
  addLicenseBorrow(kit, license)
}

async function list(context: Context, options: { installation?: string }): Promise<void> {
  const { out } = context
  const installation = installationOf(options.installation)
  const found = await context.ask({ op: 'license.list', ...(installation && { installation }) })
  out.data(found, () => {
    sayValidity(context, found.validity)
    out.line('')
    // A type of installation that the contract gives nothing is left out, unless it was asked for.
    const shown = found.products.filter((each) => {
      const { total, used, nature } = each
      return installation !== undefined || total > 0 || used > 0 || nature === 'enabling'
    })
    out.table(
      [
        'product',
        'name',
        'nature',
        'installation',
        'used',
        'total',
        'available',
        'reserved',
        'waived',
        'queries',
        'queued',
        'peak',
        'validUntil',
      ],
      shown.map((each) => [
        each.product,
        each.name,
        out.word(each.nature),
        out.word(each.installation),
        each.used,
        each.overdraft === 0 ? each.total : `${each.total}+${each.overdraft}`,
        each.available,
        each.reserved,
        each.waived,
        each.query,
        each.queued,
        each.peak,
        each.validUntil,
      ]),
    )
  })
}

async function grants(context: Context, options: HolderOptions): Promise<void> {
  const { out } = context
  const limit = rowLimit(options.limit)
  const wanted = holdersWanted(options)
  const { rows, more } = await context.withAdmin((admin) =>
    collect(limit, async (after: number | undefined, size) => {
      const page = await admin.request({
        op: 'license.grants',
        ...wanted,
        ...(after === undefined ? {} : { after }),
        limit: size,
      })
      return { rows: page.grants, next: page.next }
    }),
  )
  out.data(rows, () => {
    out.table(
      [
        'grant',
        'product',
        'name',
        'status',
        'units',
        'unit',
        'user',
        'group',
        'host',
        'owner',
        'client',
        'since',
      ],
      rows.map((each) => [
        each.grant,
        each.product,
        each.name,
        out.word(each.status),
        each.taken === undefined ? each.units : `${each.taken}/${each.units}`,
        each.unit === 0 ? undefined : `L${each.unit}`,
        each.user,
        each.group,
        each.host,
        each.owner,
        each.client,
        formatMoment(each.sinceMs),
      ]),
    )
  })
  if (more) out.warn('say.more', { limit })
}

type ExplainOptions = WhoOptions & {
  readonly units?: string
  readonly installation?: string
  readonly session?: string
  readonly owner?: string
}

async function explain(context: Context, options: ExplainOptions, wanted: string): Promise<void> {
  const { out, texts } = context
  const units = unitsOf(options.units)
  const session = wholeNumber('--session', options.session, 1, Number.MAX_SAFE_INTEGER)
  const installation = installationOf(options.installation)
  const found = await context.ask({
    op: 'license.explain',
    ...wantedOf(wanted),
    ...whoOf(options),
    ...(units === undefined ? {} : { units }),
    ...(installation && { installation }),
    ...(session === undefined ? {} : { session }),
    ...(options.owner === undefined ? {} : { owner: options.owner }),
  })
  const isGranted = found.would === 'grant'
  out.data(found, () => {
    const { cause, product, status } = found
    out.line(
      isGranted
        ? texts.get('say.wouldGrant', { product, status: out.word(status) })
        : (texts.find(`cause.${cause}`, licenseFields({ ...found, feature: wanted }, texts)) ?? cause),
    )
    if (found.tried.length > 0) {
      out.line('')
      out.table(
        ['product', 'name', 'used', 'total', 'overdraft', 'reserved', 'queued', 'outcome'],
        found.tried.map((each) => [
          each.product,
          each.name,
          each.used,
          each.total,
          each.overdraft,
          each.reserved,
          each.queued,
          out.word(each.outcome),
        ]),
      )
    }
    if (found.rule !== undefined) out.line(texts.get('say.decidedBy', { rule: ruleText(found.rule, texts) }))
    if (found.place !== undefined)
      out.line(texts.get('say.place', { place: found.place, queued: found.queued }))
    if (found.earliestFreeMs !== undefined) {
      out.line(texts.get('say.mayComeFree', { wait: formatDuration(found.earliestFreeMs) }))
    }
    if (found.holders.length === 0) return
    out.line('')
    out.table(
      ['holders', 'group', 'host', 'product', 'owner', 'client', 'session', 'since'],
      found.holders.map((each) => [
        each.user,
        each.group,
        each.host,
        each.product,
        each.owner,
        each.client,
        each.session === 0 ? '' : each.session,
        formatMoment(each.sinceMs),
      ]),
    )
  })
  if (!isGranted) throw new Exit(exitCodes.refused)
}
