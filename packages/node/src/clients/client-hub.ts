import type { LedgerEvent, Read, Refusal, Result } from '@tranca/ledger'
import {
  type AdminRequest,
  agreeVersion,
  type CommandRequest,
  encodeRefused,
  features,
  type LocalRequest,
  type OperationName,
  type ReadRequest,
  type RequestOf,
  versions,
  Writer,
  limits as wireLimits,
} from '@tranca/protocol'
import type { Logger } from 'pino'
import type { Clock } from '../environment/clock.ts'
import type { Listener, Stream, Transport } from '../environment/transport.ts'
import { limits } from '../limits.ts'
import type { ClientProposal, Replica } from '../replica/replica.ts'
import type { Access } from '../security/access.ts'
import { Connection, type ConnectionHost } from './connection.ts'
import type { WatchHub } from './watch-hub.ts'

/** For those that never become a connection. */
const refusals = new Writer()

/** Where clients find the leader, as far as this node knows. */
export interface LeaderHint {
  readonly node: number
  readonly address: string
  readonly name: string
}

/** What the hub asks of the node around it. */
export interface ClientServices {
  identity(): {
    cluster: string
    node: number
    name: string
    role: string
    software: string
    draining: boolean
  }
  leader(): LeaderHint | undefined
  /** Where the members serve clients. */
  memberAddresses(): readonly string[]
  status(): object
  health(): object
  /** Answers later; a thrown error is a bug. */
  admin(request: AdminRequest): Promise<Result>
  /** Session life as the leader's memory needs it. */
  sessionHeard(session: number): void
  sessionOpened(one: { session: number; generation: number; ttlMs: number }): void
  readsServed(count: number): void
  licenseDenied(cause: string): void
  helloDenied(): void
}

/**
 * All client connections of a node: who speaks for which session, where answers go,
 * and what a node says that does not lead.
 */
export class ClientHub implements ConnectionHost {
  readonly #replica: () => Replica | undefined
  readonly #services: ClientServices
  readonly #watches: WatchHub<LedgerEvent>
  readonly #clock: Clock
  readonly #transport: Transport
  readonly #access: Access
  readonly #logger: Logger
  readonly #connections = new Set<Connection>()
  readonly #bySession = new Map<number, Connection>()
  #unsent: Connection[] = []
  #flushScheduled = false
  /** The members' addresses as told last. */
  #membersTold = ''
  #paused = false
  /** Connections that wait for the answer to a hello that was denied. */
  #deniedCount = 0
  #listener: Listener | undefined

