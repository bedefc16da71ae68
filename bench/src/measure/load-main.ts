import { connect, type Session } from '@tranca/client'
import type { JobPart, LoadAnswer, LoadCommand } from './job.ts'
import { limits } from './limits.ts'
import { Meter } from './meter.ts'
import { works } from './works/index.ts'
import type { Operate, Work, WorkClient } from './works/work.ts'

/** The clients of one part of a job. */
class Load {
  readonly #part: JobPart
  readonly #work: Work
  readonly #meter: Meter
  #sessions: Session[] = []
  #clients: Operate[] = []
  #isStopping = false
  #running: Promise<void> = Promise.resolve()
  #failure: Error | undefined

  constructor(part: JobPart) {
    this.#part = part
    this.#work = works[part.work]()
    this.#meter = new Meter(this.#work.steps)
  }

  async open(): Promise<void> {
    const { shape, from, to, clients, namespace } = this.#part
    const indexes = Array.from({ length: to - from }, (_, number) => from + number)
    if (shape === 'connections') this.#sessions = await inBatches(indexes, () => this.#connect())
    else this.#sessions = [await this.#connect()]
    const workers = indexes.map((index, number): WorkClient => {
      const session = this.#sessions[shape === 'connections' ? number : 0]!
      return { index, session, owner: session.owner(shape === 'pipeline' ? 'owner' : `owner-${index}`) }
    })
    await this.#work.prepare?.(workers)
    const context = { meter: this.#meter, clients, namespace, isStopping: () => this.#isStopping }
    this.#clients = await inBatches(workers, async (worker) => this.#work.client(worker, context))
  }

  start(): void {
    this.#isStopping = false
    this.#failure = undefined
    const loops = this.#clients.map(async (operate) => {
      while (!this.#isStopping) await operate()
    })
    // One failure ends the run: what the others do after it would not be the work that was asked for.
    this.#running = Promise.all(loops).then(
      () => undefined,
      (error: unknown) => {
        this.#isStopping = true
        this.#failure = error instanceof Error ? error : new Error(String(error))
      },
    )
  }

  record(): void {
    this.#meter.record()
  }

  async stop(): Promise<LoadAnswer> {
    const report = this.#meter.stop()
    this.#isStopping = true
    await this.#running
    if (this.#failure !== undefined) throw this.#failure
    return { kind: 'report', report }
  }

  async close(): Promise<void> {
    this.#isStopping = true
    await Promise.all(this.#sessions.map((session) => session.close()))
  }

  #connect(): Promise<Session> {
    const { addresses, namespace } = this.#part
    return connect({ addresses, namespace, client: `bench:${process.pid}`, ttlMs: limits.sessionTtlMs })
  }
}

async function inBatches<T, R>(list: readonly T[], make: (one: T) => Promise<R>): Promise<R[]> {
  const made: R[] = []
  for (let from = 0; from < list.length; from += limits.openedAtOnce) {
    made.push(...(await Promise.all(list.slice(from, from + limits.openedAtOnce).map(make))))
  }
  return made
}

const done: LoadAnswer = { kind: 'done' }
const loads = new Map<number, Load>()

async function obey(command: LoadCommand): Promise<LoadAnswer> {
  const { job } = command
  if (command.kind === 'open') {
    const opened = new Load(command.part)
    loads.set(job, opened)
    await opened.open()
    return done
  }
  const load = loads.get(job)
  if (load === undefined) throw new Error(`${command.kind} before open`)
  switch (command.kind) {
    case 'start':
      load.start()
      return done
    case 'record':
      load.record()
      return done
    case 'stop':
      return load.stop()
    case 'close':
      loads.delete(job)
      await load.close()
      return done
    default:
      return command satisfies never
  }
}

process.on('message', (command: LoadCommand) => {
  obey(command)
    .catch((error: unknown): LoadAnswer => ({ kind: 'failed', reason: String(error) }))
    .then((answer) => process.send?.(answer))
    .catch(() => process.exit(1))
})
// Ctrl-C goes to the whole group; the parent ends this process in order, or by going away.
process.on('SIGINT', () => undefined)
process.on('disconnect', () => process.exit())
