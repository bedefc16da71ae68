import {
  type Cause,
  type DecodedRequest,
  decodeRequest,
  encodeEvent,
  encodeOk,
  encodePing,
  encodePong,
  encodeRefused,
  FrameReader,
  type OperationName,
  type ServerEventInput,
  Writer,
} from '@tranca/protocol'
import type { Clock, Timer } from '../src/index.ts'
import { FakeLedger, type FakeResult } from './fake-ledger.ts'
import { Network, type ServerWire, World } from './world.ts'

/** What a test does to one request at the node. */
export type Fate =
  | 'pass'
  /** The connection breaks before the node has done anything. */
  | 'lose'
  /** It is executed, and the connection breaks before the answer. */
  | 'loseAnswer'
  /** Nothing happens at all. */
  | 'swallow'
  | { readonly refuse: Cause; readonly detail?: object }

interface Connection {
  readonly wire: ServerWire
  readonly writer: Writer
  session: number
  generation: number
  readonly watches: { number: number; prefix: string; next: number }[]
}

export class FakeNode {
  readonly id: number
  address: string
  isUp = true
  isFrozen = false
  clusterId = 'fake'
  readonly connections = new Set<Connection>()
  readonly #cluster: FakeCluster
  readonly #frozen: (() => void)[] = []

  constructor(cluster: FakeCluster, id: number) {
    this.#cluster = cluster
    this.id = id
    this.address = `n${id}:5555`
  }

  accept(wire: ServerWire): boolean {
    if (!this.isUp) return false
    const connection: Connection = { wire, writer: new Writer(), session: 0, generation: 0, watches: [] }
    this.connections.add(connection)
    const frames = new FrameReader()
    wire.onClose = () => this.connections.delete(connection)
    wire.onData = (chunk) => {
      this.whenAwake(() => {
        frames.feed(chunk)
        for (let body = frames.next(); body !== undefined; body = frames.next()) {
          if (!wire.isOpen) return
          this.#cluster.onFrame(this, connection, body)
        }
      })
    }
    return true
  }

  whenAwake(run: () => void): void {
    if (this.isFrozen) this.#frozen.push(run)
    else run()
  }

  thaw(): void {
    this.isFrozen = false
    for (const run of this.#frozen.splice(0)) run()
  }

  flush(connection: Connection): void {
    if (connection.writer.size > 0) connection.wire.write(connection.writer.take())
  }

  push(connection: Connection, event: ServerEventInput): void {
    encodeEvent(connection.writer, event)
    this.flush(connection)
  }

  cutAll(): void {
    for (const connection of [...this.connections]) connection.wire.cut()
  }
}

/** Three nodes before one ledger. What is committed is executed once, in order, by whoever leads then. */
export class FakeCluster {
  readonly world: Clock
  readonly ledger = new FakeLedger()
  readonly nodes: FakeNode[] = []
  leader: FakeNode | undefined
  commitMs = 0.3
  /** Decides what becomes of each request, pings left out. */
  fate: (request: DecodedRequest, node: FakeNode) => Fate = () => 'pass'
  readonly seen: { node: number; op: string; id: number; atMs: number }[] = []
  readonly heardMs = new Map<number, number>()
  readonly changes: { revision: number; kind: string; name: string; session: number; owner: string }[] = []
  oldestRevision = 1
  /** A new leader tells only the others' clients. */
  leaderIsShy = false
  pings = 0
  #term = 1
  #watch = 0

  #expiry: Timer

