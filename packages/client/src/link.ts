import {
  decodeServerFrame,
  encodePing,
  encodePong,
  FrameReader,
  features,
  ProtocolError,
  type ServerEvent,
  versions,
  Writer,
} from '@tranca/protocol'
import type { Clock } from './clock.ts'
import { ConnectionError, RefusedError } from './errors.ts'
import type { Limits } from './limits.ts'
import {
  type AnyOperation,
  type AnyRequest,
  operationNamed,
  type ResultOf,
  writeRequest,
} from './operations.ts'
import { isLoopback, type Transport, type Wire } from './transport.ts'

/** Where the leader is, as somebody said. */
export interface LeaderHint {
  readonly node: number
  readonly address: string | undefined
}

/** What a node answered to one request. */
export type Answer =
  | { readonly kind: 'ok'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'refused'; readonly id: number; readonly cause: string; readonly detail: Detail }
  | { readonly kind: 'unreadable'; readonly id: number; readonly detail: Detail }
type Detail = Readonly<Record<string, unknown>>

export interface LinkOwner {
  /** Hello was answered. */
  onReady(link: Link): void
  /** The node said something new about the leader: see `leads` and `leader`. */
  onNews(link: Link): void
  /** Bytes came, whatever they mean. */
  onHeard(link: Link): void
  onAnswer(link: Link, answer: Answer): void
  onEvent(link: Link, event: ServerEvent): void
  /** The operation that was asked under this id. */
  operationOf(link: Link, id: number): AnyOperation | undefined
  /** The connection is gone, and not by `close`. */
  onClosed(link: Link, error: Error): void
}

export interface LinkOptions {
  readonly address: string
  readonly transport: Transport
  readonly clock: Clock
  readonly hello: { readonly client: string; readonly auth: string | undefined }
  readonly limits: Pick<Limits, 'socketSizeMax' | 'unsentSizeMax'>
}

type Welcome = ResultOf<'hello'>['welcome']

const helloId = 0
const helloOperation = operationNamed('hello')

/**
 * One connection to one node: frames, hello, keep-alive, and one write for all that is sent in a turn. Knows
 * nothing of sessions.
 */
export class Link {
  readonly address: string
  readonly dialedMs: number
  status: 'dialing' | 'greeting' | 'ready' | 'closed' = 'dialing'
  /** The node says of itself that it leads. */
  leads = false
  /** Whom the node holds for the leader. */
  leader: LeaderHint | undefined
  /** When bytes came last. */
  heardMs: number
  /** When the first request since then was sent: from then on silence means something. */
  awaitedMs: number | undefined
  /** When the ping without an answer was sent. */
  pingedMs: number | undefined
  readonly #owner: LinkOwner
  readonly #clock: Clock
  readonly #hello: LinkOptions['hello']
  readonly #limits: LinkOptions['limits']
  readonly #wire: Wire
  readonly #transport: Transport
  readonly #frames = new FrameReader()
  readonly #writer = new Writer()
  #welcome: Welcome | undefined
  #lastId = 0
  #nonce = 0
  /** The last ping that has no pong yet; those before it need none. */
  #pongDue: number | undefined
  #flushing = false
  #turnMs = 0

