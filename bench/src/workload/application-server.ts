import { setTimeout as delay } from 'node:timers/promises'
import { connect, RefusedError, type Session, type AnyRequest as SessionRequest } from '@tranca/client'
import type { Client } from '../record/history.ts'
import type { AnyRequest, OperationName, RequestOf, ResultOf } from '../record/operation.ts'
import type { Classify, Performer, Recorder } from '../record/recorder.ts'
import { SeverableTransport } from './severable.ts'
import type { ServerPlan, Workload } from './workload.ts'

/** From its start to its end, a process of an application server: one session, one connection. */
export interface Life {
  readonly client: Client
  readonly performer: Performer
}

export interface ServerOptions {
  readonly plan: ServerPlan
  readonly workload: Workload
  readonly addresses: readonly string[]
  readonly recorder: Recorder
  /** Told when a session opens, is lost, or its leader changes. */
  readonly onEvent?: ((text: string) => void) | undefined
  readonly onLeader?: ((address: string | undefined) => void) | undefined
}

/** How errors of the client library are written into a history. */
export const classify: Classify = (error) =>
  error instanceof RefusedError
    ? { status: 'refused', cause: error.code, detail: error.detail }
    : { status: 'unknown', reason: error instanceof Error ? error.message : String(error) }

/** An application server of the ERP: starts, crashes, and starts again. */
export class ApplicationServer {
  readonly plan: ServerPlan
  readonly #options: ServerOptions
  #life: Promise<Life> | undefined
  #session: Session | undefined
  #transport: SeverableTransport | undefined
  #client: Client | undefined
  #status: 'down' | 'up' | 'closed' = 'down'

  constructor(options: ServerOptions) {
    this.#options = options
    this.plan = options.plan
  }

  /** The present process, once it is connected; while there is none, waits for the next one. */
  life(): Promise<Life> {
    if (this.#life === undefined) throw new Error(`${this.plan.name} was never started`)
    return this.#life
  }

  start(): Promise<Life> {
    this.#life = this.#open()
    return this.#life
  }

  /** Dies without a word, as by SIGKILL; comes back after `restartAfterMs`. */
  async crash(restartAfterMs: number): Promise<void> {
    const session = this.#session
    const client = this.#client
    if (session === undefined || client === undefined) return
    this.#status = 'down'
    // Whoever asks for the process from now on waits for the next one.
    this.#life = delay(restartAfterMs).then(() => this.#open())
    this.#life.catch(() => undefined)
    this.#transport?.sever()
    this.#options.recorder.ended(client, 'cut')
    await session.close({ deadlineMs: 0 })
    await this.#life
  }

  /** Ends in order. */
  async close(): Promise<void> {
    if (this.#status === 'closed') return
    this.#status = 'closed'
    const client = this.#client
    const session = this.#session
    if (client === undefined || session === undefined) return
    await session.close()
    this.#options.recorder.ended(client, 'closed')
  }

  async #open(): Promise<Life> {
    const { addresses, workload, recorder, plan, onEvent, onLeader } = this.#options
    const transport = new SeverableTransport()
    const session = await connect({
      addresses,
      namespace: workload.namespace,
      client: plan.name,
      ttlMs: workload.session.ttlMs,
      lockDelayMs: workload.session.lockDelayMs,
      codesMax: workload.session.codesMax,
      transport,
    })
    const client = recorder.opened(plan.name, session.id)
    session.on('leader', (leader) => onLeader?.(leader.address))
    session.on('atRisk', (remainingMs) =>
      onEvent?.(`${plan.name}: no answer; safe for ${remainingMs | 0} ms more`),
    )
    session.on('lost', (error) => {
      if (this.#client !== client || this.#status !== 'up') return
      onEvent?.(`${plan.name}: ${error.message}`)
      this.#status = 'down'
      this.#life = this.#open()
      this.#life.catch(() => undefined)
      recorder.ended(client, 'lost')
    })
    this.#session = session
    this.#transport = transport
    this.#client = client
    this.#status = 'up'
    onLeader?.(session.leader?.address)
    return { client, performer: performerOf(session) }
  }
}

/** A session of the client library as a recorder uses it. */
function performerOf(session: Session): Performer {
  return {
    perform<N extends OperationName>(request: RequestOf<N>): Promise<ResultOf<N>> {
      return session.request(asSessionRequest(request as unknown as AnyRequest)) as unknown as Promise<
        ResultOf<N>
      >
    },
  }
}

/** Compiles only while the requests of a history are requests of the client library. */
function asSessionRequest(request: AnyRequest): SessionRequest {
  return request
}
