import type { Listener, Stream, Transport } from '../src/environment/transport.ts'

/** One end of a connection whose other end is the test. */
export class FakeStream implements Stream {
  readonly remote = 'test'
  readonly written: Buffer[] = []
  isClosed = false
  isPaused = false
  /** What was written and nobody has read. */
  backlog = 0
  onData: ((chunk: Buffer) => void) | undefined
  onClose: ((code: string) => void) | undefined
  onDrain: (() => void) | undefined

  write(bytes: Uint8Array): void {
    if (this.isClosed) return
    this.written.push(Buffer.from(bytes))
    this.backlog += bytes.length
  }

  /** The bytes so far, as a reader would get them. */
  read(): Buffer {
    const bytes = Buffer.concat(this.written.splice(0))
    this.backlog = 0
    return bytes
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.onClose?.('')
  }
}

/** Nothing arrives unless the test brings it. */
export class FakeTransport implements Transport {
  readonly dialed: { readonly address: string; readonly stream: FakeStream; readonly open: () => void }[] = []
  #onStream: ((stream: Stream) => void) | undefined

  async listen(_address: string, onStream: (stream: Stream) => void): Promise<Listener> {
    this.#onStream = onStream
    return { port: 1, close: async () => {} }
  }

  dial(address: string, onOpen: () => void): Stream {
    const stream = new FakeStream()
    this.dialed.push({ address, stream, open: onOpen })
    return stream
  }

  /** Somebody connects. */
  connect(): FakeStream {
    const stream = new FakeStream()
    this.#onStream!(stream)
    return stream
  }
}
