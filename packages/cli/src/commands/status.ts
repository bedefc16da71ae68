import { setTimeout as delay } from 'node:timers/promises'
import { type Admin, type NodeReport, type NodeStatus, TrancaError } from '@tranca/client'
import type { LicenseKey } from '@tranca/license-key'
import type { Command } from 'commander'
import { type Kit, leaf } from '../command-kit.ts'
import type { Context } from '../context.ts'
import { formatDuration, parseDuration } from '../durations.ts'
import { CliError, Exit } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { sayValidated, sayValidity } from './validity-line.ts'

const LICENSE_TIMEOUT_MS = 2_000

/** One member as all nodes together see it. Positions are log indexes. */
interface MemberRow {
  readonly id: number
  readonly name: string
  readonly client: string
  readonly peer: string
  /** `leader`, `follower`, `candidate`, `learner`, or `unreachable` if it did not answer. */
  readonly role: string
  readonly vote: string
  /** As the leader sees it: `probe`, `replicate` or `snapshot`. */
  readonly state?: string | undefined
  readonly term?: number | undefined
  readonly commit?: number | undefined
  readonly applied?: number | undefined
  readonly lag?: number | undefined
  readonly drained: boolean
  readonly uptimeMs?: number | undefined
  readonly version?: string | undefined
}

interface LicenseStatus {
  readonly state: string
  readonly reason: string
  readonly serial: number
  readonly customer: string
  readonly validUntil: string
  /** Wall clock of the last online validation, if the key wants one. */
  readonly validatedMs?: number | undefined
  readonly toleranceDays?: number | undefined
}

interface ClusterStatus {
  readonly cluster: string
  readonly leader?: { readonly id: number; readonly name: string } | undefined
  readonly term: number
  readonly commit: number
  readonly revision: number
  readonly counts: {
    readonly sessions: number
    readonly locks: number
    readonly codes: number
    readonly semaphores: number
    readonly sequences: number
    readonly waiting: number
  }
  readonly members: readonly MemberRow[]
  /** Absent if no key is installed, or no leader to tell. */
  readonly license?: LicenseStatus | undefined
  /** Addresses that did not answer. */
  readonly silent: readonly { readonly address: string; readonly reason: string }[]
}

export function addStatus(kit: Kit, program: Command): void {
  leaf(
    kit,
    program,
    {
      name: 'status',
      help: 'help.status',
      options: [
        ['-w, --watch', 'option.watch'],
        ['--interval <duration>', 'option.interval', '1s'],
      ],
      shared: 'nodes',
      examples: [
        'tranca status',
        'tranca status --watch --interval 500ms',
        'tranca status -o json --addresses 10.0.0.1:5555,10.0.0.2:5555',
      ],
      exits: ['ok', 'usage', 'unreachable'],
    },
    async (context, options: { watch?: boolean; interval?: string }) => {
      const intervalMs = parseDuration(options.interval ?? '1s')
      await context.withAdmin(async (admin) => {
        if (!options.watch) {
          const status = await look(context, admin)
          show(context, status)
          if (status.leader === undefined) throw new Exit(exitCodes.unreachable)
          return
        }
        const stop = new AbortController()
        const done = context.io.onSignal(['SIGINT', 'SIGTERM'], () => stop.abort())
        try {
          await watch(context, admin, intervalMs, stop.signal)
        } finally {
          done()
        }
      })
    },
  )
}

async function watch(context: Context, admin: Admin, intervalMs: number, stop: AbortSignal): Promise<void> {
  const { io, out } = context
  const clear = io.stdout.isTTY === true ? '\u001b[H\u001b[2J' : ''
  while (!stop.aborted) {
    // A cluster that is away for a while is what someone watches for.
    const status = await look(context, admin).catch((error: unknown) => {
      if (error instanceof CliError && error.code === 'unreachable') return error
      throw error
    })
    if (stop.aborted) return
    if (out.form === 'json') out.jsonLine(status)
    else {
      io.stdout.write(clear)
      if (status instanceof CliError)
        io.stdout.write(
          `${context.texts.find('cause.unreachable', { message: status.message, addresses: context.addresses.join(',') })}\n`,
        )
      else show(context, status)
      if (clear === '') io.stdout.write('\n')
    }
    await delay(intervalMs, undefined, { signal: stop }).catch(() => undefined)
  }
}

