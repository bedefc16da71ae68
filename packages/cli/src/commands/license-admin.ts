import { readFileSync } from 'node:fs'
import { connect, type RequestOf } from '@tranca/client'
import type { Command } from 'commander'
import { parse } from 'yaml'
import { type Kit, leaf } from '../command-kit.ts'
import { confirm } from '../confirm.ts'
import type { Context } from '../context.ts'
import { parseDuration } from '../durations.ts'
import { usage } from '../errors.ts'
import { ruleText } from '../explain-license.ts'
import { wholeNumber } from '../numbers.ts'
import { installationOf, productOf } from './license-options.ts'

type Rules = RequestOf<'license.rules'>['rules']

const METRIC_MAX = 1_000_000_000_000
const GRANT_MAX = 999_999_999_999_999
/** As of other calls: long enough for a failover in between. */
const CALL_TTL_MS = 10_000

export function addLicenseAdmin(kit: Kit, license: Command): void {
  leaf(
    kit,
    license,
    {
      name: 'metric',
      help: 'help.license.metric',
      args: [
        ['<product>', 'argument.product'],
        ['<value>', 'argument.metric'],
      ],
      options: [['--installation <type>', 'option.installation', 'production']],
      shared: 'nodes',
      examples: [
        'tranca license metric 4177 480',
        'tranca license metric 4177 12 --installation development',
        'tranca license metric 4177 480 -o json',
      ],
      exits: ['ok', 'refused', 'usage', 'unreachable', 'timeout'],
    },
    metric,
  )
  leaf(
    kit,
    license,
    {
      name: 'rules',
      help: 'help.license.rules',
      options: [
        ['--set <file>', 'option.rules'],
        ['-y, --yes', 'option.yes'],
      ],
      shared: 'nodes',
      examples: [
        'tranca license rules',
        'tranca license rules -o json > rules.json',
        'tranca license rules --set rules.json --yes',
      ],
      exits: ['ok', 'refused', 'usage', 'unreachable', 'timeout'],
    },
    rules,
  )
  for (const name of ['assign', 'unassign'] as const) {
    leaf(
      kit,
      license,
      {
        name,
        help: `help.license.${name}`,
        args: [
          ['<product>', 'argument.product'],
          ['<user>', 'argument.user'],
        ],
        options: [['--installation <type>', 'option.installation', 'production']],
        shared: 'nodes',
        examples: [
          `tranca license ${name} 4016 ana`,
          `tranca license ${name} 4016 ana --installation homologation`,
          `tranca license ${name} 4017 bia -o json`,
        ],
        exits: ['ok', 'refused', 'usage', 'unreachable', 'timeout'],
      },
      async (context: Context, options: { installation?: string }, text: string, user: string) => {
        const product = productOf('<product>', text)
        const result = await inInstallation(context, options.installation, {
          op: `license.${name}`,
          product,
          user,
        })
        context.out.data({ product, user, ...result }, () => {
          context.out.say(`say.${name}ed`, { product, user, ...result })
        })
      },
    )
  }
  leaf(
    kit,
    license,
    {
      name: 'release',
      help: 'help.license.release',
      args: [['<grant>', 'argument.grant']],
      options: [
        ['--reason <text>', 'option.reason'],
        ['--cool-down <duration>', 'option.coolDown', '0s'],
        ['-y, --yes', 'option.yes'],
      ],
      shared: 'nodes',
      examples: [
        "tranca license release 812 --reason 'left for the day' --yes",
        "tranca license release 812 --reason 'stuck process' --cool-down 10m --yes",
        "tranca license release 812 --reason 'left for the day' --yes -o json",
      ],
      exits: ['ok', 'refused', 'usage', 'unreachable', 'timeout'],
    },
    release,
  )
}

async function metric(
  context: Context,
  options: { installation?: string },
  productText: string,
  valueText: string,
): Promise<void> {
  const product = productOf('<product>', productText)
  const value = wholeNumber('<value>', valueText, 0, METRIC_MAX)!
  const result = await inInstallation(context, options.installation, { op: 'license.metric', product, value })
  const { value: now, limit } = result
  context.out.data({ product, ...result }, () =>
    context.out.say('say.metric', { product, value: now, limit }),
  )
}

