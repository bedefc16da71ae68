import type { Logger } from 'pino'
import type { Cancel, Clock } from '../environment/clock.ts'
import { type Listener, parseAddress, type Stream, type Transport } from '../environment/transport.ts'
import { limits } from '../limits.ts'
import type { Identity } from '../security/identity.ts'
import { FrameKind, PeerFrameReader, peerFrame, peerFrames } from './frames.ts'
import {
  decodeHello,
  decodeWelcome,
  encodeGreeting,
  type Hello,
  type Memory,
  type Welcome,
} from './greeting.ts'

export interface PeerHandlers {
  /** This node's own greeting, as it stands now. */
  hello(): Hello
  /** Another node has introduced itself; the answer is what this node remembers of it. */
  onHello(hello: Hello): Memory
  /** The other side of an outgoing connection has answered. */
  onWelcome(welcome: Welcome): void
  /** One message of a peer that has introduced itself. The bytes are the receiver's to keep. */
  onRaft(from: number, bytes: Buffer): void
  onDigest(from: number, bytes: Buffer): void
  /** A stream that carries a snapshot, its end included, belongs to the receiver: gives what eats its frames. */
  onSnapshotStream(from: number, stream: Stream): (kind: FrameKind, body: Buffer) => void
  /** The process at the other end is gone: its connection closed, and the next was refused or met a new run. */
  onGone(id: number): void
}

interface Peer {
  readonly id: number
  address: string
  /** Not in the address book: it is called back for as long as this connection of its own stands. */
  guest: Stream | undefined
  stream: Stream | undefined
  /** The greeting is on its way, or there: what has changed since must be told. */
  greeted: boolean
  /** The other side has answered the greeting: messages may be sent. */
  welcomed: boolean
  /** The run that was last met, to notice a restart that was quicker than our dial. */
  run: string
  /** A connection was lost and the next attempt tells whether the process is gone. */
  lost: boolean
  redialMs: number
  redial: Cancel | undefined
}

/**
 * The connections between members. Each node dials every other and sends on what it dialed;
 * what it accepted it only reads, after a hello. Losing messages is allowed; Raft repeats them.
 *
 * Who greets and is not in the address book is dialed too: a member that was away may not know of the one
 * that leads now, and unless it answers, it never gets the entries that would tell.
 */
export class PeerHub {
  readonly #self: number
  readonly #transport: Transport
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #handlers: PeerHandlers
  readonly #prove: (identity: Identity | undefined, id: number) => void
  readonly #peers = new Map<number, Peer>()
  readonly #inbound = new Set<Stream>()
  /** Ids that greeted without being in the address book. */
  readonly #strangers = new Set<number>()
  #listener: Listener | undefined
  #closed = false

  constructor(options: {
    self: number
    transport: Transport
    clock: Clock
    logger: Logger
    handlers: PeerHandlers
    /** Throws unless a certificate belongs to the member; does nothing where there are none. */
    prove: (identity: Identity | undefined, id: number) => void
  }) {
    this.#self = options.self
    this.#transport = options.transport
    this.#clock = options.clock
    this.#logger = options.logger
    this.#handlers = options.handlers
    this.#prove = options.prove
  }

  async listen(address: string): Promise<void> {
    this.#listener = await this.#transport.listen(address, (stream) => this.#accept(stream))
  }

