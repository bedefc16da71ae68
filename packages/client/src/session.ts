import { EventEmitter } from 'node:events'
import { nodeCauses, type ServerEvent } from '@tranca/protocol'
import { bounded } from './bounded.ts'
import type { Caller, CallOptions } from './caller.ts'
import { Cluster } from './cluster.ts'
import { Deadline } from './deadline.ts'
import {
  AbortedError,
  BadAnswerError,
  ClosedError,
  InvalidRequestError,
  type LossReason,
  QueueFullError,
  RefusedError,
  SessionLostError,
  TrancaError,
} from './errors.ts'
import { Farewell } from './farewell.ts'
import { GivingBack } from './giving-back.ts'
import { type Answer, hintOf, type LeaderHint, type Link } from './link.ts'
import {
  type AnyOperation,
  type AnyRequest,
  checkEncodable,
  type OperationName,
  operationNamed,
  type RequestOf,
  type ResultOf,
} from './operations.ts'
import { resolveSessionOptions, type SessionOptions, type SessionSettings } from './options.ts'
import { Owner } from './owner.ts'
import { Pending, type Settle, unheard } from './requests.ts'
import { mayWait, undoOf } from './undo.ts'

export interface SessionEvents {
  /** The connection is gone; nothing is lost yet: requests wait, what is held stays held. */
  uncertain: [error: Error]
  /** The session is connected again, and everything outstanding has been sent again. */
  resumed: []
  /** The session uses this leader now. */
  leader: [leader: LeaderHint]
  /** No answer for long: after `remainingMs` the session counts as lost unless the cluster answers before. */
  atRisk: [remainingMs: number]
  /** A license that was given back without waiting was not held any more, or the answer cannot be read. */
  unreturned: [error: TrancaError, license: { readonly owner: string; readonly grant: number }]
  /** What the session held must be treated as lost. Final. */
  lost: [error: SessionLostError]
  /** Closed by this program. Final. */
  closed: []
}

export type SessionStatus = 'opening' | 'live' | 'uncertain' | 'ended'

/**
 * One client process at the cluster: keeps itself alive, follows the leader, and carries every request to
 * exactly one execution and one answer, over any number of broken connections.
 *
 * Requests get ascending numbers. Until an answer has come, a request stays in the table of what is
 * outstanding; after a break the session is resumed on a new connection, naming all that is outstanding, and
 * these requests are sent again, in order, under their old numbers. The cluster executes what it has not
 * executed and repeats the answers of the rest.
 */
export class Session extends EventEmitter<SessionEvents> implements Caller {
  readonly namespace: string
  readonly #settings: SessionSettings
  readonly #cluster: Cluster
  readonly #key: Uint8Array
  readonly #opened: Promise<void>
  readonly #openedSettle: Settle
  readonly #abort = new AbortController()
  /** In order of their numbers: a Map keeps the order of insertion, and numbers only grow. */
  readonly #outstanding = new Map<number, Pending>()
  readonly #givingBack: GivingBack
  #status: SessionStatus = 'opening'
  #lastId = 0
  /** Numbers of answered commands that the cluster has not been told about yet. */
  #acks: number[] = []
  #deadline: Deadline | undefined
  #session = 0
  #generation = 0
  /** The connection that the session is bound to: requests go out at once. */
  #bound: Link | undefined
  /** The open or resume on its way. */
  #binding: { readonly id: number; readonly sentMs: number; readonly operation: AnyOperation } | undefined
  #takeovers = 0
  #isProofAsked = false
  #end: Error | undefined
  #closing: Promise<void> | undefined
  #isClosing = false
  #farewell: Farewell | undefined

