import type {
  Clock as ClientClock,
  Random as ClientRandom,
  Transport as ClientTransport,
} from '@tranca/client'
import type { Clock, Stream, Transport } from '@tranca/node'
import type { Random } from '../random.ts'
import type { End } from './connection.ts'
import type { Host } from './host.ts'
import type { Network } from './network.ts'
import type { Occasion, Schedule } from './schedule.ts'

/** The end of a turn of the event loop comes after what else is due: up to so many ms later. */
const turnMs = 0.2

export function nodeClock(host: Host, schedule: Schedule, random: Random): Clock {
  return {
    nowMs: () => host.nowMs(),
    wallMs: () => host.wallMs(),
    after(ms, callback) {
      const occasion = host.after(ms, callback)
      return () => schedule.cancel(occasion)
    },
    endOfTurn(callback) {
      host.soon(random.fraction() * turnMs, callback)
    },
  }
}

export function nodeTransport(host: Host, network: Network): Transport {
  return {
    async listen(address, onStream) {
      const accepted = new Set<End>()
      network.listen(host, address, (end) => {
        accepted.add(end)
        onStream(streamOf(end, 'dialer'))
      })
      return {
        port: Number(address.slice(address.lastIndexOf(':') + 1)),
        close: async () => {
          network.unlisten(host, address)
          for (const end of accepted) end.close()
        },
      }
    },
    dial(address, onOpen) {
      const end = network.dial(host, address, 'peer')
      end.onOpen = onOpen
      return streamOf(end, address)
    },
  }
}

function streamOf(end: End, remote: string): Stream {
  const stream: Stream = {
    remote,
    onData: undefined,
    onClose: undefined,
    onDrain: undefined,
    get backlog() {
      return end.backlog
    },
    write: (bytes) => end.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
    pause: () => end.pause(),
    resume: () => end.resume(),
    close: () => {
      if (end.isClosed) return
      end.close()
      // A socket tells its own process too, a little later.
      end.host.soon(0, () => stream.onClose?.(''))
    },
  }
  end.onData = (chunk) => stream.onData?.(chunk)
  end.onClose = (code) => stream.onClose?.(code)
  end.onDrain = () => stream.onDrain?.()
  return stream
}

export function clientClock(host: Host, schedule: Schedule): ClientClock {
  return {
    now: () => host.nowMs(),
    setTimer: (callback, delayMs) => host.after(delayMs, callback),
    clearTimer: (timer) => schedule.cancel(timer as Occasion),
    defer: (callback) => {
      host.soon(0, callback)
    },
  }
}

export function clientTransport(host: Host, network: Network): ClientTransport {
  return {
    dial(address, handlers) {
      const end = network.dial(host, address, 'client')
      end.onOpen = () => handlers.onOpen()
      end.onData = (chunk) => handlers.onData(chunk)
      end.onDrain = () => handlers.onDrain()
      end.onClose = (code) => handlers.onClose(code === '' ? undefined : new Error(code))
      return {
        write: (bytes) => end.write(bytes),
        get backlog() {
          return end.backlog
        },
        close: () => end.close(),
      }
    },
  }
}

export function clientRandom(random: Random): ClientRandom {
  return { bytes: (count) => random.bytes(count), fraction: () => random.fraction() }
}