  /** The address book: dials who is new, drops who is gone, follows who has moved. */
  setPeers(book: ReadonlyMap<number, string>): void {
    for (const [id, peer] of this.#peers) {
      if (!book.has(id) && !peer.guest) this.#forget(peer)
    }
    for (const [id, address] of book) {
      if (id === this.#self) continue
      const peer = this.#peers.get(id)
      if (!peer) {
        this.#add(id, address, undefined)
        continue
      }
      peer.guest = undefined
      if (peer.address !== address) {
        peer.address = address
        this.#drop(peer)
        this.#dial(peer)
      }
    }
  }

  isConnected(id: number): boolean {
    return this.#peers.get(id)?.welcomed ?? false
  }

  addressOf(id: number): string | undefined {
    return this.#peers.get(id)?.address
  }

  /** Sends frames in one write, or says no: the peer is not there or does not keep up. */
  send(id: number, kind: FrameKind, bodies: readonly (readonly Uint8Array[])[]): boolean {
    const peer = this.#peers.get(id)
    if (!peer?.welcomed || !peer.stream) return false
    if (peer.stream.backlog > limits.peerBacklogSizeMax) return false
    peer.stream.write(peerFrames(kind, bodies))
    return true
  }

  /** Opens a stream of its own for a snapshot, already greeted. */
  openSnapshotStream(id: number, onOpen: (stream: Stream) => void): Stream | undefined {
    const peer = this.#peers.get(id)
    if (!peer) return undefined
    const stream = this.#transport.dial(peer.address, () => {
      if (!this.#isProved(peer, stream)) return
      stream.write(peerFrame(FrameKind.snapshotHello, encodeGreeting(this.#handlers.hello())))
      onOpen(stream)
    })
    return stream
  }

  /** Greets everybody again, also who has not answered yet: this node's standing has changed. */
  greetAgain(): void {
    for (const peer of this.#peers.values()) {
      if (peer.stream && peer.greeted) this.#greet(peer.stream)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const peer of this.#peers.values()) this.#drop(peer)
    this.#peers.clear()
    for (const stream of this.#inbound) stream.close()
    await this.#listener?.close()
  }

  #add(id: number, address: string, guest: Stream | undefined): void {
    const peer: Peer = {
      id,
      address,
      guest,
      stream: undefined,
      greeted: false,
      welcomed: false,
      run: '',
      lost: false,
      redialMs: limits.redialMsMin,
      redial: undefined,
    }
    this.#peers.set(id, peer)
    this.#dial(peer)
  }

  #greet(stream: Stream): void {
    stream.write(peerFrame(FrameKind.hello, encodeGreeting(this.#handlers.hello())))
  }

  /** Whoever answered at a member's address is that member; a stranger is told nothing. */
  #isProved(peer: Peer, stream: Stream): boolean {
    try {
      this.#prove(stream.identity, peer.id)
      return true
    } catch (error) {
      this.#logger.error(
        { peer: peer.id, address: peer.address, err: error },
        'a stranger answers as a member',
      )
      stream.close()
      return false
    }
  }

  #dial(peer: Peer): void {
    if (this.#closed || this.#peers.get(peer.id) !== peer) return
    const frames = new PeerFrameReader()
    const stream = this.#transport.dial(peer.address, () => {
      if (!this.#isProved(peer, stream)) return
      this.#greet(stream)
      peer.greeted = true
    })
    peer.stream = stream
    peer.greeted = false
    // The other machine may have died with the greeting: nothing is sent before the answer that could tell.
    const cancelDeadline = this.#clock.after(limits.helloTimeoutMs, () => stream.close())
    stream.onData = (chunk) => {
      try {
        frames.read(chunk, (kind, body) => {
          if (kind !== FrameKind.welcome) throw new Error(`unexpected frame of kind ${kind}`)
          cancelDeadline()
          this.#welcomed(peer, decodeWelcome(body))
        })
      } catch (error) {
        this.#logger.warn({ peer: peer.id, err: error }, 'peer answered what cannot be understood')
        stream.close()
      }
    }
    stream.onClose = (code) => {
      cancelDeadline()
      this.#closedBy(peer, stream, code)
    }
  }

  #welcomed(peer: Peer, welcome: Welcome): void {
    if (welcome.self.id !== peer.id || welcome.self.cluster !== this.#handlers.hello().cluster) {
      this.#logger.error(
        { peer: peer.id, address: peer.address, answered: welcome.self.id, cluster: welcome.self.cluster },
        'another node answers at the address of a member',
      )
      peer.stream?.close()
      return
    }
    const restarted = peer.run !== '' && peer.run !== welcome.self.run
    peer.welcomed = true
    peer.lost = false
    peer.redialMs = limits.redialMsMin
    peer.run = welcome.self.run
    if (restarted) this.#handlers.onGone(peer.id)
    this.#handlers.onWelcome(welcome)
  }

  #closedBy(peer: Peer, stream: Stream, code: string): void {
    if (peer.stream !== stream) return
    peer.stream = undefined
    const wasWelcomed = peer.welcomed
    peer.welcomed = false
    if (wasWelcomed) {
      peer.lost = true
      this.#logger.info({ peer: peer.id, code }, 'connection to peer closed')
      return this.#dial(peer)
    }
    if (peer.lost && code === 'ECONNREFUSED') {
      peer.lost = false
      this.#logger.info({ peer: peer.id }, 'peer is gone')
      this.#handlers.onGone(peer.id)
    }
    peer.redial?.()
    peer.redial = this.#clock.after(peer.redialMs, () => this.#dial(peer))
    peer.redialMs = Math.min(peer.redialMs * 2, limits.redialMsMax)
  }

