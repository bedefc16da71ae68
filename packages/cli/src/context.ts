import { hostname } from 'node:os'
import {
  type Admin,
  type AdminOperationName,
  connect,
  DeadlineError,
  type NodeReport,
  openAdmin,
  RefusedError,
  type RequestOf,
  type ResultOf,
  type Session,
} from '@tranca/client'
import { devConnection } from './connection-file.ts'
import { parseDuration } from './durations.ts'
import { CliError, usage } from './errors.ts'
import type { Io } from './io.ts'
import { type NetworkFlags, type NetworkOptions, networkOptions } from './network-options.ts'
import { Output, type OutputForm, outputForms } from './output.ts'
import { sessionFilePath } from './state-file.ts'
import type { Texts } from './texts/index.ts'

/** The options that many commands share, as they were written; `undefined` = not given. */
export interface CommonOptions extends NetworkFlags {
  readonly addresses?: string
  readonly namespace?: string
  readonly output?: string
  readonly timeout?: string
  readonly sessionFile?: string
}

const DEFAULT_ADDRESSES = ['127.0.0.1:5555', '127.0.0.1:5556', '127.0.0.1:5557']
const DEFAULT_NAMESPACE = 'production'
const DEFAULT_TIMEOUT = '10s'
/** A session of one call: long enough for a failover in between, short enough to vanish if the call is killed. */
const CALL_TTL_MS = 10_000
const LOOK_TIMEOUT_MS = 1_000

/** Whose units: what an application says when it connects. */
type Installation = NonNullable<Parameters<typeof connect>[0]['installation']>

/** What one call of the program works with. */
export class Context {
  readonly io: Io
  readonly texts: Texts
  readonly out: Output
  readonly addresses: readonly string[]
  readonly namespace: string
  readonly timeoutMs: number
  readonly sessionFile: string
  /** Name shown to people where this call holds something. */
  readonly client: string
  /** User or thread, unless `--owner` names another. */
  readonly owner: string
  readonly #options: CommonOptions
  readonly #devTls: NetworkFlags | undefined

  constructor(io: Io, texts: Texts, options: CommonOptions) {
    const { env } = io
    this.io = io
    this.texts = texts
    this.out = new Output(io, texts, outputForm(options.output ?? nonEmpty(env.TRANCA_OUTPUT)))
    const addresses = options.addresses ?? nonEmpty(env.TRANCA_ADDRESSES)
    const dev = addresses === undefined ? devConnection(env) : undefined
    this.addresses =
      addresses?.split(',').map((address) => address.trim()) ?? dev?.addresses ?? DEFAULT_ADDRESSES
    this.#options = options
    this.#devTls = dev?.tls
    this.namespace = options.namespace ?? nonEmpty(env.TRANCA_NAMESPACE) ?? DEFAULT_NAMESPACE
    this.timeoutMs = parseDuration(options.timeout ?? nonEmpty(env.TRANCA_TIMEOUT) ?? DEFAULT_TIMEOUT)
    this.sessionFile = sessionFilePath(options.sessionFile, env)
    this.client = `tranca@${hostname()}`
    this.owner = nonEmpty(env.USER) ?? nonEmpty(env.USERNAME) ?? 'tranca'
  }

  /** How the nodes are reached, and how this call proves who it is; its files are read only by those who ask nodes. */
  get network(): NetworkOptions {
    return networkOptions(this.#options, this.io.env, this.#devTls)
  }

  /** Runs with a connection to look at and look after the cluster. */
  async withAdmin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const { client, network, timeoutMs: deadlineMs } = this
    const admin = openAdmin(this.addresses, { ...network, client, deadlineMs })
    try {
      return await work(admin)
    } catch (error) {
      throw error instanceof DeadlineError ? await this.whyNobody(error) : error
    } finally {
      await admin.close()
    }
  }

  /** One question to the leader. */
  ask<N extends AdminOperationName>(request: RequestOf<N>): Promise<ResultOf<N>> {
    return this.withAdmin((admin) => admin.request(request))
  }

  /** Runs with a session that ends with the call, and with all that it holds. */
  async withSession<T>(
    work: (session: Session) => Promise<T>,
    options: { readonly installation?: Installation } = {},
  ): Promise<T> {
    const session = await this.connect({ ...options, ttlMs: CALL_TTL_MS })
    try {
      return await work(session)
    } finally {
      await session.close({ deadlineMs: this.timeoutMs })
    }
  }

  /** Opens a session; says that nobody was reached when there was no leader in time. */
  async connect(options: {
    readonly ttlMs: number
    readonly marginMs?: number
    readonly lockDelayMs?: number
    readonly installation?: Installation
    readonly signal?: AbortSignal
  }): Promise<Session> {
    const { addresses, network, namespace, client, timeoutMs } = this
    try {
      return await connect({ ...options, ...network, addresses, namespace, client, deadlineMs: timeoutMs })
    } catch (error) {
      throw error instanceof DeadlineError ? await this.whyNobody(error) : error
    }
  }

  /** No node told its status: are they away, or do they not want to speak to us? */
  nobodyAnswered(reports: readonly NodeReport[], message: string): CliError {
    if (reports.some(wasDenied)) return new CliError('helloDenied', message)
    return new CliError('unreachable', message, { addresses: this.addresses.join(',') })
  }

  /** No answer came in time: is there no leader, or are there no nodes at all? */
  async whyNobody(error: DeadlineError): Promise<Error> {
    const admin = openAdmin(this.addresses, { ...this.network, client: this.client })
    try {
      const reports = await admin.statusOfAll({ deadlineMs: LOOK_TIMEOUT_MS })
      const answered = reports.flatMap((report) => (report.ok ? [report.status] : []))
      if (answered.some((status) => status.role === 'leader')) return error
      if (answered.length > 0) return new CliError('noLeader', error.message)
      return this.nobodyAnswered(reports, error.message)
    } finally {
      await admin.close()
    }
  }
}

/** The node answered, and did not know who asks. */
function wasDenied(report: NodeReport): boolean {
  if (report.ok) return false
  const { cause } = report.error
  return cause instanceof RefusedError && cause.code === 'denied'
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}

function outputForm(text: string | undefined): OutputForm {
  const form = outputForms.find((each) => each === (text ?? 'table'))
  if (form === undefined) throw usage(`'${text}' is no form of output: expected ${outputForms.join(' or ')}`)
  return form
}
