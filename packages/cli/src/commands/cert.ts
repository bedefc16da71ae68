import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import type { Authority, CertifiedKey, Subject } from '../certificates/authority.ts'
import {
  certificateFiles,
  type FilePair,
  mustBeNew,
  readGiven,
  writePair,
  writeWhole,
} from '../certificates/certificate-files.ts'
import {
  type CertifiedCluster,
  checkName,
  hostList,
  membersOfConfig,
  membersOfList,
} from '../certificates/planned-members.ts'
import { group, type Kit, leaf } from '../command-kit.ts'
import type { Context } from '../context.ts'
import { formatMoment } from '../durations.ts'
import { Exit, usage } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { wholeNumber } from '../numbers.ts'
import { chosenRole } from './role-option.ts'

const AUTHORITY_DAYS = 3_650
const DAYS = 730
const DAYS_MAX = 3_650
const DAY_MS = 86_400_000
const MEMBER_ID_MAX = 0xffff

// The certificate library is heavy: only the commands that make certificates carry it.
const authorityRoom = () => import('../certificates/authority.ts')

export function addCert(kit: Kit, program: Command): void {
  const cert = group(kit, program, 'cert', 'help.cert')
  const days = ['--days <count>', 'option.days', String(DAYS)] as const
  const force = ['--force', 'option.force'] as const
  const directory = ['<folder>', 'argument.certFolder'] as const
  const exits = ['ok', 'usage'] as const
  leaf(
    kit,
    cert,
    {
      name: 'init',
      help: 'help.cert.init',
      args: [directory],
      options: [
        ['-c, --config <file>', 'option.certConfig'],
        ['--cluster <name>', 'option.cluster'],
        ['--members <list>', 'option.certMembers'],
        ['--also <hosts>', 'option.also'],
        days,
        force,
      ],
      shared: 'output',
      examples: [
        'tranca cert init certs --config cluster-configs/three-nodes-tls/n1.yml',
        'tranca cert init certs --cluster erp --members n1=10.0.0.1,n2=10.0.0.2,n3=10.0.0.3',
        'tranca cert init certs --config /etc/tranca/node.yml --also erp.example.com,10.0.0.9',
      ],
      exits,
    },
    init,
  )
  leaf(
    kit,
    cert,
    {
      name: 'client',
      help: 'help.cert.client',
      args: [directory, ['<name>', 'argument.clientName']],
      options: [['--role <role>', 'option.role'], days, force],
      shared: 'output',
      examples: [
        'tranca cert client certs appserver-1 --role client',
        'tranca cert client certs zabbix --role monitor --days 365',
        'tranca cert client certs maria --role admin -o json',
      ],
      exits,
    },
    client,
  )
  leaf(
    kit,
    cert,
    {
      name: 'member',
      help: 'help.cert.member',
      args: [directory, ['<name>', 'argument.memberName']],
      options: [['--id <number>', 'option.certId'], ['--hosts <list>', 'option.hosts'], days, force],
      shared: 'output',
      examples: [
        'tranca cert member certs n4 --id 4 --hosts 10.0.0.4',
        'tranca cert member certs n4 --id 4 --hosts erp4.example.com,10.0.0.4',
        'tranca cert member certs n2 --id 2 --hosts 10.0.0.12 --force',
      ],
      exits,
    },
    member,
  )
  leaf(
    kit,
    cert,
    {
      name: 'renew',
      help: 'help.cert.renew',
      args: [directory, ['<files...>', 'argument.certFiles']],
      options: [days],
      shared: 'output',
      examples: [
        'tranca cert renew certs certs/members/n1.crt',
        'tranca cert renew certs certs/members/*.crt certs/clients/*.crt',
        'tranca cert renew certs certs/clients/maria.crt --days 90',
      ],
      exits,
    },
    renew,
  )
  leaf(
    kit,
    cert,
    {
      name: 'show',
      help: 'help.cert.show',
      args: [['<files...>', 'argument.certFiles']],
      shared: 'output',
      examples: [
        'tranca cert show certs/ca.crt',
        'tranca cert show certs/members/*.crt',
        'tranca cert show certs/clients/admin.crt -o json',
      ],
      exits: ['ok', 'refused', 'usage'],
    },
    show,
  )
}

interface MakeOptions {
  readonly days?: string
  readonly force?: boolean
}

interface InitOptions extends MakeOptions {
  readonly config?: string
  readonly cluster?: string
  readonly members?: string
  readonly also?: string
}

async function init(context: Context, options: InitOptions, folder: string): Promise<void> {
  const { out, io } = context
  const days = daysOf(options)
  const { cluster, members } = await wanted(options)
  const also = hostList('--also', options.also)
  const files = certificateFiles(folder)
  const admin = files.client('admin')
  const all = [files.authority, ...members.map((each) => files.member(each.name)), admin]
  mustBeNew(
    all.flatMap(({ cert, key }) => [cert, key]),
    options.force,
  )
  const { makeAuthority, Authority } = await authorityRoom()
  const nowMs = io.now()
  const made = await makeAuthority(cluster, { nowMs, days: Math.max(AUTHORITY_DAYS, days) })
  const authority = await Authority.open(made)
  // All are made before one is written: a mistake leaves no half of it behind.
  const pairs: { readonly files: FilePair; readonly pair: CertifiedKey }[] = [
    { files: files.authority, pair: made },
  ]
  for (const { id, name, hosts } of members) {
    const subject: Subject = { kind: 'member', id, name, hosts: [...hosts, ...also] }
    pairs.push({ files: files.member(name), pair: await authority.issue(subject, { nowMs, days }) })
  }
  const adminPair = await authority.issue({ kind: 'admin', name: 'admin' }, { nowMs, days })
  pairs.push({ files: admin, pair: adminPair })
  for (const one of pairs) writePair(one.files, one.pair)
  const tlsOf = (pair: FilePair) => ({ ca: files.authority.cert, ...pair })
  const data = {
    cluster,
    authority: files.authority,
    members: members.map((each) => ({ id: each.id, name: each.name, tls: tlsOf(files.member(each.name)) })),
    admin,
  }
  out.data(data, () => {
    for (const each of data.members) out.raw(configLines(each.name, each.tls))
    out.say('say.certInit', { cluster, members: members.length, ca: files.authority.cert })
    out.say('say.certCopy', { ca: files.authority.cert })
    out.say('say.certTry', { ca: files.authority.cert, ...admin })
  })
  out.warn('say.certOffline', { key: files.authority.key })
}