/** One command in a session of an installation type: metrics and named users belong to one. */
async function inInstallation<
  R extends { readonly op: 'license.metric' | 'license.assign' | 'license.unassign' },
>(context: Context, installationText: string | undefined, request: R & RequestOf<R['op']>) {
  const { addresses, namespace, client, timeoutMs } = context
  const installation = installationOf(installationText) ?? 'production'
  const deadlineMs = timeoutMs
  const session = await connect({
    ...context.network,
    addresses,
    namespace,
    client,
    ttlMs: CALL_TTL_MS,
    installation,
    deadlineMs,
  })
  try {
    return await session.request<R['op']>(request, { deadlineMs })
  } finally {
    await session.close({ deadlineMs })
  }
}

async function rules(context: Context, options: { set?: string; yes?: boolean }): Promise<void> {
  const { out, texts } = context
  if (options.set === undefined) {
    const found = await context.ask({ op: 'license.rulesGet' })
    out.data(found, () => {
      out.line(texts.get('say.rulesVersion', { version: found.version }))
      out.line(texts.get('say.usageKept', { days: found.usageDays }))
      out.line('')
      out.table(
        ['rule', 'product'],
        found.rules.map((rule) => [
          ruleText({ ...rule, product: 0 }, texts),
          rule.product === 0 ? undefined : rule.product,
        ]),
      )
    })
    return
  }
  const wanted = readRules(options.set)
  const found = await context.ask({ op: 'license.rulesGet' })
  const { rules: list, version = found.version, usageDays } = wanted
  if (usageDays !== undefined && usageDays < found.usageDays)
    out.warn('say.usageForgotten', { days: usageDays })
  await confirm(context, texts.get('say.rulesAsk', { count: list.length }), options.yes)
  const deadlineMs = context.timeoutMs
  const result = await context.withSession((session) =>
    session.request({ op: 'license.rules', rules: list, version: version + 1, usageDays }, { deadlineMs }),
  )
  out.data(result, () => out.say('say.rulesSet', { count: list.length, ...result }))
}

interface RulesFile {
  readonly rules: Rules
  readonly version?: number | undefined
  readonly usageDays?: number | undefined
}

/**
 * A list of rules, or a map with `rules` and `usageDays`, or what `license rules -o json` printed: then nobody
 * may have changed them since.
 */
function readRules(file: string): RulesFile {
  let content: unknown
  try {
    content = parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw usage(`--set: ${file}: ${(error as Error).message}`)
  }
  if (Array.isArray(content)) return { rules: content.map(ruleOf) }
  const { rules, version, usageDays } = (content ?? {}) as { [field: string]: unknown }
  if (!Array.isArray(rules)) {
    throw usage(`--set: ${file}: expected a list of rules, or { version, usageDays, rules }`)
  }
  // A typo must not be taken for "as before"; the cluster checks the bounds.
  if (usageDays !== undefined && typeof usageDays !== 'number') {
    throw usage(`--set: ${file}: usageDays: '${String(usageDays)}', expected 0 to 90`)
  }
  return { rules: rules.map(ruleOf), version: typeof version === 'number' ? version : undefined, usageDays }
}

/** Fields that go without saying may be left out; the cluster checks the rest. */
function ruleOf(rule: unknown): Rules[number] {
  const { subject, ...given } = (rule ?? {}) as { subject?: object }
  return { product: 0, ...given, subject: { type: 'all', value: '', ...subject } } as Rules[number]
}

interface ReleaseOptions {
  readonly reason?: string
  readonly coolDown?: string
  readonly yes?: boolean
}

async function release(context: Context, options: ReleaseOptions, grantText: string): Promise<void> {
  const { out, texts } = context
  const grant = wholeNumber('<grant>', grantText, 1, GRANT_MAX)!
  const { reason } = options
  if (reason === undefined || reason === '') throw usage('--reason: missing; the holder and the log see it')
  const coolDownMs = parseDuration(options.coolDown ?? '0s')
  await confirm(context, texts.get('say.releaseAsk', { grant }), options.yes)
  const deadlineMs = context.timeoutMs
  const { ended } = await context.withSession((session) =>
    session.request({ op: 'license.forceRelease', grant, coolDownMs, reason }, { deadlineMs }),
  )
  out.data({ grant, ended }, () => out.say('say.grantReleased', { grant, ended }))
}
