import { createHash } from 'node:crypto'
import { Ledger, type LedgerEvent, type Sink } from '@tranca/ledger'
import type { ConfState } from '@tranca/raft-ts'
import type { NodeStorage } from '@tranca/storage'
import type { Logger } from 'pino'
import { type AdminServer, startAdminServer } from './admin/http.ts'
import { LicenseMetrics } from './admin/license-metrics.ts'
import { Metrics } from './admin/metrics.ts'
import { adminPages } from './admin/pages.ts'
import { ClientHub, type LeaderHint } from './clients/client-hub.ts'
import { WatchHub } from './clients/watch-hub.ts'
import { listenAddresses } from './config/load.ts'
import type { Config } from './config/schema.ts'
import { standInTurn, ticksBeforeStanding } from './duties/failover.ts'
import { LeaderDuties } from './duties/leader-duties.ts'
import { LicenseDuties } from './duties/license-duties.ts'
import { SessionKeeper } from './duties/session-keeper.ts'
import { Ticker } from './duties/ticker.ts'
import { systemClock } from './environment/clock.ts'
import { type Environment, randomHex } from './environment/environment.ts'
import { NodeError } from './errors.ts'
import type { BorrowKey } from './licenses/borrow-key.ts'
import type { Vendor } from './licenses/vendor-key.ts'
import { AddressBook } from './members/address-book.ts'
import { commandOf, promotedStart } from './members/changes.ts'
import { ClusterAdmin } from './members/cluster-admin.ts'
import { DrainedLeader } from './members/drained-leader.ts'
import { type Electorate, storedElectorates } from './members/electorate.ts'
import { foundingRows } from './members/founding.ts'
import { MemberDuties } from './members/member-duties.ts'
import { PeerMemory } from './members/memory.ts'
import type { Verdict } from './members/roll-call.ts'
import { OwnStanding } from './members/standing.ts'
import { storedMarks } from './members/stored-marks.ts'
import { FrameKind } from './peers/frames.ts'
import { type Hello, PEER_VERSION } from './peers/greeting.ts'
import { PeerHub } from './peers/peer-hub.ts'
import { RaftTraffic } from './peers/raft-traffic.ts'
import { receiveSnapshot, SnapshotSender } from './peers/snapshot-transfer.ts'
import { Checkpointer } from './replica/checkpointer.ts'
import { newCore } from './replica/core.ts'
import { Digests, type DigestVerdict, decodeDigest, encodeDigest } from './replica/digests.ts'
import { type Leadership, Replica } from './replica/replica.ts'
import { Storing } from './replica/storing.ts'
import { ticksOf } from './replica/ticks.ts'
import { healthReport, type ReportSources, roleOf, statusReport } from './report.ts'
import type { Security } from './security/security.ts'
import { VERSION } from './version.ts'

/** One running member: puts the rooms together, and holds no rule of its own. */
export class Node {
  /** Resolves when the node has stopped: with the error that stopped it, or undefined after `close`. */
  readonly whenStopped: Promise<Error | undefined>
  readonly #config: Config
  readonly #name: string
  readonly #environment: Environment
  readonly #logger: Logger
  readonly #storage: NodeStorage
  readonly #vendor: Vendor | undefined
  readonly #security: Security
  readonly #startedMs: number
  readonly #run: string
  readonly #founders: string
  readonly #members: AddressBook
  readonly #memory = new PeerMemory()
  readonly #digests = new Digests()
  readonly #keeper: SessionKeeper
  readonly #watches: WatchHub<LedgerEvent>
  readonly #peers: PeerHub
  readonly #clients: ClientHub
  readonly #admin: ClusterAdmin
  readonly #memberDuties: MemberDuties
  readonly #drainedLeader: DrainedLeader
  readonly #standing: OwnStanding
  /** The last one that the disk knew when this node started. */
  readonly #storedElectorate: Electorate | undefined
  readonly #storing: Storing
  readonly #traffic: RaftTraffic
  readonly #snapshots: SnapshotSender
  readonly #metrics: Metrics
  readonly #licenseMetrics: LicenseMetrics
  readonly #sink: Sink
  #ledger: Ledger
  #replica: Replica | undefined
  #duties: LeaderDuties | undefined
  #licenseDuties: LicenseDuties | undefined
  #adminServer: AdminServer | undefined
  #clientPort = 0
  #ticker: Ticker | undefined
  #commitLatencyMs: number | undefined
  #status: 'opening' | 'open' | 'closing' | 'closed' = 'opening'
  #resolveStopped: (error: Error | undefined) => void = () => {}

