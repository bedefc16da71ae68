import type { Refusal, Result } from '@tranca/ledger'
import {
  type AdminRequest,
  type Cause,
  type CommandRequest,
  type DecodedRequest,
  decodeRequest,
  encodeEvent,
  encodeOk,
  encodePong,
  encodeRefused,
  FrameReader,
  type LocalRequest,
  type OperationName,
  ProtocolError,
  type ReadRequest,
  type RequestOf,
  type ServerEventInput,
  Writer,
} from '@tranca/protocol'
import type { Cancel } from '../environment/clock.ts'
import type { Stream } from '../environment/transport.ts'
import { limits } from '../limits.ts'
import type { ClientProposal } from '../replica/replica.ts'
import type { Principal } from '../security/access.ts'
import { missingRole } from '../security/roles.ts'
import { bindSessionKey } from '../security/session-key.ts'

/** What a connection asks of the hub that it belongs to. */
export interface ConnectionHost {
  command(connection: Connection, proposal: ClientProposal): void
  read(connection: Connection, id: number, request: ReadRequest): void
  admin(connection: Connection, id: number, request: AdminRequest): void
  local(connection: Connection, id: number, request: LocalRequest): void
  /** Bytes have arrived: the session behind them lives. */
  heard(connection: Connection): void
  /** There is something to send at the end of this turn. */
  wantsFlush(connection: Connection): void
  applied(connection: Connection, operation: CommandRequest, result: Result): void
  /** An operation was refused by the ledger, at once or after a wait. */
  refused(operation: OperationName, refusal: Refusal): void
  closed(connection: Connection): void
}

type SessionRequest = RequestOf<'session.open' | 'session.resume'>

/** One client connection: frames in, answers and events out, in one write a turn. */
export class Connection {
  readonly stream: Stream
  /** 0: neither opened nor resumed here. */
  session = 0
  generation = 0
  /** The session's: where reads look that name none. */
  namespace = ''
  /** Who speaks here; known since hello was answered. */
  principal: Principal | undefined
  /** Its credentials were not good: nothing more is read from it. */
  denied = false
  /** Administrator's requests on their way: until they are answered, news of the leader waits. */
  adminPending = 0
  leaderNewsHeld = false
  readonly watches = new Map<number, () => void>()
  watchCount = 0
  cancelDeadline: Cancel | undefined
  isClosed = false
  /** Commands of the session that wait in the ledger, by id. */
  readonly #waiting = new Map<number, OperationName>()
  readonly #host: ConnectionHost
  readonly #frames = new FrameReader()
  readonly #writer = new Writer()
  #flushWanted = false
  /** The last ping that has no pong yet; those before it need none. */
  #pongDue: number | undefined

  constructor(stream: Stream, host: ConnectionHost) {
    this.stream = stream
    this.#host = host
    stream.onData = (chunk) => this.#receive(chunk)
    stream.onClose = () => this.#onClose()
    stream.onDrain = () => this.flush()
  }