  constructor(world: Clock, options: { nodes?: number } = {}) {
    this.world = world
    for (let id = 1; id <= (options.nodes ?? 3); id++) this.nodes.push(new FakeNode(this, id))
    this.leader = this.nodes[0]
    this.ledger.answer = (session, id, op, result) => this.#answerWaiting(session, id, op, result)
    this.ledger.event = (kind, name, session, owner) => {
      this.changes.push({ revision: this.changes.length + 1, kind, name, session, owner })
      world.setTimer(() => this.#feedWatches(), 0)
    }
    this.#expiry = this.#expireLater()
  }

  close(): void {
    this.world.clearTimer(this.#expiry)
  }

  get addresses(): string[] {
    return this.nodes.map((node) => node.address)
  }

  /** The leader dies; what it had not committed is lost. The others elect after `electionMs`. */
  kill(electionMs = 5): FakeNode {
    const node = this.leader!
    node.isUp = false
    this.leader = undefined
    this.#term++
    node.cutAll()
    this.#tellAll()
    this.electLater(electionMs, () => this.nodes.find((one) => one.isUp && !one.isFrozen))
    return node
  }

  /** The leader hangs: its connections stay, and nothing comes from it. */
  freeze(electionMs = 300): FakeNode {
    const node = this.leader!
    node.isFrozen = true
    this.leader = undefined
    this.#term++
    this.electLater(electionMs, () => this.nodes.find((one) => one.isUp && !one.isFrozen))
    return node
  }

  electLater(electionMs: number, choose: () => FakeNode | undefined): void {
    const term = this.#term
    this.world.setTimer(() => {
      if (this.#term === term) this.lead(choose())
    }, electionMs)
  }

  lead(node: FakeNode | undefined): void {
    this.#term++
    this.leader = node
    // O2: a new leader gives every session its full time to live.
    for (const id of this.ledger.sessions.keys()) this.heardMs.set(id, this.world.now())
    this.#tellAll()
  }

  /** The members serve at other addresses now: all clients are told. */
  tellMembers(): void {
    for (const node of this.nodes) {
      for (const connection of node.connections)
        node.push(connection, { event: 'members', members: this.addresses })
    }
  }

  onFrame(node: FakeNode, connection: Connection, body: Buffer): void {
    const request = decodeRequest(body)
    switch (request.kind) {
      case 'ping':
        this.pings++
        this.#heard(node, connection)
        encodePong(connection.writer, request.nonce)
        node.flush(connection)
        return
      case 'pong':
        this.#heard(node, connection)
        return
      case 'unreadable':
        encodeRefused(connection.writer, request.id, request.cause, request.detail)
        node.flush(connection)
        return
      default:
        this.#onRequest(node, connection, request)
    }
  }

  pingAll(node: FakeNode): void {
    for (const connection of node.connections) {
      encodePing(connection.writer, 7)
      node.flush(connection)
    }
  }

  #onRequest(node: FakeNode, connection: Connection, request: DecodedRequest): void {
    const { operation, id } = request
    this.seen.push({ node: node.id, op: operation.op, id, atMs: this.world.now() })
    if (operation.op === 'hello') {
      const fate = this.fate(request, node)
      if (fate === 'lose' || fate === 'loseAnswer') connection.wire.cut()
      else if (fate !== 'swallow') this.#welcome(node, connection)
      return
    }
    const fate = this.fate(request, node)
    if (fate === 'swallow') return
    if (fate === 'lose') {
      connection.wire.cut()
      return
    }
    if (typeof fate === 'object') {
      this.#refuse(node, connection, id, fate.refuse, fate.detail)
      return
    }
    this.#heard(node, connection)
    if (operation.op === 'status') {
      this.#answer(node, connection, id, 'status', { ok: true, value: { status: this.#status(node) } })
      return
    }
    if (node !== this.leader) {
      const cause = this.leader === undefined ? 'noLeader' : 'notLeader'
      this.#refuse(node, connection, id, cause, this.leader && { leader: hintOf(this.leader) })
      return
    }
    const term = this.#term
    this.world.setTimer(() => {
      node.whenAwake(() => {
        if (this.#term !== term) {
          if (connection.wire.isOpen) this.#refuse(node, connection, id, 'uncertain')
          return
        }
        this.#carryOut(node, connection, request, fate === 'loseAnswer')
      })
    }, this.commitMs)
  }

  #carryOut(node: FakeNode, connection: Connection, request: DecodedRequest, loseAnswer: boolean): void {
    const { operation, id } = request
    const result = this.#result(node, connection, request)
    if (loseAnswer) {
      connection.wire.cut()
      return
    }
    if (result === undefined || !connection.wire.isOpen) return
    if (result.ok && (operation.op === 'session.open' || operation.op === 'session.resume')) {
      const { session, generation } = result.value as { session: number; generation: number }
      connection.session = session
      connection.generation = generation
      this.heardMs.set(session, this.world.now())
    }
    if (result.ok && operation.op === 'session.close') {
      // As the node does it: the word comes before the answer.
      node.push(connection, { event: 'sessionLost', session: connection.session, reason: 'closed' })
      connection.session = 0
    }
    this.#answer(node, connection, id, operation.op, result)
  }

  #result(node: FakeNode, connection: Connection, request: DecodedRequest): FakeResult | undefined {
    if (request.kind === 'read') {
      if (request.operation.op !== 'member.list') return this.ledger.query(request.operation)
      const members = this.nodes.map((one) => ({
        id: one.id,
        name: `n${one.id}`,
        peer: '',
        client: one.address,
        drained: false,
        starts: 1,
        lastIndex: 1,
      }))
      return { ok: true, value: { members } }
    }
    if (request.kind === 'command') {
      const { id, acks, operation } = request
      const bare = operation.op === 'session.open' || operation.op === 'session.resume'
      if (!bare && connection.session === 0) return { ok: false, cause: 'noSession', detail: {} }
      const { session, generation } = connection
      return this.ledger.apply({ session, generation, id, acks, operation })
    }
    if (request.operation.op === 'watch.start') {
      const { prefix, fromRevision } = request.operation
      const revision = this.changes.length
      const next = fromRevision ?? revision + 1
      if (next < this.oldestRevision) {
        return { ok: false, cause: 'compacted', detail: { oldest: this.oldestRevision } }
      }
      const number = ++this.#watch
      connection.watches.push({ number, prefix, next })
      this.world.setTimer(() => this.#feedWatches(), 0)
      return { ok: true, value: { watch: number, revision: next - 1 } }
    }
    if (request.operation.op === 'watch.stop') {
      const { watch } = request.operation
      const at = connection.watches.findIndex((one) => one.number === watch)
      if (at >= 0) connection.watches.splice(at, 1)
    }
    if (request.operation.op === 'license.borrowToken') {
      return { ok: true, value: { token: `token of ${request.operation.borrow}` } }
    }
    if (request.operation.op === 'leader.transfer') return { ok: true, value: { leader: node.id } }
    return { ok: true, value: {} }
  }

  #feedWatches(): void {
    const node = this.leader
    if (node === undefined || node.isFrozen) return
    for (const connection of node.connections) {
      for (const watch of connection.watches) {
        for (; watch.next <= this.changes.length; watch.next++) {
          const change = this.changes[watch.next - 1]!
          if (!change.name.startsWith(watch.prefix)) continue
          const event = {
            event: 'watch',
            watch: watch.number,
            change: { ...change, namespace: 'test' },
          } as const
          encodeEvent(connection.writer, event)
        }
      }
      node.flush(connection)
    }
  }