  constructor(options: {
    /** Undefined as long as the node takes no part. */
    replica: () => Replica | undefined
    services: ClientServices
    watches: WatchHub<LedgerEvent>
    clock: Clock
    transport: Transport
    access: Access
    logger: Logger
  }) {
    this.#replica = options.replica
    this.#services = options.services
    this.#watches = options.watches
    this.#clock = options.clock
    this.#transport = options.transport
    this.#access = options.access
    this.#logger = options.logger
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  async listen(address: string): Promise<number> {
    this.#listener = await this.#transport.listen(address, (stream) => this.#accept(stream))
    return this.#listener.port
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.close()
    await this.#listener?.close()
  }

  /** A waiting command has been granted, refused or ended by the ledger. */
  answerWaiting(session: number, id: number, result: Result): void {
    this.#bySession.get(session)?.answerWaiting(id, result)
  }

  /** Sessions that the ledger has ended lose their connection's voice. */
  ledgerEvent(event: LedgerEvent): void {
    if (event.kind === 'session.expired' || event.kind === 'session.closed') {
      const connection = this.#bySession.get(event.session)
      if (!connection) return
      this.#unbind(connection)
      const reason = event.kind === 'session.expired' ? 'expired' : 'closed'
      connection.event({ event: 'sessionLost', session: event.session, reason })
    }
  }

  leaderChanged(): void {
    for (const connection of this.#connections) if (connection.principal) this.#tellLeader(connection)
  }

  /** To be called when the members may be others than before: those who know only the old ones would be lost with them. */
  membersChanged(): void {
    const members = [...this.#services.memberAddresses()]
    const told = members.join()
    if (told === this.#membersTold) return
    this.#membersTold = told
    for (const connection of this.#connections) {
      if (connection.principal) connection.event({ event: 'members', members })
    }
  }

  /**
   * This node serves no more: what is on its way has an unknown outcome, which only a resume at the
   * next leader can tell. So connections with a session end, and those without one stay.
   */
  stopServing(): void {
    for (const connection of [...this.#bySession.values()]) connection.close()
  }

  /** End of a turn: sends what has gathered, and lets clients speak again if there is room. */
  flush(): void {
    this.#send()
    if (this.#paused && !this.#replica()?.isFull) {
      this.#paused = false
      for (const connection of this.#connections) connection.stream.resume()
    }
  }

  #send(): void {
    const unsent = this.#unsent
    this.#unsent = []
    for (const connection of unsent) connection.flush()
  }

  // ConnectionHost

  heard(connection: Connection): void {
    if (connection.session !== 0) this.#services.sessionHeard(connection.session)
  }

  wantsFlush(connection: Connection): void {
    this.#unsent.push(connection)
    if (this.#unsent.length >= limits.unsentConnectionsMax) this.#send()
    if (this.#flushScheduled || this.#replica()?.isInTurn) return
    this.#flushScheduled = true
    this.#clock.endOfTurn(() => {
      this.#flushScheduled = false
      this.flush()
    })
  }

  command(connection: Connection, proposal: ClientProposal): void {
    const replica = this.#replica()
    if (replica?.leadership.role !== 'leader') return this.#notLeader(connection, proposal.id)
    replica.propose(proposal)
    if (replica.isFull && !this.#paused) {
      this.#paused = true
      for (const each of this.#connections) each.stream.pause()
    }
  }

  read(connection: Connection, id: number, request: ReadRequest): void {
    const replica = this.#replica()
    if (replica?.leadership.role !== 'leader') return this.#notLeader(connection, id)
    replica.read((current) => {
      if (connection.isClosed) return
      if (!current) return this.#notLeader(connection, id)
      connection.answer(request.op, id, replica.ledger.query(request as Read, connection))
      this.#services.readsServed(1)
    })
  }

  admin(connection: Connection, id: number, request: AdminRequest): void {
    connection.adminPending++
    const done = () => {
      connection.adminPending--
      if (connection.leaderNewsHeld && connection.adminPending === 0) this.#tellLeader(connection)
    }
    this.#services.admin(request).then(
      (result) => {
        connection.answer(request.op, id, result)
        done()
      },
      (error: unknown) => {
        this.#logger.error({ err: error, op: request.op }, 'administrator request failed')
        connection.refuse(id, 'uncertain')
        done()
      },
    )
  }

  local(connection: Connection, id: number, request: LocalRequest): void {
    switch (request.op) {
      case 'hello':
        return this.#hello(connection, id, request)
      case 'status':
        return connection.answer('status', id, { ok: true, value: { status: this.#services.status() } })
      case 'health':
        return connection.answer('health', id, { ok: true, value: { health: this.#services.health() } })
      case 'watch.start':
        return this.#startWatch(connection, id, request)
      case 'watch.stop':
        return this.#stopWatch(connection, id, request)
    }
  }

  applied(connection: Connection, operation: CommandRequest, result: Result): void {
    if (!result.ok) return
    if (operation.op === 'session.open' || operation.op === 'session.resume') {
      const value = result.value as { session: number; generation: number; ttlMs: number }
      this.#services.sessionOpened(value)
      if (!connection.isClosed) this.#bind(connection, value)
      connection.namespace = this.#namespaceOf(value.session)
    }
  }

  refused(operation: OperationName, { cause, detail }: Refusal): void {
    const isLicense = operation === 'license.checkout' || operation === 'license.pool'
    // A bundle may fail for other parts; only licenses say what was tried.
    if (isLicense || (operation === 'bundle' && 'tried' in detail)) this.#services.licenseDenied(cause)
  }

  closed(connection: Connection): void {
    this.#connections.delete(connection)
    if (this.#bySession.get(connection.session) === connection) this.#bySession.delete(connection.session)
  }

  #bind(connection: Connection, one: { session: number; generation: number }): void {
    const before = this.#bySession.get(one.session)
    if (before && before !== connection) {
      before.event({ event: 'sessionLost', session: one.session, reason: 'resumed' })
      before.close()
    }
    if (connection.session !== 0 && connection.session !== one.session) this.#unbind(connection)
    connection.session = one.session
    connection.generation = one.generation
    this.#bySession.set(one.session, connection)
  }

  #unbind(connection: Connection): void {
    if (this.#bySession.get(connection.session) === connection) this.#bySession.delete(connection.session)
    connection.session = 0
    connection.generation = 0
  }

  /** A client leaves when it hears of another leader: not before it has the answer that it waits for. */
  #tellLeader(connection: Connection): void {
    connection.leaderNewsHeld = connection.adminPending > 0
    if (!connection.leaderNewsHeld) connection.event({ event: 'leader', ...this.#services.leader() })
  }

  #namespaceOf(session: number): string {
    const view = this.#replica()?.ledger.query({ op: 'session.get', session })
    return view?.ok ? (view.value as { namespace: string }).namespace : ''
  }

  #notLeader(connection: Connection, id: number): void {
    const leader = this.#services.leader()
    if (leader) connection.refuse(id, 'notLeader', { leader })
    else connection.refuse(id, 'noLeader')
  }

  #accept(stream: Stream): void {
    if (this.#connections.size >= limits.connectionsMax) {
      this.#logger.warn({ remote: stream.remote, max: limits.connectionsMax }, 'too many connections')
      encodeRefused(refusals, 0, 'busy', { field: 'connections', max: limits.connectionsMax })
      stream.write(refusals.take())
      return stream.close()
    }
    const connection = new Connection(stream, this)
    this.#connections.add(connection)
    if (this.#paused) stream.pause()
    connection.cancelDeadline = this.#clock.after(limits.helloTimeoutMs, () => {
      if (!connection.principal) connection.close()
    })
  }

  #hello(connection: Connection, id: number, { hi }: RequestOf<'hello'>): void {
    if (connection.principal !== undefined) {
      const detail = { field: 'op', value: 'hello', expected: 'one hello in a connection' }
      return connection.refuse(id, 'malformed', detail)
    }
    const version = agreeVersion(hi)
    if (version === undefined) {
      connection.refuse(id, 'unsupportedVersion', versions)
      return connection.close()
    }
    const principal = this.#access.principalOf(connection.stream.identity, hi.auth)
    if (principal === undefined) return this.#deny(connection, id, hi.client)
    connection.principal = principal
    connection.cancelDeadline?.()
    const leader = this.#services.leader()
    const welcome = {
      version,
      features: [...features],
      ...this.#services.identity(),
      ...(leader && { leader }),
      members: [...this.#services.memberAddresses()],
      limits: {
        frameSizeMax: wireLimits.frameSizeMax,
        nameSizeMax: wireLimits.nameSizeMax,
        ttlMinMs: wireLimits.ttlMinMs,
        ttlMaxMs: wireLimits.ttlMaxMs,
        outstandingMax: wireLimits.outstandingMax,
      },
      serverTimeMs: this.#clock.wallMs(),
    }
    connection.answer('hello', id, { ok: true, value: { welcome } })
  }

  /** Late, and few at a time: whoever tries tokens gets no further by trying fast. */
  #deny(connection: Connection, id: number, client: string): void {
    connection.denied = true
    this.#services.helloDenied()
    if (this.#deniedCount >= limits.helloDeniedMax) return connection.close()
    this.#logger.warn({ remote: connection.stream.remote, client }, 'hello without good credentials')
    this.#deniedCount++
    this.#clock.after(limits.helloDeniedMs, () => {
      this.#deniedCount--
      connection.refuse(id, 'denied', { expected: 'a certificate or a token that this cluster knows' })
      connection.close()
    })
  }

  #startWatch(connection: Connection, id: number, request: RequestOf<'watch.start'>): void {
    if (connection.watches.size >= limits.watchesPerConnectionMax) {
      return connection.refuse(id, 'busy', { max: limits.watchesPerConnectionMax })
    }
    const watch = ++connection.watchCount
    const { fromRevision } = request
    const afterRevision = fromRevision === undefined ? undefined : fromRevision - 1
    // The answer goes first, so that the client knows the number that the events carry.
    const held: LedgerEvent[] = []
    let answered = false
    const deliver = (event: LedgerEvent) => {
      if (!answered) held.push(event)
      else connection.event({ event: 'watch', watch, change: event })
    }
    const started = this.#watches.start(request, afterRevision, deliver)
    if (!started.ok) return connection.refuse(id, 'compacted', { oldest: started.oldest })
    connection.watches.set(watch, started.stop)
    const revision = afterRevision ?? this.#watches.latest
    connection.answer('watch.start', id, { ok: true, value: { watch, revision } })
    answered = true
    for (const event of held) deliver(event)
  }

  #stopWatch(connection: Connection, id: number, request: RequestOf<'watch.stop'>): void {
    const stop = connection.watches.get(request.watch)
    if (!stop) return connection.refuse(id, 'unknownWatch', { watch: request.watch })
    stop()
    connection.watches.delete(request.watch)
    connection.answer('watch.stop', id, { ok: true, value: {} })
  }
}
