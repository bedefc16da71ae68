import type { AdminName, LocalName, ReadName, ServerEvent } from '@tranca/protocol'
import { askNode } from './ask.ts'
import type { CallOptions } from './caller.ts'
import { Cluster } from './cluster.ts'
import {
  AbortedError,
  BadAnswerError,
  ClosedError,
  InvalidRequestError,
  OutcomeUnknownError,
  QueueFullError,
  RefusedError,
  TrancaError,
} from './errors.ts'
import { type Answer, hintOf, type LeaderHint, type Link } from './link.ts'
import { type AnyRequest, operationNamed, type RequestOf, type ResultOf } from './operations.ts'
import { type ConnectOptions, type ConnectSettings, resolveConnectOptions } from './options.ts'
import { Pending, type Settle, unheard } from './requests.ts'
import { Watch, type WatchHost, type WatchOptions } from './watch.ts'

export interface AdminOptions extends ConnectOptions {
  /** A request without a deadline of its own fails after so long: default 10 s. */
  readonly deadlineMs?: number
  /** An idle connection is looked after this often: default 10 s. */
  readonly keepAliveMs?: number
}

/** What one node said when it was asked for its status. */
export type NodeReport =
  | { readonly address: string; readonly ok: true; readonly status: NodeStatus }
  | { readonly address: string; readonly ok: false; readonly error: TrancaError }
export type NodeStatus = ResultOf<'status'>['status']
export type NodeHealth = ResultOf<'health'>['health']

/** Operations that need no session. */
export type AdminOperationName = Exclude<
  AdminName | ReadName | LocalName,
  'hello' | 'watch.start' | 'watch.stop'
>

/**
 * Looks at a cluster and runs it, without a session: reads, members, leadership, watches.
 *
 * Reads are asked again after a break. A command about the cluster is not: if its connection breaks before the
 * answer it fails with OutcomeUnknownError, and a look at the status tells what became of it.
 */
export class Admin {
  readonly #settings: ConnectSettings
  readonly #deadlineMs: number
  readonly #cluster: Cluster
  readonly #outstanding = new Map<number, Pending>()
  readonly #watches = new Set<Watch>()
  /** Numbers that the leader has given to watches; they belong to its connection. */
  readonly #watchNumbers = new Map<number, Watch>()
  readonly #host: WatchHost
  #lastId = 0
  #link: Link | undefined
  /** This node leads no more: to be left as soon as it has answered the commands that only it can answer. */
  #deposed: { readonly link: Link; readonly hint: LeaderHint | undefined } | undefined
  #closed: ClosedError | undefined