  answer(name: OperationName, id: number, result: Result): void {
    if (this.isClosed) return
    // The ledger's values and the schemas describe the same shapes; the names tie them together.
    if (result.ok) encodeOk(this.#writer, name, id, result.value as never)
    else {
      encodeRefused(this.#writer, id, result.cause, result.detail)
      this.#host.refused(name, result)
    }
    this.#wantFlush()
  }

  refuse(id: number, cause: Cause, detail: object = {}): void {
    if (this.isClosed) return
    encodeRefused(this.#writer, id, cause, detail)
    this.#wantFlush()
  }

  event(event: ServerEventInput): void {
    if (this.isClosed) return
    encodeEvent(this.#writer, event)
    this.#wantFlush()
  }

  /** A command of this connection has been applied; see {@link ClientProposal}. */
  answered(proposal: ClientProposal, result: Result | undefined): void {
    const operation = proposal.operation as CommandRequest
    if (result === undefined) {
      this.#waiting.set(proposal.id, operation.op)
      return
    }
    this.#host.applied(this, operation, result)
    this.answer(operation.op, proposal.id, result)
  }

  dropped(proposal: ClientProposal): void {
    this.refuse(proposal.id, 'uncertain')
  }

  /** A waiting command of the session has its answer. False: it was not asked on this connection. */
  answerWaiting(id: number, result: Result): boolean {
    const name = this.#waiting.get(id)
    if (name === undefined) return false
    this.#waiting.delete(id)
    this.answer(name, id, result)
    return true
  }

  /** Sends what has gathered. A client that does not read is cut off; its session can be resumed. */
  flush(): void {
    this.#flushWanted = false
    if (this.isClosed || this.stream.backlog > limits.clientSocketSizeMax) return
    this.#write()
    if (this.stream.backlog > limits.clientBacklogSizeMax) this.close()
  }

  /** Sends what has gathered and ends the connection. */
  close(): void {
    if (this.isClosed) return
    this.#write()
    this.stream.close()
    this.#onClose()
  }

  #write(): void {
    if (this.#pongDue !== undefined) encodePong(this.#writer, this.#pongDue)
    this.#pongDue = undefined
    if (this.#writer.size > 0) this.stream.write(this.#writer.take())
  }

  #cutOff(): void {
    this.#writer.take()
    this.stream.close()
    this.#onClose()
  }

  #onClose(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.cancelDeadline?.()
    for (const stop of this.watches.values()) stop()
    this.watches.clear()
    this.#host.closed(this)
  }

  #wantFlush(): void {
    // Few bytes may ask for many: what one turn answers is bounded like what a slow reader leaves.
    if (this.#writer.size > limits.clientBacklogSizeMax) return this.#cutOff()
    if (this.#flushWanted) return
    this.#flushWanted = true
    this.#host.wantsFlush(this)
  }

  #receive(chunk: Buffer): void {
    if (this.denied) return
    this.#host.heard(this)
    try {
      this.#frames.feed(chunk)
      for (let body = this.#frames.next(); body !== undefined; body = this.#frames.next()) {
        if (this.isClosed || this.denied) return
        this.#request(body)
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.refuse(0, 'malformed', error.detail ?? { field: 'frame', value: '', expected: error.message })
      this.close()
    }
  }

  #request(body: Buffer): void {
    const request = decodeRequest(body)
    switch (request.kind) {
      case 'ping':
        this.#pongDue = request.nonce
        return this.#wantFlush()
      case 'pong':
        return
      case 'unreadable':
        this.refuse(request.id, request.cause, request.detail)
        if (request.id === 0) this.close()
        return
      default:
        return this.#admit(request, body)
    }
  }

  /** The one place where a request meets the role of whoever asks. */
  #admit(request: DecodedRequest, body: Buffer): void {
    if (this.principal === undefined) {
      if (request.kind === 'local' && request.operation.op === 'hello') return this.#dispatch(request, body)
      this.refuse(request.id, 'helloFirst')
      return this.close()
    }
    const { role } = this.principal
    const needs = missingRole(role, request.operation.op)
    if (needs !== undefined) return this.refuse(request.id, 'denied', { role, needs })
    this.#dispatch(request, body)
  }

  #dispatch(request: DecodedRequest, body: Buffer): void {
    switch (request.kind) {
      case 'command': {
        const { id, acks, operation } = request
        if (operation.op === 'session.open' || operation.op === 'session.resume') {
          return this.#sessionCommand({ id, acks, operation }, body)
        }
        if (this.session === 0) return this.refuse(id, 'noSession')
        const { session, generation } = this
        return this.#host.command(this, {
          kind: 'client',
          session,
          generation,
          id,
          acks,
          operation,
          bytes: body,
          origin: this,
        })
      }
      case 'read':
        return this.#host.read(this, request.id, request.operation)
      case 'admin':
        return this.#host.admin(this, request.id, request.operation)
      case 'local':
        return this.#host.local(this, request.id, request.operation)
    }
  }

  /** A command that belongs to no session yet, and decides which one this connection speaks for. */
  #sessionCommand(
    request: Pick<ClientProposal, 'id' | 'acks'> & { readonly operation: SessionRequest },
    body: Buffer,
  ): void {
    const { principal } = this
    const isNamed = principal !== undefined && principal.name !== ''
    const { operation, bytes } = isNamed
      ? bindSessionKey(request, principal)
      : { operation: request.operation, bytes: body }
    const { id, acks } = request
    this.#host.command(this, {
      kind: 'client',
      session: 0,
      generation: 0,
      id,
      acks,
      operation,
      bytes,
      origin: this,
    })
  }
}
