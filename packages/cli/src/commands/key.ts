import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  generateKeyPair,
  type KeyBody,
  type KeyFile,
  type LicenseKey,
  parseKeyFile,
  validityAt,
  verifyKey,
} from '@tranca/license-key'
import type { Command } from 'commander'
import { group, type Kit, leaf } from '../command-kit.ts'
import { confirm } from '../confirm.ts'
import type { Context } from '../context.ts'
import { formatMoment } from '../durations.ts'
import { CliError, usage } from '../errors.ts'
import { sayChanges } from './key-changes.ts'
import { sayValidated, sayValidity } from './validity-line.ts'

export function addKey(kit: Kit, program: Command): void {
  const key = group(kit, program, 'key', 'help.key')
  leaf(
    kit,
    key,
    {
      name: 'show',
      help: 'help.key.show',
      shared: 'nodes',
      examples: ['tranca key show', 'tranca key show -o json', 'tranca key show --lang pt-BR'],
      exits: ['ok', 'usage', 'unreachable'],
    },
    show,
  )
  leaf(
    kit,
    key,
    {
      name: 'verify',
      help: 'help.key.verify',
      args: [['<file>', 'argument.keyFile']],
      options: [['--vendor-key <file>', 'option.vendorKey']],
      shared: 'output',
      examples: [
        'tranca key verify license.key',
        'tranca key verify license.key --vendor-key vendor.pub.pem',
        'tranca key verify license.key -o json',
      ],
      exits: ['ok', 'refused', 'usage'],
    },
    verify,
  )
  leaf(
    kit,
    key,
    {
      name: 'install',
      help: 'help.key.install',
      args: [['<file>', 'argument.keyFile']],
      options: [
        ['--dry-run', 'option.dryRun'],
        ['-y, --yes', 'option.yes'],
      ],
      shared: 'nodes',
      examples: [
        'tranca key install license.key --dry-run',
        'tranca key install license.key',
        'tranca key install license.key --yes -o json',
      ],
      exits: ['ok', 'refused', 'usage', 'unreachable', 'timeout'],
    },
    install,
  )
  leaf(
    kit,
    key,
    {
      name: 'history',
      help: 'help.key.history',
      shared: 'nodes',
      examples: ['tranca key history', 'tranca key history -o json', 'tranca key history --timeout 30s'],
      exits: ['ok', 'usage', 'unreachable'],
    },
    history,
  )
  leaf(
    kit,
    key,
    {
      name: 'borrow-keypair',
      help: 'help.key.borrowKeypair',
      options: [['--out <directory>', 'option.keypairOut', '.']],
      shared: 'output',
      examples: [
        'tranca key borrow-keypair',
        'tranca key borrow-keypair --out /etc/tranca',
        'tranca key borrow-keypair --out keys -o json',
      ],
      exits: ['ok', 'usage'],
    },
    borrowKeypair,
  )
}

async function show(context: Context): Promise<void> {
  const { out } = context
  const found = await context.ask({ op: 'key.show' })
  const body = found.body === '' ? undefined : (JSON.parse(found.body) as LicenseKey)
  out.data({ ...found, body: body ?? null }, () => {
    sayValidity(context, found.validity)
    out.line('')
    if (body === undefined) return
    describe(context, body)
    const { emergencies, validatedMs } = found.validity
    if (body.onlineValidation !== undefined) {
      const { toleranceDays } = body.onlineValidation
      sayValidated(context, { validatedMs, toleranceDays })
    }
    if (emergencies.length > 0)
      out.line(context.texts.get('say.emergencies', { days: emergencies.join(', ') }))
  })
}

function describe({ out, texts }: Context, body: KeyBody): void {
  const { serial, installationId } = body
  if (body.kind === 'emergency') {
    out.line(texts.get('say.emergencyKey', { serial, installationId, day: body.day, number: body.number }))
    return
  }
  const { customer, validFrom, validUntil } = body
  const values = { serial, installationId, customer: customer.name, id: customer.id }
  out.line(texts.get('say.licenseKey', { ...values, from: validFrom, until: validUntil }))
  out.line('')
  out.table(
    ['product', 'name', 'nature', 'total', 'overdraft', 'installation'],
    body.products.map((each) => [
      each.id,
      each.name,
      out.word(each.nature),
      each.quantity,
      each.overdraft ?? 0,
      each.distribution === undefined
        ? undefined
        : `${out.word('production')} ${each.distribution.production}, ${out.word('development')} ${each.distribution.development}`,
    ]),
  )
}

