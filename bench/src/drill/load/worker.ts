import { setTimeout as delay } from 'node:timers/promises'
import { connect, RefusedError, type Session, type AnyRequest as SessionRequest } from '@tranca/client'
import type { Call, Client } from '../../record/history.ts'
import type { AnyRequest, OperationName, RequestOf, ResultOf } from '../../record/operation.ts'
import { type Performer, Recorder } from '../../record/recorder.ts'
import { classify } from '../../workload/application-server.ts'
import { Random } from '../../workload/random.ts'
import { nowMs } from '../clock.ts'
import { type Kind, kindOf } from '../kinds.ts'
import { limits } from '../limits.ts'
import { desks } from './desks.ts'
import type { AnswerTimes, LoadPart, Seen } from './messages.ts'
import { NAMESPACE } from './names.ts'

interface Waiter {
  readonly afterMs: number
  readonly answers: number
  readonly counts: Map<Kind, number>
  readonly resolve: () => void
}

/** The clients of one process: each has a session and a connection of its own, and asks until it is stopped. */
export class LoadWorker {
  readonly #part: LoadPart
  readonly #recorder: Recorder
  readonly #surprises: string[] = []
  readonly #waiters = new Set<Waiter>()
  #times: AnswerTimes = {}
  #isStopping = false
  #loops: Promise<void>[] = []

  constructor(part: LoadPart) {
    this.#part = part
    this.#recorder = new Recorder({ classify, now: nowMs, onAnswer: (call) => this.#onAnswer(call) })
  }

  /** Opens all sessions, then lets all clients work. */
  async open(): Promise<void> {
    const { clients, seed } = this.#part
    const sessions = await Promise.all(clients.map(({ number }) => this.#connect(number)))
    this.#loops = clients.map(({ number, kind }, position) =>
      this.#work(number, kind, sessions[position]!, new Random(seed + number)),
    )
  }

  until(afterMs: number, answers: number): Promise<void> {
    return new Promise((resolve) => {
      const counts = new Map(this.#part.clients.map(({ kind }) => [kind, 0]))
      this.#waiters.add({ afterMs, answers, counts, resolve })
    })
  }

  take(): AnswerTimes {
    const times = this.#times
    this.#times = {}
    return times
  }

  /** Lets each client end what it does, and closes the sessions. */
  async stop(): Promise<Seen> {
    this.#isStopping = true
    await Promise.all(this.#loops)
    const { clients, calls } = this.#recorder
    return { clients, calls, surprises: this.#surprises }
  }

  async #work(number: number, kind: Kind, first: Life, random: Random): Promise<void> {
    let life = first
    const owner = `u${number}`
    const desk = desks[kind]
    while (!this.#isStopping) {
      const { client, performer } = life
      try {
        await desk({
          owner,
          random,
          locks: this.#part.locks,
          perform: (request) => this.#recorder.perform(client, performer, request),
        })
      } catch (error) {
        this.#surprises.push(`${client.name}: ${error instanceof Error ? error.message : String(error)}`)
        if (!(error instanceof RefusedError)) {
          this.#recorder.ended(client, 'lost')
          await life.session.close({ deadlineMs: 0 })
          life = await this.#connect(number)
        }
      }
      await delay(limits.pauseMs)
    }
    await life.session.close()
    this.#recorder.ended(life.client, 'closed')
  }

  async #connect(number: number): Promise<Life> {
    const name = `c${number}`
    const session = await connect({
      addresses: this.#part.addresses,
      namespace: NAMESPACE,
      client: name,
      ttlMs: limits.sessionTtlMs,
      deadlineMs: limits.patienceMs,
    })
    return { session, client: this.#recorder.opened(name, session.id), performer: performerOf(session) }
  }

  #onAnswer(call: Call): void {
    const kind = kindOf(call.request.op)
    if (kind === undefined) return
    const times = this.#times[kind]
    if (times === undefined) this.#times[kind] = [call.returnMs]
    else times.push(call.returnMs)
    for (const waiter of this.#waiters) {
      if (call.callMs <= waiter.afterMs) continue
      waiter.counts.set(kind, (waiter.counts.get(kind) ?? 0) + 1)
      if ([...waiter.counts.values()].some((count) => count < waiter.answers)) continue
      this.#waiters.delete(waiter)
      waiter.resolve()
    }
  }
}

interface Life {
  readonly session: Session
  readonly client: Client
  readonly performer: Performer
}

/** A session of the client library as a recorder uses it. */
function performerOf(session: Session): Performer {
  return {
    perform<N extends OperationName>(request: RequestOf<N>): Promise<ResultOf<N>> {
      return session.request(withoutAsker(request as unknown as AnyRequest)) as unknown as Promise<
        ResultOf<N>
      >
    },
  }
}

/** A read has no owner on the wire: it is in the history only to tell who asked. */
function withoutAsker(request: AnyRequest): SessionRequest {
  if (request.op !== 'sequence.get') return request
  const { op, namespace, name, scope } = request
  return { op, namespace, name, scope }
}