async function wanted(options: InitOptions): Promise<CertifiedCluster> {
  if (options.config !== undefined) {
    if (options.members !== undefined) throw usage('--config and --members: expected one of them')
    const found = await membersOfConfig(options.config)
    return { ...found, cluster: checkName('--cluster', options.cluster ?? found.cluster) }
  }
  if (options.members === undefined || options.cluster === undefined) {
    throw usage('expected --config FILE, or --cluster NAME and --members NAME=HOST,...')
  }
  return { cluster: checkName('--cluster', options.cluster), members: membersOfList(options.members) }
}

/** As they are pasted into a configuration. Paths are whole: the configuration may lie anywhere. */
function configLines(name: string, tls: { ca: string; cert: string; key: string }): string {
  const lines = Object.entries(tls).map(([field, file]) => `  ${field}: ${JSON.stringify(resolve(file))}`)
  return `# ${name}\ntls:\n${lines.join('\n')}\n\n`
}

interface ClientOptions extends MakeOptions {
  readonly role?: string
}

async function client(context: Context, options: ClientOptions, folder: string, name: string): Promise<void> {
  const kind = chosenRole(options.role)
  const files = certificateFiles(folder).client(checkName('<name>', name))
  await issue(context, options, { folder, files, subject: { kind, name } })
}

interface MemberOptions extends MakeOptions {
  readonly id?: string
  readonly hosts?: string
}

async function member(context: Context, options: MemberOptions, folder: string, name: string): Promise<void> {
  const id = wholeNumber('--id', options.id, 1, MEMBER_ID_MAX)
  const hosts = hostList('--hosts', options.hosts)
  if (id === undefined || hosts.length === 0) throw usage('--id and --hosts: both are needed')
  const files = certificateFiles(folder).member(checkName('<name>', name))
  await issue(context, options, { folder, files, subject: { kind: 'member', id, name, hosts } })
}

async function issue(
  context: Context,
  options: MakeOptions,
  wantedPair: { readonly folder: string; readonly files: FilePair; readonly subject: Subject },
): Promise<void> {
  const { folder, files, subject } = wantedPair
  const days = daysOf(options)
  mustBeNew([files.cert, files.key], options.force)
  const authority = await openAuthority(folder)
  writePair(files, await authority.issue(subject, { nowMs: context.io.now(), days }))
  context.out.data({ name: subject.name, ...files }, () => {
    context.out.line(files.cert)
    context.out.line(files.key)
  })
}

async function renew(
  context: Context,
  options: { days?: string },
  folder: string,
  files: readonly string[],
): Promise<void> {
  const { out, io } = context
  const days = daysOf(options)
  const authority = await openAuthority(folder)
  const renewed: { readonly file: string; readonly pem: string }[] = []
  for (const file of files) {
    const pem = await authority.renew(readGiven('<files>', file), file, { nowMs: io.now(), days })
    renewed.push({ file, pem })
  }
  for (const { file, pem } of renewed) writeWhole(file, pem, 0o644)
  out.data(files, () => {
    for (const file of files) out.line(file)
  })
}

/** @throws Exit `refused` if one of them is not valid now */
async function show(context: Context, _options: object, files: readonly string[]): Promise<void> {
  const { out, io } = context
  const { readCertificate } = await authorityRoom()
  const nowMs = io.now()
  const rows = files.map((file) => {
    const found = readCertificate(readGiven('<files>', file), file)
    const fromMs = Date.parse(found.validFrom)
    const untilMs = Date.parse(found.validTo)
    return {
      file,
      names: found.subjectAltName ?? '',
      serial: found.serialNumber.toLowerCase(),
      fromMs,
      untilMs,
      daysLeft: Math.floor((untilMs - nowMs) / DAY_MS),
      valid: fromMs <= nowMs && nowMs < untilMs,
      issuer: found.issuer,
      sha256: found.fingerprint256,
    }
  })
  out.data(rows, () => {
    out.table(
      ['file', 'names', 'until', 'valid', 'certSerial'],
      rows.map((row) => [row.file, row.names, formatMoment(row.untilMs), out.yesNo(row.valid), row.serial]),
    )
  })
  if (rows.some((row) => !row.valid)) throw new Exit(exitCodes.refused)
}

async function openAuthority(folder: string): Promise<Authority> {
  const { Authority } = await authorityRoom()
  const { cert, key } = certificateFiles(folder).authority
  return Authority.open({ cert: readGiven(dirname(cert), cert), key: readGiven(dirname(key), key) })
}

function daysOf(options: { readonly days?: string }): number {
  return wholeNumber('--days', options.days, 1, DAYS_MAX) ?? DAYS
}