const causeOf = {
  damaged: 'keyDamaged',
  unknownFormat: 'keyUnknownFormat',
  invalid: 'keyInvalid',
  otherVendor: 'keyOtherVendor',
} as const

async function verify(context: Context, options: { vendorKey?: string }, file: string): Promise<void> {
  const { out, io, texts } = context
  const key = readKey(file, options.vendorKey)
  const { state, startMs, endMs } = validityAt(key.body, io.now())
  const isSigned = options.vendorKey !== undefined
  out.data(
    { keyId: key.keyId, signature: isSigned ? 'good' : 'unchecked', state, startMs, endMs, body: key.body },
    () => {
      describe(context, key.body)
      out.line(texts.get('say.keyState', { state: out.word(state), until: formatMoment(endMs) }))
      out.line(texts.get(isSigned ? 'say.keySigned' : 'say.keyUnchecked', { keyId: key.keyId }))
    },
  )
}

function readKey(file: string, vendorKeyFile: string | undefined): KeyFile {
  const read = parseKeyFile(readFile('<file>', file))
  const vendorKey =
    vendorKeyFile === undefined ? undefined : readFile('--vendor-key', vendorKeyFile).toString()
  const verified = read.ok && vendorKey !== undefined ? verifyKey(read.key, vendorKey) : read
  if (verified.ok) return verified.key
  const { cause, detail } = verified
  throw new CliError(causeOf[cause], `${file}: ${cause}: ${detail.field}`, { ...detail })
}

function readFile(flag: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw usage(`${flag}: ${file}: ${(error as Error).message}`)
  }
}

async function install(
  context: Context,
  options: { dryRun?: boolean; yes?: boolean },
  path: string,
): Promise<void> {
  const { out, texts } = context
  // Bytes that are no UTF-8 are damage, which only the bytes themselves still show.
  const { body } = readKey(path, undefined)
  const file = readFile('<file>', path).toString()
  await context.withAdmin(async (admin) => {
    const preview = await admin.request({ op: 'key.install', file, dryRun: true })
    const before = await admin.request({ op: 'key.show' })
    const news = {
      preview,
      before: before.body === '' ? undefined : (JSON.parse(before.body) as KeyBody),
      body,
    }
    if (options.dryRun) {
      out.data(preview, () => {
        sayChanges(context, news)
        out.say('say.dryRun')
      })
      return
    }
    if (out.form === 'table') sayChanges(context, news)
    const { serial } = preview
    await confirm(context, texts.get('say.installAsk', { serial }), options.yes)
    const result = await admin.request({ op: 'key.install', file })
    out.data(result, () => {
      out.say('say.keyInstalled', { serial: result.serial, state: out.word(result.validity) })
    })
  })
}

async function history(context: Context): Promise<void> {
  const { out } = context
  const { keys } = await context.ask({ op: 'key.history' })
  out.data(keys, () => {
    out.table(
      ['serial', 'kind', 'installed', 'validFrom', 'validUntil', 'added', 'removed'],
      keys.map((each) => [
        each.serial,
        out.word(each.kind),
        formatMoment(each.installedMs),
        each.validFrom,
        each.validUntil,
        each.added.join(' '),
        each.removed.join(' '),
      ]),
    )
  })
}

/** Never over a file that exists: tokens of the old key would be lost. */
async function borrowKeypair(context: Context, options: { out?: string }): Promise<void> {
  const { out } = context
  const directory = options.out ?? '.'
  const privateKeyFile = join(directory, 'borrow-private.pem')
  const publicKeyFile = join(directory, 'borrow-public.pem')
  const { keyId, privateKeyPem, publicKeyPem } = generateKeyPair()
  try {
    mkdirSync(directory, { recursive: true })
    if (existsSync(publicKeyFile)) throw new Error(`${publicKeyFile} exists`)
    writeFileSync(privateKeyFile, privateKeyPem, { mode: 0o600, flag: 'wx' })
    writeFileSync(publicKeyFile, publicKeyPem, { mode: 0o644, flag: 'wx' })
  } catch (error) {
    throw usage(`--out: ${directory}: ${(error as Error).message}`)
  }
  out.data({ keyId, privateKeyFile, publicKeyFile }, () => {
    out.say('say.borrowKeypair', { keyId, privateKeyFile, publicKeyFile })
  })
}
