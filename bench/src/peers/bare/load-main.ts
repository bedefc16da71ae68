import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { Histogram } from '../../measure/histogram.ts'
import { ANSWER_SIZE, REQUEST_SIZE } from './frames.ts'

/** The load on the floor: `load-main.js ADDRESS WORK CLIENTS`, with the lines that {@link LoadProgram} reads and writes. */
const [address, work, count] = process.argv.slice(2)
const requestsOf: Readonly<Record<string, number>> = { lock: 2, sequence: 1 }
const requests = requestsOf[work!] ?? fail(`${work} is no work`)
const READ_SIZE = 4_096

class Client {
  readonly socket: Socket
  #sinceMs = 0
  #left = 0
  #received = 0
  /** An operation is done: whether the next one begins. */
  #onDone: (tookMs: number) => boolean = () => false
  #onIdle: () => void = () => undefined

  constructor(host: string, port: number) {
    const buffer = Buffer.allocUnsafe(READ_SIZE)
    const onread = { buffer, callback: (bytes: number) => this.#read(bytes) }
    this.socket = connect({ host, port, noDelay: true, onread })
  }

  /** Works until `onDone` says no more. */
  work(onDone: (tookMs: number) => boolean): Promise<void> {
    this.#onDone = onDone
    return new Promise((resolve) => {
      this.#onIdle = resolve
      this.#begin()
    })
  }

  #begin(): void {
    this.#sinceMs = performance.now()
    this.#left = requests
    this.socket.write(REQUEST)
  }

  #read(bytes: number): boolean {
    this.#received += bytes
    if (this.#received < ANSWER_SIZE) return true
    this.#received = 0
    if (--this.#left > 0) this.socket.write(REQUEST)
    else if (this.#onDone(performance.now() - this.#sinceMs)) this.#begin()
    else this.#onIdle()
    return true
  }
}

const REQUEST = Buffer.alloc(REQUEST_SIZE, 7)
const [host, port] = address!.split(':')
const clients = Array.from({ length: Number(count) }, () => new Client(host!, Number(port)))
await Promise.all(clients.map(({ socket }) => once(socket, 'connect')))
console.log('{"ready":true}')

async function measure(warmMs: number, recordMs: number): Promise<object> {
  const histogram = new Histogram()
  const beginMs = performance.now() + warmMs
  const endMs = beginMs + recordMs
  let before: NodeJS.CpuUsage | undefined
  let used = { user: 0, system: 0 }
  const onDone = (tookMs: number): boolean => {
    const nowMs = performance.now()
    if (nowMs < beginMs) return true
    before ??= process.cpuUsage()
    if (nowMs > endMs) return false
    histogram.record(tookMs)
    used = process.cpuUsage(before)
    return true
  }
  await Promise.all(clients.map((client) => client.work(onDone)))
  const { count: operations, ...times } = histogram.quantiles()
  return {
    operations,
    elapsedMs: recordMs,
    ...times,
    cpuSeconds: (used.user + used.system) / 1e6,
    silenceMs: 0,
  }
}

function fail(why: string): never {
  throw new Error(why)
}

for await (const line of createInterface({ input: process.stdin })) {
  const [, warm, record] = /^run (\d+) (\d+)$/.exec(line) ?? []
  if (record === undefined) fail(`${line}: expected run WARM_MS RECORD_MS`)
  console.log(JSON.stringify(await measure(Number(warm), Number(record))))
}
process.exit(0)
