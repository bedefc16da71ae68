import { createConnection, type Socket } from 'node:net'
import {
  decodeServerFrame,
  encodeRequest,
  FrameReader,
  type OperationName,
  operations,
  type ServerEvent,
  type ServerFrame,
  Writer,
} from '@tranca/protocol'
import { parseAddress } from '../src/environment/transport.ts'

/** A client without any wisdom: one request at a time, no keep-alive, whatever bytes one likes. */
export class RawClient {
  readonly closed: Promise<void>
  readonly #socket: Socket
  readonly #frames = new FrameReader()
  readonly #waiting = new Map<number, { name: OperationName; resolve: (frame: ServerFrame) => void }>()
  readonly #events: ServerEvent[] = []
  #onEvent: (() => void) | undefined
  #lastId = 100

  private constructor(socket: Socket) {
    this.#socket = socket
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      this.#frames.feed(chunk)
      for (let body = this.#frames.next(); body !== undefined; body = this.#frames.next()) this.#frame(body)
    })
  }

  static dial(address: string): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(parseAddress(address), () => resolve(new RawClient(socket)))
      socket.once('error', reject)
    })
  }

  ask(name: OperationName, fields: object): Promise<ServerFrame> {
    const writer = new Writer()
    const id = ++this.#lastId
    encodeRequest(writer, name, id, [], fields as never)
    return this.#expect(id, name, writer.take())
  }

  /** Sends a body as it is and waits for the answer to `id`. */
  send(body: number[], id: number): Promise<ServerFrame> {
    return this.#expect(id, 'lock.acquire', Buffer.from([0, 0, 0, body.length, ...body]))
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  async event(): Promise<ServerEvent> {
    while (this.#events.length === 0) {
      await new Promise<void>((resolve) => {
        this.#onEvent = resolve
      })
    }
    return this.#events.shift()!
  }

  /** Reads no more: what comes stays in the system's buffers, and then in the node's. */
  pause(): void {
    this.#socket.pause()
  }

  close(): void {
    this.#socket.destroy()
  }

  #expect(id: number, name: OperationName, bytes: Buffer): Promise<ServerFrame> {
    return new Promise((resolve) => {
      this.#waiting.set(id, { name, resolve })
      this.#socket.write(bytes)
    })
  }

  #frame(body: Buffer): void {
    const frame = decodeServerFrame(body, (id) => {
      const waiting = this.#waiting.get(id)
      return waiting && operations[waiting.name]
    })
    if (frame.kind === 'event') {
      if (frame.event.event === 'leader') return
      this.#events.push(frame.event)
      this.#onEvent?.()
    } else if ('id' in frame) {
      this.#waiting.get(frame.id)?.resolve(frame)
      this.#waiting.delete(frame.id)
    }
  }
}