  #answerWaiting(session: number, id: number, op: string, result: FakeResult): void {
    const node = this.leader
    if (node === undefined) return
    const generation = this.ledger.sessions.get(session)?.generation
    for (const connection of node.connections) {
      if (connection.session !== session || connection.generation !== generation) continue
      this.#answer(node, connection, id, op, result)
    }
  }

  #answer(node: FakeNode, connection: Connection, id: number, op: string, result: FakeResult): void {
    if (result.ok) encodeOk(connection.writer, op as OperationName, id, result.value as never)
    else encodeRefused(connection.writer, id, result.cause as Cause, result.detail)
    node.flush(connection)
  }

  #refuse(node: FakeNode, connection: Connection, id: number, cause: Cause, detail: object = {}): void {
    encodeRefused(connection.writer, id, cause, detail)
    node.flush(connection)
  }

  #welcome(node: FakeNode, connection: Connection): void {
    const welcome = {
      version: 1,
      features: [],
      cluster: node.clusterId,
      node: node.id,
      name: `n${node.id}`,
      role: node === this.leader ? 'leader' : 'follower',
      leader: this.leader && hintOf(this.leader),
      members: this.addresses,
      limits: {
        frameSizeMax: 1_048_576,
        nameSizeMax: 512,
        ttlMinMs: 2_000,
        ttlMaxMs: 600_000,
        outstandingMax: 65_536,
      },
      serverTimeMs: 0,
    }
    encodeOk(connection.writer, 'hello', 0, { welcome })
    node.flush(connection)
  }

  #status(node: FakeNode): object {
    const members = this.nodes.map((one) => ({
      id: one.id,
      name: `n${one.id}`,
      peer: '',
      client: one.address,
      role: 'voter',
      drained: false,
      alive: one.isUp,
    }))
    return {
      node: node.id,
      name: `n${node.id}`,
      cluster: 'fake',
      version: '0',
      role: node === this.leader ? 'leader' : 'follower',
      term: this.#term,
      commit: 1,
      applied: 1,
      lastIndex: 1,
      members,
      uptimeMs: 1,
    }
  }

  #heard(node: FakeNode, connection: Connection): void {
    if (node === this.leader && connection.session !== 0)
      this.heardMs.set(connection.session, this.world.now())
  }

  #tellAll(): void {
    for (const node of this.nodes) {
      if (!node.isUp || (node === this.leader && this.leaderIsShy)) continue
      node.whenAwake(() => {
        const leader = this.leader && { ...hintOf(this.leader) }
        for (const connection of node.connections) node.push(connection, { event: 'leader', ...leader })
      })
    }
  }

  #expireLater(): Timer {
    return this.world.setTimer(() => {
      this.#expiry = this.#expireLater()
      if (this.leader === undefined) return
      for (const session of [...this.ledger.sessions.values()]) {
        const heardMs = this.heardMs.get(session.id) ?? this.world.now()
        this.heardMs.set(session.id, heardMs)
        if (this.world.now() - heardMs < session.ttlMs) continue
        for (const connection of this.leader.connections) {
          if (connection.session !== session.id) continue
          this.leader.push(connection, { event: 'sessionLost', session: session.id, reason: 'expired' })
        }
        this.ledger.expire(session.id)
      }
    }, 50)
  }
}

/** A cluster in memory, in virtual time. */
export function fakeCluster(options: { nodes?: number; seed?: number } = {}) {
  const world = new World(options.seed)
  const network = new Network(world)
  const cluster = new FakeCluster(world, options)
  for (const node of cluster.nodes) network.listen(node.address, { accept: (wire) => node.accept(wire) })
  const reach = { addresses: cluster.addresses, transport: network, clock: world, random: world.random }
  return { world, network, cluster, reach }
}

function hintOf(node: FakeNode): { node: number; address: string } {
  return { node: node.id, address: node.address }
}
