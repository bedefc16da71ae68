import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { Quantiles } from '../measure/histogram.ts'
import { PeerError } from './errors.ts'
import { limits } from './limits.ts'
import type { PeerWork } from './peer.ts'

/** What the clients of a peer did while it was recorded. */
export interface PeerReport {
  readonly perSecond: number
  readonly latency: Quantiles
  readonly cpuSeconds: number
  /** Of `writes`: the longest time in which no client had an answer. */
  readonly silenceMs: number
}

/**
 * A peer's load program: opens its clients, says `{"ready":true}`, then answers each line `run WARM_MS RECORD_MS`
 * with a line of JSON, see `parseReport`.
 */
export class LoadProgram {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #lines: AsyncIterator<string>
  readonly #end: Promise<string>
  #words = ''

  /** @param command the program and its arguments: addresses, work, clients */
  static async open(
    command: readonly string[],
    job: { readonly addresses: string; readonly work: PeerWork | 'writes'; readonly clients: number },
  ): Promise<LoadProgram> {
    const program = new LoadProgram([...command, job.addresses, job.work, String(job.clients)])
    try {
      await program.#line(limits.openTimeoutMs)
      return program
    } catch (error) {
      program.close()
      throw error
    }
  }

  private constructor(command: readonly string[]) {
    const [program, ...args] = command
    this.#child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true })
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
    this.#child.stderr.on('data', (data: Buffer) => {
      this.#words = `${this.#words}${data}`.slice(-limits.wordsMax)
    })
    this.#end = new Promise((resolve) => {
      this.#child.once('error', ({ message }) => resolve(message))
      this.#child.once('close', (code, signal) => resolve(String(signal ?? code)))
    })
    this.#child.stdin.on('error', () => undefined)
  }

  async run({
    warmMs,
    recordMs,
  }: {
    readonly warmMs: number
    readonly recordMs: number
  }): Promise<PeerReport> {
    this.#child.stdin.write(`run ${Math.round(warmMs)} ${Math.round(recordMs)}\n`)
    return parseReport(await this.#line(warmMs + recordMs + limits.answerTimeoutMs))
  }

  /** Ends it, whatever it does. */
  close(): void {
    this.#child.kill('SIGKILL')
  }

  async #line(timeoutMs: number): Promise<string> {
    const timer = setTimeout(() => {
      this.#words += ` (no answer in ${timeoutMs} ms)`
      this.close()
    }, timeoutMs)
    try {
      const next = await this.#lines.next()
      if (next.done !== true) return next.value
      // It has closed its output, and may go on without.
      this.close()
      const end = await this.#end
      throw new PeerError(`the load program ended (${end}): ${this.#words.trim() || 'without a word'}`)
    } finally {
      clearTimeout(timer)
    }
  }
}

const fields = [
  'operations',
  'elapsedMs',
  'meanMs',
  'p50Ms',
  'p99Ms',
  'p999Ms',
  'maxMs',
  'cpuSeconds',
  'silenceMs',
] as const

/**
 * One line of a load program: `operations`, `elapsedMs`, times of an operation (`meanMs`, `p50Ms`, `p99Ms`,
 * `p999Ms`, `maxMs`) and the processor time of the clients (`cpuSeconds`);
 * of `writes`, the longest time without an answer (`silenceMs`).
 *
 * @throws PeerError
 */
export function parseReport(line: string): PeerReport {
  const found = numbersOf(line)
  const { operations, elapsedMs, cpuSeconds, silenceMs, ...times } = found
  if (operations <= 0 || elapsedMs <= 0) throw new PeerError(`the load program did nothing: ${line}`)
  return {
    perSecond: operations / (elapsedMs / 1_000),
    latency: { count: operations, ...times },
    cpuSeconds,
    silenceMs,
  }
}

function numbersOf(line: string): Record<(typeof fields)[number], number> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw new PeerError(`the load program said ${JSON.stringify(line)}, expected JSON`, { cause: error })
  }
  const object = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  const numbers = fields.map((field) => {
    const number = object[field]
    if (typeof number === 'number' && Number.isFinite(number) && number >= 0) return [field, number]
    throw new PeerError(`the load program said ${field}: ${JSON.stringify(number)}, expected a number`)
  })
  return Object.fromEntries(numbers) as Record<(typeof fields)[number], number>
}