async function look(context: Context, admin: Admin): Promise<ClusterStatus> {
  const reports = await admin.statusOfAll()
  const status = combine(reports)
  if (status?.leader !== undefined) return { ...status, license: await lookAtLicense(admin) }
  if (status !== undefined) return status
  const reasons = reports.map((report) => (report.ok ? '' : report.error.message)).join('; ')
  throw context.nobodyAnswered(reports, reasons)
}

/** A leader that is just going must not keep the rest from being shown. */
async function lookAtLicense(admin: Admin): Promise<LicenseStatus | undefined> {
  const request = admin.request({ op: 'key.show' }, { deadlineMs: LICENSE_TIMEOUT_MS })
  const found = await request.catch((error: unknown) => {
    if (error instanceof TrancaError) return undefined
    throw error
  })
  if (found === undefined || found.body === '') return undefined
  const { state, reason, serial, customer, validUntil, validatedMs } = found.validity
  const { onlineValidation } = JSON.parse(found.body) as LicenseKey
  const license = { state, reason, serial, customer, validUntil }
  if (onlineValidation === undefined) return license
  return { ...license, validatedMs, toleranceDays: onlineValidation.toleranceDays }
}

/** Joins what the nodes say; the leader of the highest term is right about the others. */
function combine(reports: readonly NodeReport[]): ClusterStatus | undefined {
  const answered = reports.flatMap((report) => (report.ok ? [report.status] : []))
  const newest = answered.toSorted((one, other) => other.term - one.term)
  const leader = newest.find((status) => status.role === 'leader')
  const best = leader ?? newest[0]
  if (best === undefined) return undefined
  const byId = new Map(answered.map((status) => [status.node, status]))
  const members = best.members.map((member) => memberRow(member, byId.get(member.id)))
  const known = new Set(best.members.map((member) => member.id))
  const strangers = answered.filter((status) => !known.has(status.node)).map(strangerRow)
  const { sessions, locks, codes, semaphores, sequences, waiting } = best
  return {
    cluster: best.cluster,
    leader: leader && { id: leader.node, name: leader.name },
    term: best.term,
    commit: best.commit,
    revision: best.revision,
    counts: { sessions, locks, codes, semaphores, sequences, waiting },
    members: [...members, ...strangers],
    silent: reports.flatMap((report) =>
      report.ok ? [] : [{ address: report.address, reason: report.error.message }],
    ),
  }
}

function memberRow(member: NodeStatus['members'][number], said: NodeStatus | undefined): MemberRow {
  return {
    id: member.id,
    name: member.name,
    client: member.client,
    peer: member.peer,
    role: said?.role ?? 'unreachable',
    vote: member.role,
    state: member.state,
    term: said?.term,
    commit: said?.commit,
    applied: said?.applied,
    lag: member.lag,
    drained: member.drained,
    uptimeMs: said?.uptimeMs,
    version: said?.version,
  }
}

/** Answers, but is no member of the cluster: not added yet, or removed. */
function strangerRow(said: NodeStatus): MemberRow {
  const self = said.members.find((member) => member.id === said.node)
  return {
    id: said.node,
    name: said.name,
    client: self?.client ?? '',
    peer: self?.peer ?? '',
    role: said.role,
    vote: 'none',
    term: said.term,
    commit: said.commit,
    applied: said.applied,
    drained: false,
    uptimeMs: said.uptimeMs,
    version: said.version,
  }
}

function show(context: Context, status: ClusterStatus): void {
  const { out, texts, io } = context
  out.data(status, () => {
    const { cluster, term, commit, revision } = status
    const leader = status.leader?.name ?? texts.get('say.nobody')
    io.stdout.write(`${texts.get('say.clusterLine', { cluster, leader, term, commit, revision })}\n`)
    io.stdout.write(`${texts.get('say.countsLine', status.counts)}\n`)
    if (status.license !== undefined) {
      sayValidity(context, status.license)
      sayValidated(context, status.license)
    }
    io.stdout.write('\n')
    out.table(
      ['node', 'id', 'role', 'state', 'term', 'commit', 'applied', 'lag', 'drained', 'up', 'client'],
      status.members.map((member) => [
        member.name,
        member.id,
        out.word(member.role),
        member.state,
        member.term,
        member.commit,
        member.applied,
        member.lag,
        out.yesNo(member.drained),
        member.uptimeMs === undefined ? undefined : formatDuration(member.uptimeMs),
        member.client,
      ]),
    )
  })
}
