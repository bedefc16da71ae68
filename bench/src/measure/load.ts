import { strict as assert } from 'node:assert'
import { type ChildProcess, fork } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Histogram, type Quantiles } from './histogram.ts'
import type { Job, LoadAnswer, LoadCommand, LoadReport, LoadStep } from './job.ts'
import { limits } from './limits.ts'

const MAIN = fileURLToPath(new URL('./load-main.js', import.meta.url))

/** What all clients of a job did in one stretch of time. */
export interface Measured {
  readonly elapsedSeconds: number
  readonly operations: number
  readonly perSecond: number
  readonly latency: Quantiles
  /** Of each request of an operation, if it has several. */
  readonly steps: Readonly<Record<string, Quantiles>>
  readonly load: LoadUsage
}

/** What the clients themselves took of the machine. */
export interface LoadUsage {
  readonly processes: number
  readonly cpuSeconds: number
  readonly rssBytes: number
}

class LoadError extends Error {
  override readonly name = 'LoadError'
  readonly code = 'LOAD_FAILED'
}

/**
 * Processes that make the load. They stay from row to row, so that no row pays for their start and for the
 * compiler's.
 */
export class LoadPool {
  readonly #processesMax: number
  #processes: LoadProcess[] = []

  constructor(processesMax: number) {
    this.#processesMax = processesMax
  }

  /** For one job. */
  take(job: Job): readonly LoadProcess[] {
    const count = processesFor(job, this.#processesMax)
    this.#processes = this.#processes.filter((each) => each.isAlive)
    while (this.#processes.length < count) this.#processes.push(new LoadProcess())
    return this.#processes.slice(0, count)
  }

  /** Ends all processes, whatever they do. */
  kill(): void {
    for (const each of this.#processes) each.kill()
    this.#processes = []
  }
}

interface LoadOptions {
  readonly addresses: readonly string[]
  readonly namespace: string
  readonly pool: LoadPool
}

let lastJob = 0

/** The clients of one job, in processes of their own. */
export class Load {
  readonly #job = ++lastJob
  readonly #processes: readonly LoadProcess[]

  private constructor(processes: readonly LoadProcess[]) {
    this.#processes = processes
  }

  /** Opens all sessions. */
  static async open(job: Job, { addresses, namespace, pool }: LoadOptions): Promise<Load> {
    const processes = pool.take(job)
    const load = new Load(processes)
    const count = processes.length
    await load.#all((number) => {
      const from = Math.floor((number * job.clients) / count)
      const to = Math.floor(((number + 1) * job.clients) / count)
      return { kind: 'open', part: { ...job, addresses, namespace, from, to } }
    })
    return load
  }

  /**
   * Lets all clients work, and records for `recordMs` after `warmMs`.
   *
   * @param look called when the recording begins and when it ends
   */
  async run(options: {
    readonly warmMs: number
    readonly recordMs: number
    readonly look: () => void
  }): Promise<Measured> {
    const { warmMs, recordMs, look } = options
    await this.#all(() => ({ kind: 'start' }))
    await delay(warmMs)
    await this.#all(() => ({ kind: 'record' }))
    look()
    await delay(recordMs)
    look()
    const answers = await this.#all(() => ({ kind: 'stop' }))
    return merged(answers.flatMap((answer) => (answer.kind === 'report' ? [answer.report] : [])))
  }

  /** Closes the sessions. */
  async close(): Promise<void> {
    await this.#all(() => ({ kind: 'close' }))
  }

  #all(stepOf: (number: number) => LoadStep): Promise<LoadAnswer[]> {
    return Promise.all(
      this.#processes.map((each, number) => each.command({ ...stepOf(number), job: this.#job })),
    )
  }
}

/** One process when there is one connection, or one clock is needed; else as many as are allowed. */
export function processesFor(job: Job, processesMax: number): number {
  if (job.shape !== 'connections' || job.work === 'hand-over') return 1
  return Math.max(1, Math.min(processesMax, Math.floor(job.clients / CLIENTS_PER_PROCESS_MIN)))
}

/** Fewer would pay for two compilers and twice the wake-ups, on cores that they share with the nodes. */
const CLIENTS_PER_PROCESS_MIN = 128

/** Adds up what several processes, or several stretches of time, recorded. */
export function merged(reports: readonly LoadReport[]): Measured {
  const operations = new Histogram()
  const steps = new Map<string, Histogram>()
  let perSecond = 0
  for (const report of reports) {
    operations.add(report.operations)
    let count = 0
    for (const each of report.operations.counts) count += each
    perSecond += count / (report.elapsedMs / 1_000)
    for (const { name, times } of report.steps) {
      const step = steps.get(name) ?? new Histogram()
      step.add(times)
      steps.set(name, step)
    }
  }
  return {
    elapsedSeconds: Math.max(...reports.map((report) => report.elapsedMs)) / 1_000,
    operations: operations.count,
    perSecond,
    latency: operations.quantiles(),
    steps: Object.fromEntries([...steps].map(([name, times]) => [name, times.quantiles()])),
    load: {
      processes: reports.length,
      cpuSeconds: reports.reduce((sum, report) => sum + report.cpuSeconds, 0),
      rssBytes: reports.reduce((sum, report) => sum + report.rssBytes, 0),
    },
  }
}

class LoadProcess {
  readonly #child: ChildProcess
  #settle: ((answer: LoadAnswer) => void) | undefined

  get isAlive(): boolean {
    return this.#child.connected
  }

  constructor() {
    this.#child = fork(MAIN, { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    this.#child.on('message', (answer: LoadAnswer) => this.#answer(answer))
    this.#child.on('error', (error) => this.#answer({ kind: 'failed', reason: error.message }))
    this.#child.on('exit', (code, signal) =>
      this.#answer({ kind: 'failed', reason: `a process of the load ended (${signal ?? code})` }),
    )
  }

  /** One at a time. */
  async command(command: LoadCommand): Promise<LoadAnswer> {
    assert(this.#settle === undefined, `${command.kind} before the last command was answered`)
    const answer = await new Promise<LoadAnswer>((resolve) => {
      const timer = setTimeout(() => {
        this.#answer({ kind: 'failed', reason: `no answer in ${limits.commandTimeoutMs} ms` })
      }, limits.commandTimeoutMs)
      this.#settle = (settled) => {
        clearTimeout(timer)
        resolve(settled)
      }
      if (!this.#child.connected) this.#answer({ kind: 'failed', reason: 'a process of the load is gone' })
      else this.#child.send(command)
    })
    if (answer.kind === 'failed') throw new LoadError(`${command.kind}: ${answer.reason}`)
    return answer
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #answer(answer: LoadAnswer): void {
    const settle = this.#settle
    this.#settle = undefined
    settle?.(answer)
  }
}