  constructor(options: {
    config: Config
    name: string
    environment: Environment
    logger: Logger
    storage: NodeStorage
    vendor: Vendor | undefined
    borrowKey: BorrowKey | undefined
    security: Security
  }) {
    const { config, environment, logger, storage, security } = options
    const { clock } = environment
    this.whenStopped = new Promise((resolve) => {
      this.#resolveStopped = resolve
    })
    this.#config = config
    this.#name = options.name
    this.#environment = environment
    this.#run = randomHex(environment, 8)
    this.#logger = logger
    this.#storage = storage
    this.#vendor = options.vendor
    this.#security = security
    this.#startedMs = clock.nowMs()
    this.#founders = createHash('sha256').update(JSON.stringify(config.members)).digest('hex').slice(0, 16)
    this.#sink = {
      answer: (session, id, result) => {
        environment.probe?.answered(session, id, result)
        this.#clients.answerWaiting(session, id, result)
      },
      event: (event) => this.#onEvent(event),
    }
    this.#ledger = Ledger.restore(storage.rows, { sink: this.#sink })
    storage.releaseRows()
    this.#members = new AddressBook(config.members, () => this.#ledger.members())
    this.#keeper = new SessionKeeper(clock)
    this.#watches = new WatchHub(this.#ledger.revision)
    const replica = () => this.#replica!
    const members = () => this.#members.all()
    this.#peers = new PeerHub({
      self: config.id,
      transport: security.peerTransport,
      clock,
      logger,
      prove: (identity, id) => {
        if (security.isMutual) security.access.proveMember(identity, id)
      },
      handlers: {
        hello: () => this.#hello(),
        onHello: (hello) => {
          this.#memberDuties.onHello(hello)
          // It belongs to a cluster by now: an empty node asks again whether it founded it as well.
          if (this.#standing.standing === 'new' && hello.standing !== 'new') this.#peers.greetAgain()
          return this.#memory.greeted(hello)
        },
        onWelcome: (welcome) => this.#standing.onWelcome(welcome),
        onRaft: (from, bytes) => this.#traffic.receive(from, bytes),
        onDigest: (from, bytes) => this.#compared(this.#digests.other(from, ...decodeDigest(bytes))),
        onSnapshotStream: (from, stream) =>
          receiveSnapshot({
            from,
            stream,
            storage,
            clock,
            logger,
            judge: (index) => this.#traffic.judgeSnapshot(index),
            onReceived: (snapshot) => this.#status === 'open' && this.#traffic.receiveSnapshot(snapshot),
            failed: (error) => this.#fail(error),
          }),
        onGone: (id) => this.#onGone(id),
      },
    })
    this.#clients = new ClientHub({
      replica: () => this.#replica,
      watches: this.#watches,
      clock,
      transport: security.clientTransport,
      access: security.access,
      logger,
      services: {
        identity: () => ({
          cluster: config.cluster,
          node: config.id,
          name: this.#name,
          role: roleOf(this.#sources()),
          software: VERSION,
          // A drained member that leads serves: nobody else could.
          draining: this.#members.isDrained(config.id) && !this.#replica?.isServing,
        }),
        leader: () => this.#leaderHint(),
        memberAddresses: () => this.#members.clientAddresses(),
        status: () => statusReport(this.#sources()),
        health: () => healthReport(this.#sources()),
        admin: (request) => this.#admin.handle(request),
        sessionHeard: (session) => this.#keeper.heard(session),
        sessionOpened: (one) => this.#keeper.opened(one),
        readsServed: (count) => this.#metrics.reads.inc(count),
        licenseDenied: (cause) => this.#licenseMetrics.denied(cause),
        helloDenied: () => this.#metrics.hellosDenied.inc(),
      },
    })
    this.#admin = new ClusterAdmin({
      replica: () => this.#replica,
      members,
      clock,
      timeoutMs: 10 * config.timing.electionMs,
      startOf: (id) => this.#memberDuties.startOf(id),
      isConnected: (id) => this.#peers.isConnected(id),
      vendor: options.vendor,
      borrowKey: options.borrowKey,
    })
    this.#drainedLeader = new DrainedLeader({
      replica: () => this.#replica,
      isDrained: () => this.#members.isDrained(config.id),
      admin: this.#admin,
    })
    this.#memberDuties = new MemberDuties({ self: config.id, replica, memory: this.#memory, members, logger })
    this.#storing = new Storing(storage, {
      restore: (rows) => Ledger.restore(rows, { sink: this.#sink }),
      installed: (ledger, meta) => this.#installed(ledger, meta),
      digest: (index, digest) => {
        for (const { id } of this.#members.all())
          if (id !== config.id) this.#peers.send(id, FrameKind.digest, [[encodeDigest(index, digest)]])
        this.#compared(this.#digests.own(index, digest))
      },
      checkpointWritten: () => this.#metrics.checkpoints.inc(),
      failed: (error) => this.#fail(error),
    })
    this.#snapshots = new SnapshotSender({
      hub: this.#peers,
      storage,
      logger,
      done: (to, delivered) => {
        if (delivered) this.#metrics.snapshotsSent.inc()
        this.#replica?.raft.reportSnapshot(to, delivered)
        this.#replica?.schedule()
      },
    })
    this.#traffic = new RaftTraffic({
      self: config.id,
      hub: this.#peers,
      storing: this.#storing,
      snapshots: this.#snapshots,
      replica: () => this.#replica,
      mayVote: () => this.#standing.mayVote,
      failed: (error) => this.#fail(error),
    })
    const isFresh = storage.meta.index === 0
    const electorates = isFresh
      ? [{ index: 0, voters: config.members.map((member) => member.id) }]
      : storedElectorates(storage.log, { index: storage.meta.index, voters: storage.meta.confState.voters })
    this.#storedElectorate = isFresh ? undefined : electorates[0]
    if (!isFresh) this.#digests.own(storage.meta.index, storage.meta.digest)
    this.#standing = new OwnStanding({
      self: config.id,
      own: {
        standing: storage.rejoining ? 'joining' : isFresh ? 'new' : 'member',
        starts: storage.starts,
        run: this.#run,
        lastIndex: storage.log.lastIndex(),
      },
      electorates,
      clock,
      graceMs: 2 * config.timing.heartbeatMs,
      decide: (verdict) => {
        this.#takePart(verdict).catch((error: unknown) => this.#fail(error as Error))
      },
    })
    this.#metrics = new Metrics(
      {
        term: () => this.#replica?.leadership.term ?? 0,
        isLeader: () => this.#replica?.isServing ?? false,
        commitIndex: () => this.#replica?.raft.commit ?? 0,
        appliedIndex: () => this.#replica?.applied ?? 0,
        lastIndex: () => storage.log.lastIndex(),
        sessions: () => this.#ledger.counts().sessions,
        connections: () => this.#clients.connectionCount,
        logSize: () => storage.log.sizes.diskBytes,
        watches: () => this.#watches.watchCount,
        ledgerRevision: () => this.#ledger.revision,
        stages: () => this.#replica?.stages,
      },
      { processMetrics: environment.clock === systemClock, certificateEnds: security.certificateEnds },
    )
    this.#licenseMetrics = new LicenseMetrics(this.#metrics.registry, () => this.#ledger)
    for (const member of this.#ledger.members()) this.#memory.remember(member.id, member)
    for (const mark of storedMarks(storage.log)) this.#memory.remember(mark.id, mark)
  }

  /** Where this node listens; ports are real ones even if the configuration said 0. */
  get addresses(): { client: string; admin?: string } {
    const listen = listenAddresses(this.#config)
    return {
      client: listen.client.replace(/\d+$/, String(this.#clientPort)),
      ...(listen.admin &&
        this.#adminServer && {
          admin: listen.admin.replace(/\d+$/, String(this.#adminServer.port)),
        }),
    }
  }

  async start(): Promise<void> {
    const listen = listenAddresses(this.#config)
    try {
      await this.#peers.listen(listen.peer)
      this.#clientPort = await this.#clients.listen(listen.client)
      if (listen.admin) {
        this.#adminServer = await startAdminServer(
          listen.admin,
          adminPages({
            health: () => healthReport(this.#sources()),
            status: () => statusReport(this.#sources()),
            metrics: () => this.#metrics.registry.metrics(),
          }),
          this.#security,
        )
      }
    } catch (cause) {
      throw new NodeError('LISTEN_FAILED', `cannot listen: ${(cause as Error).message}`, { cause })
    }
    this.#status = 'open'
    this.#logger.info(
      { ...listen, starts: this.#storage.starts, index: this.#storage.log.lastIndex() },
      'node starts',
    )
    this.#standing.begin()
    this.#followAddressBook()
    this.#startTicking()
  }

  /** Stops in order: a leader hands over first. */
  async close(): Promise<void> {
    if (this.#status === 'closing' || this.#status === 'closed') {
      await this.whenStopped
      return
    }
    this.#status = 'closing'
    if (this.#replica?.isServing) await this.#admin.handOver()
    await this.#stop(undefined)
  }

  async #stop(error: Error | undefined): Promise<void> {
    this.#status = 'closing'
    this.#ticker?.stop()
    this.#licenseDuties?.stop()
    this.#replica?.stop()
    await this.#clients.close()
    await this.#peers.close()
    await this.#adminServer?.close()
    if (error === undefined) {
      await this.#storing
        .settle()
        .catch((cause: unknown) => this.#logger.warn({ err: cause }, 'the last commit index is not written'))
    }
    await this.#storage.close()
    this.#status = 'closed'
    this.#logger.info('node stopped')
    this.#resolveStopped(error)
  }

  #fail(error: Error): void {
    if (this.#status === 'closing' || this.#status === 'closed') return
    this.#logger.fatal({ err: error }, 'the node must stop')
    this.#stop(error).catch((cause: unknown) => this.#resolveStopped(cause as Error))
  }

  /** It is clear how this node takes part: the core may run. */
  async #takePart(verdict: Exclude<Verdict, { kind: 'wait' }>): Promise<void> {
    const storage = this.#storage
    if (verdict.kind === 'join') {
      this.#logger.warn({ reason: verdict.reason }, 'takes part without a vote until it has caught up')
      await storage.setRejoining(true, { startsAtLeast: this.#standing.starts })
    } else if (verdict.kind === 'found') {
      // At once: whoever greets from now on is told that it belongs to the founders.
      this.#memory.founded(verdict.runs)
      this.#logger.info(
        { members: this.#config.members.map((member) => member.name) },
        'founds a new cluster',
      )
      const { ledger, changes, meta } = foundingRows(this.#config.members, this.#sink)
      await storage.found(changes, meta)
      this.#ledger = ledger
      this.#watches.reset(ledger.revision)
    }
    if (this.#status !== 'open') return
    this.#startReplica(storage.meta.index, storage.meta.confState)
    this.#peers.greetAgain()
  }

  #startReplica(applied: number, confState: ConfState): void {
    const { clock, random } = this.#environment
    const { timing, checkpoint } = this.#config
    const raft = newCore({
      config: this.#config,
      storage: this.#storage.log,
      applied,
      random: (ticks) => {
        const { voters } = this.#replica?.confState ?? confState
        return ticksBeforeStanding({ self: this.#config.id, voters, ticks, random })
      },
      mayCampaign: () => this.#standing.mayVote && !this.#members.isDrained(this.#config.id),
    })
    const replica = new Replica({
      raft,
      ledger: this.#ledger,
      clock,
      probe: this.#environment.probe,
      applied,
      confState,
      checkpointer: new Checkpointer({
        ports: this.#storing,
        every: checkpoint,
        ledger: () => this.#replica!.ledger,
      }),
      ports: {
        send: (to, messages) => this.#traffic.send(to, messages),
        leadershipChanged: (now, before) => this.#leadershipChanged(now, before),
        serving: () => this.#serving(),
        turnEnded: () => {
          this.#clients.flush()
          this.#admin.poke()
        },
        membersChanged: (change, now) => {
          const command = commandOf(change)
          if (command?.op === 'member.remove') this.#memberDuties.forget(command.id)
          if (now.voters.includes(this.#config.id)) this.#onVoter(promotedStart(change, this.#config.id))
          this.#followAddressBook()
        },
        internalApplied: (command, result) => {
          this.#admin.internalApplied(command, result)
          if (command.op === 'member.set' || command.op === 'member.remove') this.#followAddressBook()
          if (command.op === 'license.validated') this.#licenseDuties?.validated()
          if (command.op === 'member.seen')
            for (const mark of command.marks) this.#memory.remember(mark.id, mark)
        },
        store: (request) => this.#storing.store(request),
        failed: (error) => this.#fail(error),
        entriesApplied: (entries, commands) => {
          this.#metrics.entries.inc(entries)
          this.#metrics.commands.inc(commands)
        },
        committed: (latencyMs) => {
          this.#metrics.commitSeconds.observe(latencyMs / 1000)
          this.#commitLatencyMs = (this.#commitLatencyMs ?? latencyMs) * 0.9 + latencyMs * 0.1
        },
      },
    })
    this.#replica = replica
    this.#environment.probe?.started(replica)
    this.#duties = new LeaderDuties({
      replica,
      keeper: this.#keeper,
      clock,
      logger: this.#logger,
      tickMs: timing.heartbeatMs,
    })
    this.#licenseDuties = new LicenseDuties({
      config: this.#config,
      environment: this.#environment,
      replica,
      ledger: () => this.#ledger,
      vendor: this.#vendor,
      logger: this.#logger,
      validationEnded: (result) => this.#licenseMetrics.validationEnded(result),
    })
    replica.schedule()
    // A leader that is there is heard of meanwhile; a cluster of one has nobody to wait for.
    const isAlone = confState.voters.length === 1
    clock.after(isAlone ? 0 : 2 * timing.heartbeatMs, () => this.#standInTurn(0))
  }

  #startTicking(): void {
    const { tickMs, heartbeatTick } = ticksOf(this.#config.timing)
    let ticks = 0
    this.#ticker = new Ticker(this.#environment.clock, tickMs, () => {
      if (!this.#replica) return
      this.#replica.tick()
      if (++ticks % heartbeatTick !== 0) return
      this.#duties?.tick()
      this.#licenseDuties?.tick()
      this.#memberDuties.tick()
      this.#drainedLeader.tick()
    })
  }

  #installed(ledger: Ledger, meta: { index: number; confState: ConfState }): void {
    this.#logger.info({ index: meta.index }, 'snapshot installed')
    this.#metrics.snapshotsReceived.inc()
    this.#ledger = ledger
    this.#watches.reset(ledger.revision)
    this.#replica?.installed(ledger, meta.index, meta.confState)
    this.#environment.probe?.installed(meta.index, ledger)
    for (const member of ledger.members()) this.#memory.remember(member.id, member)
    if (meta.confState.voters.includes(this.#config.id)) this.#onVoter(undefined)
    this.#followAddressBook()
  }

  /** The configuration counts this node as a voter; `starts` says which start of it was promoted. */
  #onVoter(starts: number | undefined): void {
    if (this.#standing.standing !== 'joining') return
    if (this.#standing.promoted(starts)) {
      this.#logger.info('has caught up: votes again')
      // The count that it goes by may be one that only the others remembered.
      this.#storage
        .setRejoining(false, { startsAtLeast: this.#standing.starts })
        .then(() => this.#environment.probe?.votesAgain())
        .catch((error: unknown) => this.#fail(error as Error))
    }
    // Either the others learn that it votes again, or that it still must not.
    this.#peers.greetAgain()
  }

  #onGone(id: number): void {
    this.#snapshots.gone(id)
    const replica = this.#replica
    if (!replica) return
    if (replica.leadership.role === 'leader') return replica.raft.reportUnreachable(id)
    if (replica.leadership.leader !== id) return
    this.#logger.info({ leader: id, term: replica.leadership.term }, 'leader is gone')
    replica.forgetLeader()
    this.#standInTurn(id)
  }

  /** Nobody leads as far as this node knows: the electable members stand one after the other. */
  #standInTurn(except: number): void {
    const electable = this.#replica!.confState.voters.filter(
      (id) => id !== except && !this.#members.isDrained(id),
    )
    standInTurn({ replica: this.#replica!, clock: this.#environment.clock, electable })
  }

  #leadershipChanged(now: Leadership, before: Leadership): void {
    this.#environment.probe?.leadership(now)
    this.#storage.log.mayBlock = now.role === 'follower'
    if (now.leader !== before.leader || now.role !== before.role) {
      this.#logger.info({ term: now.term, role: now.role, leader: now.leader }, 'leadership')
    }
    if (before.role === 'leader' && now.role !== 'leader') {
      this.#keeper.stop()
      this.#clients.stopServing()
    }
    if (now.leader !== before.leader) {
      this.#metrics.elections.inc()
      this.#clients.leaderChanged()
    }
    this.#admin.poke()
  }

  #serving(): void {
    this.#environment.probe?.serving()
    this.#logger.info({ term: this.#replica?.leadership.term, index: this.#replica?.applied }, 'serves')
    this.#keeper.start(this.#ledger.liveSessions())
    this.#clients.leaderChanged()
  }

  #onEvent(event: LedgerEvent): void {
    this.#environment.probe?.event(event)
    if (event.kind === 'session.expired' || event.kind === 'session.closed') {
      this.#keeper.closed(event.session)
      if (event.kind === 'session.expired' && this.#replica?.isServing) this.#metrics.sessionsExpired.inc()
    }
    if (event.kind === 'license.validity') {
      const { value: state, reason } = event
      this.#logger[state === 'valid' ? 'info' : 'warn']({ state, reason }, 'license validity')
    } else if (event.kind === 'license.key')
      this.#logger.info({ serial: event.value }, 'license key installed')
    else if (event.kind === 'license.rules')
      this.#logger.info({ version: event.value }, 'license rules replaced')
    this.#clients.ledgerEvent(event)
    this.#watches.publish(event)
  }

  #compared(verdict: DigestVerdict): void {
    if (verdict.kind === 'agree') return
    if (verdict.kind === 'disagree') {
      this.#logger.error(verdict, 'ledgers differ between members')
      return
    }
    const { index, digest, theirs } = verdict
    this.#fail(
      new NodeError(
        'LEDGERS_DIFFER',
        `at index ${index} this node's ledger has digest ${digest}, the majority has ${theirs}: repair this node`,
      ),
    )
  }

  #hello(): Hello {
    const listen = listenAddresses(this.#config)
    const self = this.#config.members.find((member) => member.id === this.#config.id)
    return {
      version: PEER_VERSION,
      cluster: this.#config.cluster,
      id: this.#config.id,
      name: this.#name,
      peer: self?.peer ?? listen.peer,
      client: self?.client ?? listen.client,
      standing: this.#standing.standing,
      starts: this.#standing.starts,
      run: this.#run,
      lastIndex: this.#storage.log.lastDurableIndex,
      founders: this.#founders,
      electorate: this.#replica
        ? { index: this.#replica.applied, voters: this.#replica.confState.voters }
        : this.#storedElectorate,
    }
  }

  #followAddressBook(): void {
    this.#peers.setPeers(new Map(this.#members.all().map((member) => [member.id, member.peer])))
    this.#clients.membersChanged()
  }

  #leaderHint(): LeaderHint | undefined {
    const replica = this.#replica
    if (!replica || replica.leadership.leader === 0) return undefined
    const { leader, role } = replica.leadership
    if (role === 'leader' && !replica.isServing) return undefined
    const member = this.#members.find(leader)
    return member && { node: leader, address: member.client, name: member.name }
  }

  #sources(): ReportSources {
    return {
      self: { id: this.#config.id, name: this.#name, cluster: this.#config.cluster, version: VERSION },
      replica: this.#replica,
      peers: this.#peers,
      members: this.#members.all(),
      leader: this.#leaderHint(),
      uptimeMs: this.#environment.clock.nowMs() - this.#startedMs,
      connections: this.#clients.connectionCount,
      digest: this.#digests.latest(),
      commitLatencyMs: this.#commitLatencyMs,
      standing: this.#standing.complaint,
      diskFull: this.#storage.status === 'full',
    }
  }
}
