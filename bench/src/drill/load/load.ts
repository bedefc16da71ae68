import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { nowMs } from '../clock.ts'
import { DrillError } from '../errors.ts'
import { kinds } from '../kinds.ts'
import { limits } from '../limits.ts'
import { within } from '../within.ts'
import type { AnswerTimes, LoadAnswer, LoadCommand, LoadPart, Numbered, Seen } from './messages.ts'

const MAIN = fileURLToPath(new URL('./load-main.js', import.meta.url))

export interface LoadOptions {
  readonly addresses: readonly string[]
  /** At least one of each kind. */
  readonly clients: number
  readonly seed: number
  readonly signal: AbortSignal
}

/** Clients that never stop asking, in processes of their own. */
export class Load {
  readonly #processes: readonly LoadProcess[]
  readonly #signal: AbortSignal

  private constructor(processes: readonly LoadProcess[], signal: AbortSignal) {
    this.#processes = processes
    this.#signal = signal
  }

  static async open(options: LoadOptions): Promise<Load> {
    const parts = partsOf(options)
    const load = new Load(
      parts.map(() => new LoadProcess()),
      options.signal,
    )
    try {
      await load.#all('clients to connect', (number) => ({ kind: 'open', part: parts[number]! }))
      return load
    } catch (error) {
      load.kill()
      throw error
    }
  }

  /** Resolves when clients of every kind have answers to what they asked from now on. */
  async answered(): Promise<void> {
    const afterMs = nowMs()
    const answers = limits.answersWanted
    await this.#all('answers of every kind', () => ({ kind: 'until', afterMs, answers }))
  }

  /** Moments of the answers since the last time, in order. */
  async take(): Promise<AnswerTimes> {
    const answers = await this.#all('the load', () => ({ kind: 'take' }))
    const merged: AnswerTimes = {}
    for (const answer of answers) {
      if (answer.kind !== 'times') continue
      for (const kind of kinds) {
        const more = answer.times[kind]
        if (more !== undefined) merged[kind] = [...(merged[kind] ?? []), ...more]
      }
    }
    for (const kind of kinds) merged[kind]?.sort((a, b) => a - b)
    return merged
  }

  /** Ends the load in order; what its clients saw. */
  async stop(): Promise<Seen> {
    const answers = await this.#all('the load to end', () => ({ kind: 'stop' }))
    this.kill()
    const all = answers.flatMap((answer) => (answer.kind === 'seen' ? [answer.seen] : []))
    return {
      clients: all.flatMap((seen) => seen.clients),
      calls: all.flatMap((seen) => seen.calls),
      surprises: all.flatMap((seen) => seen.surprises),
    }
  }

  kill(): void {
    for (const each of this.#processes) each.kill()
  }

  #all(what: string, commandOf: (number: number) => LoadCommand): Promise<LoadAnswer[]> {
    const answers = Promise.all(this.#processes.map((each, number) => each.command(commandOf(number))))
    return within(answers, what, this.#signal)
  }
}

/** Kinds are dealt out in turn; each process has clients of all kinds, as far as there are enough. */
export function partsOf(options: Omit<LoadOptions, 'signal'>): LoadPart[] {
  const { addresses, clients, seed } = options
  const count = Math.min(limits.processesMax, Math.ceil(clients / limits.clientsPerProcess))
  const all = Array.from({ length: clients }, (_, number) => ({
    number,
    kind: kinds[number % kinds.length]!,
  }))
  // Two clients for each lock: some grants are at once, some wait in the queue.
  const locks = Math.max(1, Math.floor(all.filter(({ kind }) => kind === 'lock').length / 2))
  return Array.from({ length: count }, (_, process) => {
    const from = Math.floor((process * clients) / count)
    const to = Math.floor(((process + 1) * clients) / count)
    return { addresses, locks, seed, clients: all.slice(from, to) }
  })
}

class LoadProcess {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { resolve(answer: LoadAnswer): void; reject(error: Error): void }>()
  #lastId = 0
  #ended: DrillError | undefined

  constructor() {
    // Bytes of a history keep their identities and infinite times only with the advanced form.
    this.#child = fork(MAIN, { serialization: 'advanced' })
    this.#child.on('message', ({ id, body }: Numbered<LoadAnswer>) => {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (body.kind === 'failed') waiting?.reject(new DrillError('LOAD_FAILED', body.reason))
      else waiting?.resolve(body)
    })
    this.#child.once('error', (error) => this.#end(error.message))
    this.#child.once('exit', (code, signal) => this.#end(`a process of the load ended (${signal ?? code})`))
  }

  command(body: LoadCommand): Promise<LoadAnswer> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId
      this.#waiting.set(id, { resolve, reject })
      this.#child.send({ id, body } satisfies Numbered<LoadCommand>)
    })
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #end(reason: string): void {
    this.#ended ??= new DrillError('LOAD_FAILED', reason)
    for (const { reject } of this.#waiting.values()) reject(this.#ended)
    this.#waiting.clear()
  }
}
