import { type Disk, nodeDisk, openNodeStorage } from '@tranca/storage'
import { type Clock, systemClock } from '../src/environment/clock.ts'
import type { Environment } from '../src/environment/environment.ts'
import { type Listener, type Stream, type Transport, tcpTransport } from '../src/environment/transport.ts'

/**
 * The surroundings of a node whose process can die in this one: from `kill` on its connections are gone, no timer
 * calls it back and nobody reaches it. It hands nothing over and says good-bye to nobody, as after kill -9.
 */
export class Mortal {
  readonly environment: Pick<Environment, 'clock' | 'transport' | 'openStorage'>
  #alive = true
  /** What ends the writes to the log that have been asked for since its disk hangs. */
  #held: ((error: Error) => void)[] | undefined
  readonly #streams = new Set<Stream>()
  readonly #listeners = new Set<Listener>()
  readonly #stores = new Set<{ close(): Promise<void> }>()

  /** @param wallMs the wall clock that the node sees */
  constructor(wallMs: () => number) {
    const clock: Clock = {
      nowMs: () => systemClock.nowMs(),
      wallMs,
      after: (ms, callback) => systemClock.after(ms, () => this.#alive && callback()),
      endOfTurn: (callback) => systemClock.endOfTurn(() => this.#alive && callback()),
    }
    const transport: Transport = {
      listen: async (address, onStream) => {
        const listener = await tcpTransport.listen(address, (stream) => onStream(this.#keep(stream)))
        this.#listeners.add(listener)
        return listener
      },
      dial: (address, onOpen) => this.#keep(tcpTransport.dial(address, () => this.#alive && onOpen())),
    }
    const openStorage: typeof openNodeStorage = async (options) => {
      const storage = await openNodeStorage({ ...options, disk: this.#disk() })
      this.#stores.add(storage)
      return storage
    }
    this.environment = { clock, transport, openStorage }
  }

  /** From now on the log's disk takes no write, and says nothing. */
  hangDisk(): void {
    this.#held ??= []
  }

  #disk(): Disk {
    const disk = nodeDisk()
    return {
      ...disk,
      open: async (path, options) => {
        const file = await disk.open(path, options)
        const isLog = path.includes('/log/')
        return {
          write: async (data, position, mayBlock) => {
            const held = isLog ? this.#held : undefined
            if (held) await new Promise((_done, failed) => held.push(failed))
            return file.write(data, position, mayBlock)
          },
          sync: () => file.sync(),
          close: () => file.close(),
        }
      },
    }
  }

  #keep(stream: Stream): Stream {
    if (!this.#alive) stream.close()
    this.#streams.add(stream)
    return stream
  }

  /** Resolves when another process could open the directory. */
  async kill(): Promise<void> {
    this.#alive = false
    for (const end of this.#held ?? []) end(new Error('the process is gone'))
    for (const stream of this.#streams) {
      stream.onData = undefined
      stream.onClose = undefined
      stream.onDrain = undefined
      stream.close()
    }
    await Promise.all([...this.#listeners].map((listener) => listener.close()))
    await Promise.all([...this.#stores].map((storage) => storage.close()))
  }
}