  /** The peer is up, so the next attempt to reach it need not wait. */
  #dialSoon(hello: Hello, inbound: Stream): void {
    const peer = this.#peers.get(hello.id)
    if (!peer) return this.#add(hello.id, hello.peer, inbound)
    if (peer.guest) {
      peer.guest = inbound
      peer.address = hello.peer
    }
    if (peer.stream) return
    peer.redial?.()
    peer.redial = undefined
    peer.redialMs = limits.redialMsMin
    this.#dial(peer)
  }

  #forget(peer: Peer): void {
    this.#peers.delete(peer.id)
    this.#drop(peer)
  }

  #drop(peer: Peer): void {
    peer.redial?.()
    peer.redial = undefined
    const stream = peer.stream
    peer.stream = undefined
    peer.welcomed = false
    stream?.close()
  }

  #accept(stream: Stream): void {
    if (this.#inbound.size >= limits.peerConnectionsMax) {
      this.#logger.warn(
        { remote: stream.remote, max: limits.peerConnectionsMax },
        'too many peer connections',
      )
      return stream.close()
    }
    const frames = new PeerFrameReader(limits.greetingSizeMax)
    this.#inbound.add(stream)
    let from = 0
    let eatSnapshot: ((kind: FrameKind, body: Buffer) => void) | undefined
    const cancelDeadline = this.#clock.after(limits.helloTimeoutMs, () => {
      if (from === 0) stream.close()
    })
    stream.onClose = () => {
      cancelDeadline()
      this.#inbound.delete(stream)
      const peer = this.#peers.get(from)
      if (peer?.guest === stream) this.#forget(peer)
    }
    stream.onData = (chunk) => {
      try {
        frames.read(chunk, (kind, body) => {
          if (eatSnapshot) return eatSnapshot(kind, body)
          if (kind === FrameKind.hello || kind === FrameKind.snapshotHello) {
            const hello = this.#checkHello(decodeHello(body), stream.identity)
            if (from !== 0 && hello.id !== from) throw new Error(`id ${hello.id} after a hello of ${from}`)
            from = hello.id
            frames.sizeMax = limits.peerFrameSizeMax
            if (kind === FrameKind.snapshotHello) {
              cancelDeadline()
              eatSnapshot = this.#handlers.onSnapshotStream(from, stream)
              return
            }
            const memory = this.#handlers.onHello(hello)
            this.#dialSoon(hello, stream)
            const welcome: Welcome = { self: this.#handlers.hello(), memory }
            if (stream.backlog > limits.peerBacklogSizeMax) throw new Error('it does not read its answers')
            return stream.write(peerFrame(FrameKind.welcome, encodeGreeting(welcome)))
          }
          if (from === 0) throw new Error(`frame of kind ${kind} before a hello`)
          if (kind === FrameKind.raft) return this.#handlers.onRaft(from, body)
          if (kind === FrameKind.digest) return this.#handlers.onDigest(from, body)
          throw new Error(`unknown frame of kind ${kind}`)
        })
      } catch (error) {
        this.#logger.warn({ remote: stream.remote, err: error }, 'peer connection refused')
        stream.close()
      }
    }
  }

  #checkHello(hello: Hello, identity: Identity | undefined): Hello {
    const own = this.#handlers.hello()
    this.#prove(identity, hello.id)
    if (hello.cluster !== own.cluster) {
      throw new Error(`cluster '${hello.cluster}', expected '${own.cluster}'`)
    }
    if (hello.id === own.id) throw new Error(`id ${hello.id} is this node's own`)
    if (hello.standing === 'new' && own.standing === 'new' && hello.founders !== own.founders) {
      throw new Error(`the members in the configuration of '${hello.name}' differ from those in this node's`)
    }
    parseAddress(hello.peer)
    if (!this.#peers.has(hello.id) && !this.#strangers.has(hello.id)) {
      if (this.#strangers.size >= limits.strangersMax) {
        throw new Error(`${limits.strangersMax} ids greeted already that are not members`)
      }
      this.#strangers.add(hello.id)
    }
    return hello
  }
}
