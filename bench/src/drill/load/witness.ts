import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Admin, connect, openAdmin, type Session } from '@tranca/client'
import type { Client } from '../../record/history.ts'
import type { OperationName, RequestOf, ResultOf } from '../../record/operation.ts'
import { Recorder } from '../../record/recorder.ts'
import { classify } from '../../workload/application-server.ts'
import { nowMs } from '../clock.ts'
import { limits } from '../limits.ts'
import type { Readers } from '../system.ts'
import { FAST, GAPLESS, NAMESPACE, SCOPE, specs } from './names.ts'

const READ = { op: 'sequence.get', namespace: NAMESPACE, name: FAST, scope: SCOPE } as const

/** The client of the drill itself: makes the counters, and asks where no other client would. */
export class Witness {
  readonly recorder = new Recorder({ classify, now: nowMs })

  /** Makes the counters, and moves each once. */
  async prepare(addresses: readonly string[]): Promise<void> {
    const session = await connect({ addresses, namespace: NAMESPACE, client: 'witness' })
    const client = this.recorder.opened('witness', session.id)
    const names = { owner: 'witness', scope: SCOPE }
    for (const name of [FAST, GAPLESS] as const) {
      await session.request({ op: 'sequence.define', name, spec: specs[name] })
    }
    await this.#perform(client, session, { op: 'sequence.next', ...names, name: FAST, count: 1 })
    const { value } = await this.#perform(client, session, {
      op: 'sequence.reserve',
      ...names,
      name: GAPLESS,
    })
    await this.#perform(client, session, { op: 'sequence.confirm', ...names, name: GAPLESS, value })
    await session.close()
    this.recorder.ended(client, 'closed')
  }

  /** Connects to a member, and reads once on each connection. */
  async readersOf(address: string): Promise<Readers> {
    const readers = Array.from({ length: limits.staleReaders }, (_, number) => {
      const admin = openAdmin([address], { client: 'witness', deadlineMs: limits.patienceMs })
      return { admin, client: this.recorder.opened(`reader-${number}`, 0) }
    })
    await Promise.all(readers.map(({ admin, client }) => this.#read(client, admin)))
    let answers: Promise<void>[] = []
    return {
      ask: async () => {
        answers = readers.map(({ admin, client }) => this.#read(client, admin))
        // A turn's requests leave at its end: after two more they are in the member's sockets.
        await nextTurn()
        await nextTurn()
      },
      answered: async () => {
        await Promise.all(answers)
        for (const { admin, client } of readers) {
          await admin.close()
          this.recorder.ended(client, 'closed')
        }
      },
    }
  }

  #perform<N extends OperationName>(
    client: Client,
    session: Session,
    request: RequestOf<N>,
  ): Promise<ResultOf<N>> {
    const perform = (): Promise<never> => session.request(request as never) as Promise<never>
    return this.recorder.perform(client, { perform }, request)
  }

  async #read(client: Client, admin: Admin): Promise<void> {
    const perform = (): Promise<never> => admin.request(READ) as Promise<never>
    const request = { ...READ, owner: 'witness' }
    await this.recorder.perform<'sequence.get'>(client, { perform }, request)
  }
}