  constructor(owner: LinkOwner, options: LinkOptions) {
    this.#owner = owner
    this.#clock = options.clock
    this.#hello = options.hello
    this.#limits = options.limits
    this.address = options.address
    this.dialedMs = options.clock.now()
    this.heardMs = this.dialedMs
    this.#transport = options.transport
    this.#wire = options.transport.dial(options.address, {
      onOpen: () => this.#greet(),
      onData: (chunk) => this.#onData(chunk),
      onDrain: () => this.#flush(),
      onClose: (error) => this.#fail(error?.message ?? this.#whyClosed(), error),
    })
  }

  /** The node's number; 0 before hello was answered. */
  get node(): number {
    return this.#welcome?.node ?? 0
  }

  get welcome(): Welcome | undefined {
    return this.#welcome
  }

  /** A request number for what belongs to the connection and not to a session. */
  nextId(): number {
    return ++this.#lastId
  }

  /**
   * Sends a request, together with all others of this turn.
   *
   * @returns when, not later than the bytes leave
   * @throws InvalidRequestError; then nothing is sent
   */
  send(id: number, acks: readonly number[], request: AnyRequest): number {
    writeRequest(this.#writer, id, acks, request)
    return this.#sent()
  }

  ping(): void {
    encodePing(this.#writer, ++this.#nonce)
    this.pingedMs = this.#sent()
  }

  /** Ends the connection without a word to the owner; `gently`: what was sent still leaves. */
  close(gently = false): void {
    if (this.status === 'closed') return
    if (gently && this.status === 'ready') this.#write()
    this.status = 'closed'
    this.#wire.close(gently)
  }

  #greet(): void {
    if (this.status !== 'dialing') return
    this.status = 'greeting'
    const { client, auth } = this.#hello
    // The address may be one that a node has named.
    const isExposed = this.#transport.isPlain === true && !isLoopback(this.address)
    if (auth !== undefined && isExposed) return this.#fail('a token is not sent without TLS')
    const hi = { ...versions, features: [...features], client, software: 'tranca-client/0.1.0', auth }
    this.send(helloId, [], { op: 'hello', hi })
    this.#flush()
  }

  #sent(): number {
    if (!this.#flushing) {
      this.#flushing = true
      this.#turnMs = this.#clock.now()
      this.awaitedMs ??= this.#turnMs
      this.#clock.defer(this.#flush)
    }
    return this.#turnMs
  }

  readonly #flush = (): void => {
    this.#flushing = false
    if (this.status === 'closed') return
    const { socketSizeMax, unsentSizeMax } = this.#limits
    if (this.#wire.backlog <= socketSizeMax) this.#write()
    else if (this.#writer.size > unsentSizeMax) {
      this.#fail(`more than ${unsentSizeMax} bytes are unsent: the node does not read`)
    }
  }

  #write(): void {
    if (this.#pongDue !== undefined) encodePong(this.#writer, this.#pongDue)
    this.#pongDue = undefined
    if (this.#writer.size > 0) this.#wire.write(this.#writer.take())
  }

  #whyClosed(): string {
    const isPlain = this.#transport.isPlain === true
    // A node with TLS cannot say so in a way that is understood here.
    if (isPlain && this.status === 'greeting') return 'closed without an answer; the node may expect TLS'
    return 'the connection was closed'
  }

  #fail(reason: string, cause?: unknown): void {
    if (this.status === 'closed') return
    this.status = 'closed'
    this.#wire.close()
    this.#owner.onClosed(this, new ConnectionError(this.address, reason, cause))
  }

  #onData(chunk: Buffer): void {
    if (this.status === 'closed') return
    this.heardMs = this.#clock.now()
    this.awaitedMs = undefined
    this.#owner.onHeard(this)
    try {
      this.#frames.feed(chunk)
      // The owner may close the connection while it handles a frame.
      while (!this.#isClosed()) {
        const body = this.#frames.next()
        if (body === undefined) break
        this.#onFrame(body)
      }
    } catch (error) {
      if (error instanceof ProtocolError) this.#fail(`not of this protocol: ${error.message}`, error)
      else {
        // A mistake of our own: the rest of the chunk cannot be handled any more.
        this.#fail('the client failed', error)
        throw error
      }
    }
  }

  #isClosed(): boolean {
    return this.status === 'closed'
  }

  readonly #operationOf = (id: number): AnyOperation | undefined =>
    this.status === 'greeting' ? helloOperation : this.#owner.operationOf(this, id)

  #onFrame(body: Buffer): void {
    const frame = decodeServerFrame(body, this.#operationOf)
    switch (frame.kind) {
      case 'ok':
        if (this.status === 'greeting') this.#onWelcome((frame.value as ResultOf<'hello'>).welcome)
        else this.#owner.onAnswer(this, frame)
        return
      case 'refused':
        if (this.status === 'greeting') {
          const refusal = new RefusedError('hello', frame.cause, frame.detail)
          this.#fail(`hello was refused: ${frame.cause}`, refusal)
        } else this.#owner.onAnswer(this, frame)
        return
      case 'event':
        this.#onEvent(frame.event)
        return
      case 'ping':
        this.#pongDue = frame.nonce
        this.#sent()
        this.awaitedMs = undefined
        return
      case 'pong':
        this.#onPong(frame.nonce)
        return
      case 'unreadable':
        if (frame.id === 0 || this.status === 'greeting') {
          this.#fail(`a frame cannot be read: ${frame.detail.field} is ${frame.detail.value}`)
        } else this.#owner.onAnswer(this, frame)
        return
      case 'orphan':
      case 'unknown':
        return
      default:
        frame satisfies never
    }
  }

  #onWelcome(welcome: Welcome): void {
    this.#welcome = welcome
    this.status = 'ready'
    this.leader = hintOf(welcome.leader)
    this.leads = welcome.role === 'leader' && !welcome.draining
    this.#owner.onReady(this)
  }

  #onEvent(event: ServerEvent): void {
    if (this.status !== 'ready') return
    if (event.event === 'leader') this.#onLeader(hintOf(event))
    else if (event.event === 'draining') this.#onLeader(hintOf(event.leader))
    else this.#owner.onEvent(this, event)
  }

  #onLeader(hint: LeaderHint | undefined): void {
    this.leader = hint
    this.leads = hint !== undefined && hint.node === this.node
    this.#owner.onNews(this)
  }

  #onPong(nonce: number): void {
    if (nonce === this.#nonce) this.pingedMs = undefined
  }
}

/** The leader that a welcome, an event or the detail of a refusal names. */
export function hintOf(said: unknown): LeaderHint | undefined {
  if (typeof said !== 'object' || said === null) return undefined
  const { node, address } = said as { node?: unknown; address?: unknown }
  if (typeof node !== 'number') return undefined
  return { node, address: typeof address === 'string' ? address : undefined }
}