  constructor(options: AdminOptions) {
    this.#settings = resolveConnectOptions(options)
    this.#deadlineMs = options.deadlineMs ?? 10_000
    this.#host = {
      bufferMax: this.#settings.limits.watchBufferMax,
      startWatch: (watch, request) => this.#startWatch(watch, request),
      stopWatch: (watch) => this.#stopWatch(watch),
    }
    this.#cluster = new Cluster(
      {
        onLeader: (link) => this.#onLeader(link),
        onLeaderGone: (error) => this.#onLeaderGone(error),
        onAnswer: (link, answer) => this.#onAnswer(link, answer),
        onEvent: (event) => this.#onEvent(event),
        operationOf: (id) => this.#outstanding.get(id)?.operation,
        isWaiting: () => this.#outstanding.size > 0,
        isBound: () => this.#isBound(),
      },
      { ...this.#settings, keepAliveMs: options.keepAliveMs ?? 10_000 },
    )
    this.#cluster.start()
  }

  /** Node and address of the leader as last heard. */
  get leader(): LeaderHint | undefined {
    return this.#cluster.leaderHint
  }

  /**
   * Asks the leader.
   *
   * @throws RefusedError, InvalidRequestError, DeadlineError, AbortedError, OutcomeUnknownError
   */
  request<N extends AdminOperationName>(
    request: RequestOf<N>,
    options: CallOptions = {},
  ): Promise<ResultOf<N>> {
    const { signal, deadlineMs = this.#deadlineMs } = options
    const { outstandingMax } = this.#settings.limits
    const { op } = request
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    if (signal?.aborted) return Promise.reject(new AbortedError(op, signal.reason))
    if (this.#outstanding.size >= outstandingMax)
      return Promise.reject(new QueueFullError(op, outstandingMax))
    if (operationNamed(op)?.kind === 'command') {
      return Promise.reject(new InvalidRequestError(op, 'it needs a session'))
    }
    return new Promise<ResultOf<N>>((resolve, reject) => {
      const settle: Settle = { resolve: resolve as Settle['resolve'], reject }
      const pending = this.#add(request as unknown as AnyRequest, settle)
      pending?.watch({ signal, deadlineMs }, this.#settings.clock, this.#onGiveUp, this.#describe)
    })
  }

  /** Asks one node, whoever leads. */
  ask<N extends 'status' | 'health'>(
    address: string,
    op: N,
    options: CallOptions = {},
  ): Promise<ResultOf<N>> {
    const deadlineMs = options.deadlineMs ?? this.#settings.limits.dialTimeoutMs * 2
    return askNode(this.#settings, address, { op } as RequestOf<N>, { ...options, deadlineMs })
  }

  /** The status of every node that is known: the addresses given, and all members that those nodes name. */
  async statusOfAll(options: CallOptions = {}): Promise<NodeReport[]> {
    const reports = new Map<string, NodeReport>()
    let addresses: readonly string[] = this.#settings.addresses
    while (addresses.length > 0) {
      const found = await Promise.all(addresses.map((address) => this.#report(address, options)))
      for (const report of found) reports.set(report.address, report)
      addresses = unasked(reports)
    }
    return distinct([...reports.values()])
  }

  /** Events from now on, or from a revision. */
  watch(options: WatchOptions): Watch {
    if (this.#closed !== undefined) throw this.#closed
    const watch = new Watch(this.#host, options)
    return watch
  }

  async close(): Promise<void> {
    if (this.#closed !== undefined) return
    const error = new ClosedError('the admin connection was closed')
    this.#closed = error
    for (const watch of [...this.#watches]) watch.close()
    this.#cluster.close(true)
    const waiting = [...this.#outstanding.values()]
    this.#outstanding.clear()
    for (const pending of waiting) pending.reject(error)
  }

  async #report(address: string, options: CallOptions): Promise<NodeReport> {
    try {
      const { status } = await this.ask(address, 'status', options)
      return { address, ok: true, status }
    } catch (error) {
      if (!(error instanceof TrancaError)) throw error
      return { address, ok: false, error }
    }
  }

  readonly #describe = (): string => (this.#link === undefined ? this.#cluster.describe() : '')

  #add(request: AnyRequest, settle: Settle): Pending | undefined {
    const operation = operationNamed(request.op)
    if (operation === undefined) {
      settle.reject(new InvalidRequestError(request.op, 'there is no such operation'))
      return undefined
    }
    const pending = new Pending(++this.#lastId, operation, request, settle, undefined)
    try {
      if (this.#link !== undefined) this.#send(this.#link, pending)
    } catch (error) {
      pending.reject(error as Error)
      return undefined
    }
    this.#outstanding.set(pending.id, pending)
    return pending
  }

  #send(link: Link, pending: Pending): void {
    pending.sentMs = link.send(pending.id, [], pending.request)
    this.#cluster.touch(pending.sentMs)
  }

  readonly #onGiveUp = (pending: Pending, error: Error): void => {
    this.#outstanding.delete(pending.id)
    pending.reject(error)
    this.#maybeLeave()
  }

  #maybeLeave(): void {
    const deposed = this.#deposed
    if (deposed === undefined || this.#isBound()) return
    this.#deposed = undefined
    this.#cluster.depose(deposed.link, deposed.hint)
  }

  /** A command about the cluster is not asked again elsewhere. */
  #isBound(): boolean {
    for (const { operation, sentMs } of this.#outstanding.values()) {
      if (operation.kind === 'admin' && sentMs >= 0) return true
    }
    return false
  }

  #onLeader(link: Link): void {
    this.#link = link
    for (const pending of [...this.#outstanding.values()]) {
      try {
        this.#send(link, pending)
      } catch (error) {
        this.#onGiveUp(pending, error as Error)
      }
    }
    for (const watch of this.#watches) watch.start()
  }

  #onLeaderGone(error: Error): void {
    this.#link = undefined
    this.#deposed = undefined
    this.#watchNumbers.clear()
    for (const pending of [...this.#outstanding.values()]) {
      if (pending.operation.name === 'watch.start') this.#outstanding.delete(pending.id)
      else if (pending.operation.kind === 'admin' && pending.sentMs >= 0) {
        this.#onGiveUp(pending, new OutcomeUnknownError(pending.request.op, error))
      } else pending.sentMs = -1
    }
  }

  #onAnswer(link: Link, answer: Answer): void {
    const pending = this.#outstanding.get(answer.id)
    if (pending === undefined) return
    if (answer.kind === 'refused') {
      const { cause, detail } = answer
      if (cause === 'notLeader' || cause === 'noLeader' || cause === 'draining' || cause === 'uncertain') {
        this.#deposed = { link, hint: hintOf(detail.leader) }
        if (cause === 'uncertain' && pending.operation.kind === 'admin') {
          this.#onGiveUp(
            pending,
            new OutcomeUnknownError(pending.request.op, new RefusedError(pending.request.op, cause, detail)),
          )
          return
        }
        // Not done here, or a read: it is asked again where the leader is.
        pending.sentMs = -1
        this.#maybeLeave()
        return
      }
    }
    this.#cluster.settle()
    this.#outstanding.delete(answer.id)
    if (answer.kind === 'ok') pending.resolve(answer.value)
    else if (answer.kind === 'refused') {
      pending.reject(new RefusedError(pending.request.op, answer.cause, answer.detail))
    } else pending.reject(new BadAnswerError(pending.request.op, answer.detail))
    this.#maybeLeave()
  }

  #onEvent(event: ServerEvent): void {
    if (event.event === 'watch') this.#watchNumbers.get(event.watch)?.onChange(event.change)
    else if (event.event === 'watchLost') {
      const watch = this.#watchNumbers.get(event.watch)
      this.#watchNumbers.delete(event.watch)
      watch?.onLost(event)
    }
  }

  #startWatch(watch: Watch, request: RequestOf<'watch.start'>): void {
    this.#watches.add(watch)
    if (this.#link === undefined) return
    this.#add(request, {
      resolve: (value) => {
        const { watch: number, revision } = value as ResultOf<'watch.start'>
        this.#watchNumbers.set(number, watch)
        // It was closed while it was being started.
        if (!this.#watches.has(watch)) this.#stopWatch(watch)
        else watch.onStarted(revision)
      },
      reject: (error) => {
        if (error instanceof RefusedError && error.code === 'compacted') {
          watch.onLost({ reason: 'compacted', oldest: error.detail.oldest as number | undefined })
        } else if (!(error instanceof ClosedError)) watch.fail(error)
      },
    })
  }

  /** Also for a pause: a watch that starts again comes back into the set. */
  #stopWatch(watch: Watch): void {
    this.#watches.delete(watch)
    for (const [number, one] of this.#watchNumbers) {
      if (one !== watch) continue
      this.#watchNumbers.delete(number)
      if (this.#link !== undefined) this.#add({ op: 'watch.stop', watch: number }, unheard)
    }
  }
}

function unasked(reports: ReadonlyMap<string, NodeReport>): string[] {
  const found = new Set<string>()
  const answered = new Set<number>()
  for (const report of reports.values()) if (report.ok) answered.add(report.status.node)
  for (const report of reports.values()) {
    if (!report.ok) continue
    for (const member of report.status.members) {
      if (member.client !== '' && !answered.has(member.id) && !reports.has(member.client))
        found.add(member.client)
    }
  }
  return [...found]
}

/** One report a node: several addresses may lead to the same one. */
function distinct(reports: readonly NodeReport[]): NodeReport[] {
  const seen = new Set<number>()
  return reports.filter((report) => {
    if (!report.ok) return true
    if (seen.has(report.status.node)) return false
    seen.add(report.status.node)
    return true
  })
}