  /** Begins to open a session; requests may be made at once and wait for it. */
  constructor(options: SessionOptions) {
    super()
    const settings = resolveSessionOptions(options)
    this.#settings = settings
    this.namespace = settings.namespace
    this.#key = Uint8Array.from(settings.random.bytes(16))
    this.#givingBack = new GivingBack({
      atOnceMax: settings.limits.givingBackMax,
      send: (request) => this.#giveBack(request),
      onFailure: (error, { owner, grant }) => {
        // With its end the session has given everything back, and has told so.
        if (error instanceof TrancaError && this.#end === undefined && !this.#isClosing) {
          this.#tell('unreturned', error, { owner, grant })
        }
      },
    })
    let settle: Settle | undefined
    this.#opened = new Promise((resolve, reject) => {
      settle = { resolve: resolve as Settle['resolve'], reject }
    })
    this.#openedSettle = settle!
    this.#opened.catch(() => undefined)
    this.#cluster = new Cluster(
      {
        onLeader: (link) => this.#bind(link),
        onLeaderGone: (error) => this.#unbind(error),
        onAnswer: (link, answer) => this.#onAnswer(link, answer),
        onEvent: (event) => this.#onEvent(event),
        operationOf: (id) => {
          if (this.#binding?.id === id) return this.#binding.operation
          return this.#bound === undefined ? undefined : this.#outstanding.get(id)?.operation
        },
        isWaiting: () => this.#binding !== undefined || this.#outstanding.size > 0,
        isBound: () => false,
      },
      { ...settings, keepAliveMs: Number.POSITIVE_INFINITY },
    )
    this.#cluster.start()
  }

  get status(): SessionStatus {
    return this.#status
  }

  /** The session's number at the cluster; 0 before it is open. */
  get id(): number {
    return this.#session
  }

  /** How often the session was bound to a connection. */
  get generation(): number {
    return this.#generation
  }

  /** Node and address of the leader as last heard. */
  get leader(): LeaderHint | undefined {
    return this.#cluster.leaderHint
  }

  /** Time for which the session is guaranteed if nothing more is heard from the cluster. */
  get remainingMs(): number {
    if (this.#status === 'ended') return 0
    return this.#deadline?.remainingMs ?? 0
  }

  /** Requests without an answer. */
  get outstandingCount(): number {
    return this.#outstanding.size
  }

  /** Fires when the session is lost or closed; its reason is the error. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /**
   * Resolves when the session is open.
   *
   * @throws RefusedError, DeadlineError if no leader was found in time, AbortedError
   */
  async opened(options: CallOptions = {}): Promise<this> {
    await this.within(this.#opened, 'session.open', options)
    return this
  }

  /** A user or thread inside the session. */
  owner(name: string): Owner {
    return new Owner(this, name)
  }

  /**
   * Sends any operation of the protocol. The request object belongs to the session until the answer: do not
   * change it.
   *
   * @throws RefusedError with the cause as `code`
   * @throws InvalidRequestError, QueueFullError: nothing was sent
   * @throws AbortedError, DeadlineError: unless the request could be withdrawn, its outcome is open
   * @throws SessionLostError, ClosedError
   */
  request<N extends OperationName>(request: RequestOf<N>, options: CallOptions = {}): Promise<ResultOf<N>> {
    return this.call(request, options)
  }

  call<N extends OperationName>(request: RequestOf<N>, options: CallOptions): Promise<ResultOf<N>>
  call<N extends OperationName, T>(
    request: RequestOf<N>,
    options: CallOptions,
    finish: (result: ResultOf<N>) => T,
  ): Promise<T>
  call(request: AnyRequest, options: CallOptions, finish?: (result: never) => unknown): Promise<unknown> {
    const { signal } = options
    const { outstandingMax } = this.#settings.limits
    // After a long stop of the process the timer may not have run yet.
    if (this.#deadline?.remainingMs === 0) this.#loseByDeadline()
    if (this.#end !== undefined) return Promise.reject(this.#end)
    if (this.#isClosing) return Promise.reject(new ClosedError('the session is being closed'))
    if (signal?.aborted) return Promise.reject(new AbortedError(request.op, signal.reason))
    if (this.#outstanding.size >= outstandingMax) {
      return Promise.reject(new QueueFullError(request.op, outstandingMax))
    }
    return new Promise((resolve, reject) => {
      const pending = this.#add(request, { resolve, reject }, finish)
      if (pending === undefined) return
      if (signal !== undefined || options.deadlineMs !== undefined) {
        pending.watch(options, this.#settings.clock, this.#onGiveUp, this.#describe)
      }
    })
  }

  /** Waits for a promise no longer than the options say. */
  within<T>(promise: Promise<T>, what: string, options: CallOptions): Promise<T> {
    return bounded(promise, what, options, this.#settings.clock, this.#describe)
  }

  giveBack(request: RequestOf<'license.checkin'>): Promise<ResultOf<'license.checkin'>> {
    return this.#givingBack.add(request)
  }

  /** Beside the bound of what may be asked, as all that gives back. */
  #giveBack(request: RequestOf<'license.checkin'>): Promise<ResultOf<'license.checkin'>> {
    if (this.#end !== undefined) return Promise.reject(this.#end)
    if (this.#isClosing) return Promise.reject(new ClosedError('the session is being closed'))
    return new Promise((resolve, reject) => {
      this.#add(request, { resolve: resolve as Settle['resolve'], reject }, undefined)
    })
  }

  /**
   * Ends the session and releases all that it holds. Requests without an answer fail with ClosedError. If the
   * cluster cannot be told within `deadlineMs` (default 5 s), it finds out by itself when the time to live is
   * over.
   */
  close(options: CallOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options)
    return this.#closing
  }

  async #close(options: CallOptions): Promise<void> {
    this.#farewell?.stop()
    if (this.#end !== undefined) return
    this.#isClosing = true
    const error = new ClosedError('the session was closed')
    const told = new Promise<void>((resolve, reject) => {
      // A session that was never opened at the cluster has nothing to release there.
      if (this.#status === 'opening' && this.#binding === undefined) resolve()
      else
        this.#add({ op: 'session.close' }, { resolve: () => resolve(this.#finish(error)), reject }, undefined)
    })
    const deadlineMs = options.deadlineMs ?? this.#settings.closeTimeoutMs
    await this.within(told, 'session.close', { ...options, deadlineMs }).catch(() => undefined)
    this.#finish(error)
  }

  /** Takes a request into the table and sends it if there is a connection; `undefined` if it was refused. */
  #add(
    request: AnyRequest,
    settle: Settle,
    finish: ((result: never) => unknown) | undefined,
  ): Pending | undefined {
    const operation = operationNamed(request.op)
    if (operation === undefined) {
      settle.reject(new TrancaError('unknownOperation', `there is no operation ${String(request.op)}`))
      return undefined
    }
    if (!isForSessions(operation)) {
      if (request.op !== 'session.close' || !this.#isClosing) {
        settle.reject(new InvalidRequestError(request.op, 'it is not an operation within a session'))
        return undefined
      }
    }
    const pending = new Pending(++this.#lastId, operation, request, settle, finish)
    try {
      if (this.#bound === undefined) checkEncodable(request)
      else this.#send(this.#bound, pending)
    } catch (error) {
      pending.reject(error as Error)
      return undefined
    }
    this.#outstanding.set(pending.id, pending)
    return pending
  }

  #send(link: Link, pending: Pending): void {
    const acks = this.#acks
    pending.sentMs = link.send(pending.id, acks, pending.request)
    if (acks.length > 0) this.#acks = []
    this.#cluster.touch(pending.sentMs)
  }

  readonly #describe = (): string => (this.#bound === undefined ? this.#cluster.describe() : '')

  readonly #onGiveUp = (pending: Pending, error: Error): void => this.#giveUp(pending, error)

  /** The caller goes away. What was sent stays in the table, so that a grant that crosses can be given back. */
  #giveUp(pending: Pending, error: Error): void {
    if (pending.abandoned) return
    pending.abandoned = true
    pending.reject(error)
    if (pending.sentMs < 0) {
      this.#outstanding.delete(pending.id)
      return
    }
    if (pending.operation.kind !== 'command') this.#outstanding.delete(pending.id)
    else if (mayWait(pending.request)) {
      this.#add({ op: 'request.cancel', request: pending.id }, unheard, undefined)
    }
  }

  #bind(link: Link): void {
    const opening = this.#session === 0
    const { namespace, client, installation, ttlMs, lockDelayMs, codesMax } = this.#settings
    const key = this.#key
    const request: AnyRequest = opening
      ? { op: 'session.open', key, namespace, client, installation, ttlMs, lockDelayMs, codesMax }
      : { op: 'session.resume', session: this.#session, key, outstanding: this.#outstandingIds() }
    const id = link.nextId()
    const sentMs = link.send(id, [], request)
    // The cluster drops every answer that is not named here: older acknowledgments have become needless.
    if (!opening) this.#acks = []
    this.#binding = { id, sentMs, operation: operationNamed(request.op)! }
    this.#cluster.touch(sentMs)
  }

  #outstandingIds(): number[] {
    const ids: number[] = []
    for (const pending of this.#outstanding.values()) {
      if (pending.operation.kind === 'command' && pending.sentMs >= 0) ids.push(pending.id)
    }
    return ids
  }

  #unbind(error: Error): void {
    this.#bound = undefined
    this.#binding = undefined
    if (this.#status !== 'live') return
    this.#status = 'uncertain'
    this.#tell('uncertain', error)
  }

  #onAnswer(link: Link, answer: Answer): void {
    // What comes too late is not believed, whatever it grants.
    if (this.#deadline?.isOverAt(link.heardMs)) {
      this.#loseByDeadline()
      return
    }
    if (this.#binding !== undefined) {
      if (answer.id === this.#binding.id) this.#onBindAnswer(link, answer, this.#binding.sentMs)
      return
    }
    const pending = this.#outstanding.get(answer.id)
    if (pending === undefined || link !== this.#bound) return
    if (answer.kind === 'refused') {
      this.#onRefusal(link, pending, answer)
      return
    }
    this.#answered(pending)
    this.#deadline?.prove(pending.sentMs)
    if (answer.kind === 'unreadable') pending.reject(new BadAnswerError(pending.request.op, answer.detail))
    else if (pending.abandoned) this.#undo(pending, answer.value)
    else pending.resolve(answer.value)
  }

  /** The answer is here for good: acknowledge it with the next request. */
  #answered(pending: Pending): void {
    this.#outstanding.delete(pending.id)
    if (pending.operation.kind === 'command') this.#acks.push(pending.id)
    this.#takeovers = 0
  }

  /**
   * Asks the cluster whether it still has the session, if nothing else has been asked for long. It is a read and
   * not a ping: a leader that was deposed without knowing it answers pings, but no read; and a later leader
   * counts the time to live from when it took over.
   */
  #askForProof(): void {
    if (this.#bound === undefined || this.#isProofAsked) return
    this.#isProofAsked = true
    const done = () => {
      this.#isProofAsked = false
    }
    this.#add({ op: 'session.get', session: this.#session }, { resolve: done, reject: done }, undefined)
  }

  #undo(pending: Pending, result: unknown): void {
    if (this.#isClosing) return
    for (const undo of undoOf(pending.request, result)) this.#add(undo, unheard, undefined)
  }

  #onRefusal(link: Link, pending: Pending, answer: Refusal): void {
    switch (answer.cause) {
      case 'notLeader':
      case 'noLeader':
      case 'uncertain':
      case 'draining':
        // It stays in the table. Nothing more may be sent here: a later request must not overtake it.
        this.#cluster.depose(link, hintOf(answer.detail.leader))
        return
      case 'noSession':
        this.#cluster.renew(link, 'the node does not know the session of this connection')
        return
      case 'staleGeneration':
        this.#onTakenOver(link)
        return
      case 'sessionUnknown':
        this.#onUnknown()
        return
      case 'staleRequest':
        if (this.#maybeReissue(link, pending)) return
        break
      default:
    }
    this.#answered(pending)
    if (!Object.hasOwn(nodeCauses, answer.cause)) this.#deadline?.prove(pending.sentMs)
    pending.reject(new RefusedError(pending.request.op, answer.cause, answer.detail))
  }

  /**
   * The cluster has neither executed this request nor kept a place for it, but has executed a later one. Had it
   * been executed, its answer would be kept, because every resume named it as outstanding. So it may be asked
   * again under a new number.
   */
  #maybeReissue(link: Link, pending: Pending): boolean {
    if (pending.reissues >= this.#settings.limits.reissuesMax) return false
    this.#outstanding.delete(pending.id)
    if (pending.abandoned) return true
    pending.reissues++
    pending.id = ++this.#lastId
    this.#outstanding.set(pending.id, pending)
    this.#send(link, pending)
    return true
  }

  #onUnknown(): void {
    // Closed already, and only the answer was lost.
    if (this.#isClosing) this.#finish(new ClosedError('the session was closed'))
    else this.#lose('expired', 'the cluster has no such session any more')
  }

  #onTakenOver(link: Link): void {
    if (++this.#takeovers > this.#settings.limits.takeoversMax) {
      this.#lose('takenOver', 'another connection keeps taking this session over')
    } else this.#cluster.renew(link, 'another connection took the session over')
  }

  #onBindAnswer(link: Link, answer: Answer, sentMs: number): void {
    if (answer.kind === 'refused') {
      this.#onBindRefusal(link, answer)
      return
    }
    if (answer.kind === 'unreadable') {
      this.#cluster.renew(link, 'the answer to open or resume cannot be read')
      return
    }
    const opening = this.#session === 0
    const result = answer.value as ResultOf<'session.open'>
    this.#binding = undefined
    this.#bound = link
    this.#session = result.session
    this.#generation = result.generation
    this.#status = 'live'
    if (this.#deadline === undefined) this.#startDeadline(sentMs, result.ttlMs)
    else this.#deadline.prove(sentMs)
    for (const pending of this.#outstanding.values()) this.#send(link, pending)
    this.#cluster.settle()
    this.#openedSettle.resolve(undefined)
    this.#tell('leader', this.#cluster.leaderHint ?? { node: link.node, address: link.address })
    if (!opening) this.#tell('resumed')
  }

  #onBindRefusal(link: Link, answer: Refusal): void {
    const { cause, detail } = answer
    switch (cause) {
      case 'notLeader':
      case 'noLeader':
      case 'uncertain':
      case 'draining':
      case 'busy':
        this.#cluster.depose(link, hintOf(detail.leader))
        return
      case 'sessionUnknown':
        this.#onUnknown()
        return
      default: {
        const name = this.#session === 0 ? 'session.open' : 'session.resume'
        const error = new RefusedError(name, cause, detail)
        if (this.#session === 0) this.#finish(error)
        else this.#lose('expired', `the session could not be resumed: ${cause}`, error)
      }
    }
  }

  #startDeadline(sentMs: number, ttlMs: number): void {
    const { clock, marginMs, riskMs } = this.#settings
    this.#deadline = new Deadline(sentMs, {
      clock,
      ttlMs,
      marginMs,
      riskMs,
      onStale: () => this.#askForProof(),
      onRisk: (remainingMs) => this.#tell('atRisk', remainingMs),
      onLost: () => this.#loseByDeadline(),
    })
  }

  #onEvent(event: ServerEvent): void {
    if (event.event !== 'sessionLost' || event.session !== this.#session) return
    if (event.reason !== 'resumed') this.#onUnknown()
    else if (this.#bound !== undefined) this.#onTakenOver(this.#bound)
  }

  #lose(reason: LossReason, message: string, cause?: unknown): void {
    if (this.#end !== undefined) return
    const error = new SessionLostError(reason, message, cause)
    this.#finish(error)
    if (reason === 'deadline') {
      const session = { id: this.#session, key: this.#key }
      this.#farewell = new Farewell(this.#settings, session, this.#settings.ttlMs)
    }
    this.#tell('lost', error)
  }

  #loseByDeadline(): void {
    const { ttlMs, marginMs } = this.#settings
    this.#lose('deadline', `the cluster has not answered for ${ttlMs - marginMs} ms`)
  }

  /** Listeners run at the end of the turn: what they do or throw does not stand between two steps of ours. */
  #tell<K extends keyof SessionEvents>(event: K, ...args: SessionEvents[K]): void {
    const emit = this.emit as (event: K, ...args: SessionEvents[K]) => boolean
    this.#settings.clock.defer(() => {
      emit.call(this, event, ...args)
    })
  }

  #finish(error: Error): void {
    if (this.#end !== undefined) return
    this.#end = error
    this.#status = 'ended'
    this.#bound = undefined
    this.#binding = undefined
    this.#deadline?.stop()
    this.#cluster.close(true)
    const waiting = [...this.#outstanding.values()]
    this.#outstanding.clear()
    for (const pending of waiting) pending.reject(error)
    this.#openedSettle.reject(error)
    this.#abort.abort(error)
    if (error instanceof ClosedError) this.#tell('closed')
  }
}

type Refusal = Extract<Answer, { kind: 'refused' }>

/** These make or end sessions and connections, or belong to one connection: other calls stand for them. */
/** Of what the leader does about the cluster, a session may ask only what changes nothing. */
function isForSessions({ kind, name }: AnyOperation): boolean {
  return kind === 'admin' ? name === 'license.borrowToken' : !notForSessions.has(name)
}

const notForSessions: ReadonlySet<string> = new Set([
  'hello',
  'session.open',
  'session.resume',
  'session.close',
  'watch.start',
  'watch.stop',
])
